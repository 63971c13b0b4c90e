"""Our own audio on Twilio calls: spoken before a document names it, and fetched when it does."""

import asyncio
from collections.abc import Iterable
from http import HTTPMethod, HTTPStatus

import structlog

from core.clock import Clock
from customers.model import Language
from dialer.bridges.twilio.addresses import Addresses
from dialer.bridges.twilio.hook import Answer, Hook, Hooks, Visit, refused
from dialer.bridges.twilio.seals import Seals
from scripts.speech.model import Speaker, SpeechError
from scripts.speech.shelf import Shelf

log = structlog.get_logger(__name__)

_RATE = 8000  # a telephone line's
# Twilio waits 15 seconds for a document (https://www.twilio.com/docs/api/errors/11205).
MADE_WITHIN_S = 5.0


class SpokenAudio:
    """Has sentences spoken, and answers where they lie."""

    def __init__(
        self,
        speaker: Speaker,
        *,
        seals: Seals,
        addresses: Addresses,
        clock: Clock,
        made_within_s: float = MADE_WITHIN_S,
    ) -> None:
        self._speaker = speaker
        self._shelf = Shelf(folder=speaker.folder)
        self._seals = seals
        self._addresses = addresses
        self._clock = clock
        self._made_within_s = made_within_s
        self._making: set[asyncio.Task[bool]] = set()  # what is late is made for the next call

    async def addresses(self, sentences: Iterable[str], language: Language) -> list[str | None]:
        """Return where each sentence lies, its audio made; None: Twilio's own voice has to say it.

        What cannot be made, or not in time, is said by Twilio rather than not at all.
        """
        wanted = list(sentences)
        if not wanted:
            return []
        making = [asyncio.create_task(self._is_made(each, language)) for each in wanted]
        self._making.update(making)
        for task in making:
            task.add_done_callback(self._making.discard)
        _, late = await asyncio.wait(making, timeout=self._made_within_s)
        if late:
            log.warning("audio_not_made_in_time", sentences=len(late), within_s=self._made_within_s)
        now = self._clock.now()
        seals = [
            self._seals.seal(sentence, language, now=now)
            if task not in late and task.result()
            else None
            for sentence, task in zip(wanted, making, strict=True)
        ]
        return [None if seal is None else self._addresses.audio(seal) for seal in seals]

    def hooks(self) -> Hooks:
        """Return the address of audio; the seal in it is the secret, and no signature is asked."""
        return (
            Hook(
                path="/audio/{token}.wav",
                answer=self._answer,
                method=HTTPMethod.GET,
                is_signed=False,
            ),
        )

    async def _is_made(self, sentence: str, language: Language) -> bool:
        try:
            await self._speaker.spoken(sentence, language)
        except SpeechError as err:
            log.warning("audio_not_made", error=str(err))
            return False
        return True

    async def _answer(self, visit: Visit) -> Answer:
        sealed = self._seals.open(visit.path["token"], now=self._clock.now())
        if sealed is None:
            return refused(HTTPStatus.NOT_FOUND, "no such audio")
        try:
            spoken = await self._speaker.spoken(sealed.sentence, sealed.language)
            body = await asyncio.to_thread(self._shelf.file(spoken.stem, _RATE).read_bytes)
        except (SpeechError, OSError) as err:
            log.warning("audio_not_sent", error=str(err))
            return refused(HTTPStatus.SERVICE_UNAVAILABLE, "the sentence could not be spoken")
        return Answer(
            body=body,
            media_type="audio/wav",
            headers={"Cache-Control": f"max-age={sealed.left_s}"},
        )
