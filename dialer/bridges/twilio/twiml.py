"""Turns as TwiML: what is said, what is waited for, and where the answer goes.

Every address in a document leads to the turn's own step, so that a document never leads to itself:
silence is an answer too, and the script bounds how often it is heard.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Protocol
from uuid import UUID

from twilio.twiml import TwiML
from twilio.twiml.voice_response import (
    Gather,
    Hangup,
    Play,
    Record,
    Redirect,
    Say,
    VoiceResponse,
)

from customers.model import Language
from dialer.bridges.apology import SORRY_WORDS
from dialer.bridges.entry import END, ONE_KEY, record_keys
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.replies import answer_name, longest_entry, takes_late_pound
from dialer.bridges.twilio.words import Voice, pieces, speakable, voices_of
from scripts.model import Ask, AskKind, Turn

_LEAST_SILENCE_S = 2  # that ends a recording: people stop to think
_BEFORE_BEEP_S = 1  # the shortest wait that Gather knows


class Audio(Protocol):
    """Where spoken sentences lie for Twilio to fetch; `dialer.bridges.twilio.audio`."""

    async def addresses(self, sentences: Iterable[str], language: Language) -> list[str | None]:
        """Return where each sentence lies; None: it is nowhere, Twilio's own voice says it."""
        ...


class Renderer:
    """Makes the documents of talks."""

    def __init__(
        self,
        addresses: Addresses,
        *,
        voices: Mapping[str, str] | None = None,
        audio: Audio | None = None,
    ) -> None:
        """Put a renderer together.

        Args:
            addresses: of the webhooks.
            voices: by language, as `twilio.voices` has them; others are ours.
            audio: our own speech; None: Twilio's voices say everything.
        """
        self._addresses = addresses
        self._voices = voices_of(voices or {})
        self._audio = audio

    async def turn(
        self, turn: Turn, *, call_id: UUID, turn_no: int, pound_may_come: bool = False
    ) -> str:
        """Return the document of a turn.

        What comes back of it, also that they are to be put through, goes to the step of its number.
        `pound_may_come`: see `replies`; not where the turn is said again for that reason. What is
        longer than Twilio takes is for `parts` to cut.
        """
        said = await self._said(turn)
        response = VoiceResponse()
        step = self._addresses.step(call_id, turn_no)
        ask = turn.ask
        if ask is None:
            _append(response, said)
            response.append(Hangup() if turn.transfer is None else _onward(step))
            return str(response)
        if ask.kind is AskKind.RECORD:
            self._ask_to_speak(response, turn, ask, said, call_id=call_id, turn_no=turn_no)
        else:
            gather = _gather(ask, step, pound_may_come=pound_may_come)
            _append(gather if turn.barge_in else response, said)
            response.append(gather)
        response.append(_onward(step))
        return str(response)

    def sorry(self, language: Language) -> str:
        """Return the document that apologises and hangs up."""
        response = VoiceResponse()
        _append(response, self._words(SORRY_WORDS[language], language))
        response.append(Hangup())
        return str(response)

    def _ask_to_speak(
        self,
        response: VoiceResponse,
        turn: Turn,
        ask: Ask,
        said: list[TwiML],
        *,
        call_id: UUID,
        turn_no: int,
    ) -> None:
        step = self._addresses.step(call_id, turn_no)
        if turn.barge_in:  # a key of every prompt works while the question is asked
            asked = Gather(
                input="dtmf",
                action=step,
                method="POST",
                num_digits=1,
                finish_on_key="",
                timeout=_BEFORE_BEEP_S,
                action_on_empty_result=False,
            )
            _append(asked, said)
            response.append(asked)
        else:
            _append(response, said)
        response.append(
            Record(
                action=step,
                method="POST",
                timeout=max(_LEAST_SILENCE_S, math.ceil(ask.timeout_s)),
                finish_on_key=record_keys(ask),
                max_length=ask.max_seconds,
                play_beep=True,
                trim="trim-silence",  # so that nothing said is an empty recording
                recording_status_callback=self._addresses.recording(call_id, answer_name(turn_no)),
                recording_status_callback_method="POST",
                recording_status_callback_event="completed absent",
            )
        )

    async def _said(self, turn: Turn) -> list[TwiML]:
        sentences = [words for each in turn.say if (words := speakable(each))]
        if self._audio is None:
            return [say for each in sentences for say in self._words(each, turn.language)]
        found = await self._audio.addresses(sentences, turn.language)
        said: list[TwiML] = []
        for sentence, address in zip(sentences, found, strict=True):
            said += self._words(sentence, turn.language) if address is None else [Play(address)]
        return said

    def _words(self, sentence: str, language: Language) -> list[TwiML]:
        voice: Voice = self._voices[language]
        return [Say(each, voice=voice.name, language=voice.language) for each in pieces(sentence)]


def _gather(ask: Ask, step: str, *, pound_may_come: bool) -> Gather:
    one_key = ask.kind in ONE_KEY
    # Where one key is awaited # is a key like others, unless it still belongs to what was before.
    has_end = not one_key or (pound_may_come and takes_late_pound(ask))
    return Gather(
        input="dtmf",
        action=step,
        method="POST",
        num_digits=1 if one_key else longest_entry(ask),
        finish_on_key=END if has_end else "",
        timeout=max(1, math.ceil(ask.timeout_s)),
        action_on_empty_result=True,
    )


def _onward(step: str) -> Redirect:
    """Return what leads to the step when nothing was pressed, on every carrier."""
    return Redirect(step, method="POST")


def _append(parent: TwiML, verbs: Iterable[TwiML]) -> None:
    for verb in verbs:
        parent.append(verb)
