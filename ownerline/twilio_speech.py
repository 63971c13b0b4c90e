"""Who speaks on Twilio calls, as the settings say: its voices, or our own audio."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from core.clock import Clock
from core.settings_model import Settings, TwilioSpeech
from dialer.bridges.twilio.audio import SpokenAudio
from dialer.bridges.twilio.hook import Hooks
from dialer.bridges.twilio.seals import Seals
from dialer.bridges.twilio.twiml import Renderer
from ownerline.jobs.retention import tidy_speech
from ownerline.twilio_settings import plan_of
from scripts.speech.speaker import make_speaker


@dataclass(frozen=True, kw_only=True, slots=True)
class TwilioVoice:
    """What makes the documents of talks, and the hooks that their audio needs."""

    renderer: Renderer
    hooks: Hooks = ()


@contextlib.asynccontextmanager
async def twilio_voice(settings: Settings, *, clock: Clock) -> AsyncIterator[TwilioVoice]:
    """Hold the voice of the settings for the block.

    Raises:
        TwilioSettingsError: [twilio] is not whole.
        SpeechError: twilio.speaks is "play" and no engine can be.
    """
    plan, voices = plan_of(settings), settings.twilio.voices
    if settings.twilio.speaks is TwilioSpeech.SAY:
        yield TwilioVoice(renderer=Renderer(plan.addresses, voices=voices))
        return
    speaker = await asyncio.to_thread(make_speaker, settings, settings.home)
    try:
        # Retention runs on a worker's machine, which may be another.
        await asyncio.to_thread(tidy_speech, settings, now=clock.now())
        audio = SpokenAudio(speaker, seals=Seals(plan.token), addresses=plan.addresses, clock=clock)
        yield TwilioVoice(
            renderer=Renderer(plan.addresses, voices=voices, audio=audio), hooks=audio.hooks()
        )
    finally:
        await speaker.close()
