"""Our own audio on Twilio calls: a document names it, and whoever has the address hears it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import numpy as np
import pytest

from core.clock import SystemClock
from core.settings_model import Settings, TwilioSettings, TwilioSpeech
from customers.model import Language
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.audio import SpokenAudio
from dialer.bridges.twilio.hook import PREFIX, Answer, Visit
from dialer.bridges.twilio.seals import Seals
from dialer.bridges.twilio.twiml import Renderer
from ownerline.twilio_speech import twilio_voice
from scripts.model import Turn
from scripts.speech.model import SpeechError
from scripts.speech.speaker import KeptSpeaker
from scripts.speech.studio import Studio
from scripts.speech.wav import Sound, wav_bytes
from tests.unit.dialer.bridges.twilio.phone import Paper

ADDRESSES = Addresses(public_url="https://calls.example.com")
CALL = UUID(int=7)
TURN = Turn(step="a:b", language=Language.MANDARIN, say=("您好。", "再见。"), hang_up=True)


class Hummer:
    """An engine that hums; it can be made to wait, or to fail."""

    key = "hums"

    def __init__(self) -> None:
        self.said: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails_at = ""

    async def speak(self, text: str, language: Language, *, rate: int, into: Path) -> None:
        self.said.append(text)
        await self.gate.wait()
        if text == self.fails_at:
            message = "no voice today"
            raise SpeechError(message)
        samples = np.resize(np.array([0.3, -0.3], np.float32), rate // 4)
        into.write_bytes(wav_bytes(Sound(samples=samples, rate=rate)))  # noqa: ASYNC240 - small

    async def close(self) -> None:
        """Nothing runs."""


@pytest.fixture
def engine() -> Hummer:
    return Hummer()


@pytest.fixture
async def speaker(tmp_path: Path, engine: Hummer) -> AsyncIterator[KeptSpeaker]:
    made = KeptSpeaker(engine, folder=tmp_path / "a", studio=Studio(tmp_path / "studio"))
    yield made
    await made.close()


def _audio(speaker: KeptSpeaker, *, made_within_s: float = 5.0) -> SpokenAudio:
    return SpokenAudio(
        speaker,
        seals=Seals("token"),
        addresses=ADDRESSES,
        clock=SystemClock(),
        made_within_s=made_within_s,
    )


async def _document(audio: SpokenAudio) -> Paper:
    renderer = Renderer(ADDRESSES, audio=audio)
    return Paper.of(await renderer.turn(TURN, call_id=CALL, turn_no=0))


async def _fetched(audio: SpokenAudio, address: str) -> Answer:
    [hook] = audio.hooks()
    before, after = hook.path.split("{token}")
    path = urlsplit(address).path.removeprefix(PREFIX)
    token = path.removeprefix(before).removesuffix(after)
    return await hook.answer(
        Visit(path={"token": token}, form={}, at=datetime(2026, 3, 5, tzinfo=UTC))
    )


async def test_a_turn_is_played_and_its_audio_made_before_it_is_asked_for(
    speaker: KeptSpeaker, engine: Hummer
) -> None:
    audio = _audio(speaker)
    paper = await _document(audio)
    assert [each.name for each in paper.verbs] == ["Play", "Play", "Hangup"]
    assert sorted(engine.said) == sorted(TURN.say)
    sound = await _fetched(audio, paper.says[0])
    assert (sound.status, sound.media_type) == (HTTPStatus.OK, "audio/wav")
    assert sound.body.startswith(b"RIFF")
    assert int(sound.headers["Cache-Control"].removeprefix("max-age=")) > 3_000
    assert len(engine.said) == 2


async def test_a_process_on_another_machine_answers_for_audio_it_never_made(
    speaker: KeptSpeaker, tmp_path: Path
) -> None:
    paper = await _document(_audio(speaker))
    elsewhere = KeptSpeaker(Hummer(), folder=tmp_path / "b", studio=Studio(tmp_path / "studio"))
    sound = await _fetched(_audio(elsewhere), paper.says[1])
    await elsewhere.close()
    assert sound.body.startswith(b"RIFF")


async def test_what_cannot_be_spoken_is_said_by_twilio(
    speaker: KeptSpeaker, engine: Hummer
) -> None:
    engine.fails_at = TURN.say[0]
    paper = await _document(_audio(speaker))
    assert [each.name for each in paper.verbs] == ["Say", "Play", "Hangup"]
    assert paper.says[0] == TURN.say[0]


async def test_nobody_waits_for_a_slow_engine_and_the_next_call_has_its_audio(
    speaker: KeptSpeaker, engine: Hummer
) -> None:
    engine.gate.clear()
    audio = _audio(speaker, made_within_s=0.01)
    assert [each.name for each in (await _document(audio)).verbs] == ["Say", "Say", "Hangup"]
    engine.gate.set()
    patient = _audio(speaker)
    assert [each.name for each in (await _document(patient)).verbs] == ["Play", "Play", "Hangup"]
    assert len(engine.said) == 2


async def test_an_address_that_is_made_up_has_no_audio(speaker: KeptSpeaker) -> None:
    answer = await _fetched(_audio(speaker), ADDRESSES.audio("A" * 60))
    assert answer.status is HTTPStatus.NOT_FOUND


async def test_audio_that_cannot_be_had_any_more_is_told_so(
    speaker: KeptSpeaker, engine: Hummer, tmp_path: Path
) -> None:
    paper = await _document(_audio(speaker))
    engine.fails_at = TURN.say[0]
    broken = KeptSpeaker(engine, folder=tmp_path / "b", studio=Studio(tmp_path / "studio"))
    answer = await _fetched(_audio(broken), paper.says[0])
    await broken.close()
    assert answer.status is HTTPStatus.SERVICE_UNAVAILABLE


@pytest.mark.parametrize(("speaks", "verb", "hooks"), [("say", "Say", 0), ("play", "Play", 1)])
async def test_the_settings_say_who_speaks(
    tmp_path: Path, speaks: str, verb: str, hooks: int
) -> None:
    twilio = TwilioSettings.model_validate(
        {
            "account_sid": "AC" + "0" * 32,
            "auth_token": "f" * 32,
            "from_number": "+12025550100",
            "speaks": TwilioSpeech(speaks),
        }
    )
    settings = Settings(home=tmp_path, twilio=twilio, public_url="https://calls.example.com")
    async with twilio_voice(settings, clock=SystemClock()) as voice:
        document = await voice.renderer.turn(TURN, call_id=CALL, turn_no=0)
    assert [each.name for each in Paper.of(document).verbs] == [verb, verb, "Hangup"]
    assert len(voice.hooks) == hooks
