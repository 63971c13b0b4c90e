"""One talk on a line: turns spoken, keys and free answers taken, until it or the line ends."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from customers.model import Language
from dialer.bridges.asterisk.agi.answers import BEEP, Answers
from dialer.bridges.asterisk.agi.session import AgiSession, CallGoneError, Recorded
from dialer.bridges.asterisk.agi.sources import TurnSource
from dialer.bridges.entry import END, Entry, record_keys
from scripts.model import Ask, AskKind, Reply, ReplyKind, Turn

_SILENCE = Reply(kind=ReplyKind.SILENCE)
_GONE = Reply(kind=ReplyKind.HUNG_UP)
_LEAST_SILENCE_S = 2  # that ends a recording: people stop to think
_KEPT_SILENCE_S = 1.0  # Asterisk leaves so much of it at the end


class Audio(Protocol):
    """Where sentences become files of a server; part of `dialer.bridges.asterisk.sounds`."""

    async def stem(self, sentence: str, language: Language, *, shared: str) -> str:
        """Return what a server is to play for a sentence."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """A first sentence that waits to be spoken, whatever `open` will say."""

    sentence: str
    language: Language
    barge_in: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What a talk works with."""

    session: AgiSession
    source: TurnSource
    audio: Audio
    answers: Answers
    shared: str  # the shared folder as the line's server sees it
    follow: Callable[[bool], Awaitable[None]]  # records the next turn, or does not


class Talk:
    """Speaks the turns of one call."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._session = stage.session
        self._keys = stage.session.keys
        self._end_may_come = False  # the # after an entry that was full
        self._recordings = 0

    async def run(self, prepared: Prepared | None = None) -> str | None:
        """Talk until all is said; returns the room of the agent who takes over, None: nobody does.

        Raises:
            CallGoneError: they hung up; the script has been told.
        """
        source = self._stage.source
        turn: Turn | None = await self._open(prepared)
        said = int(turn is not None and _begins_with(turn, prepared))
        while turn is not None:
            try:
                reply = await self._say(turn, said=said)
            except CallGoneError:
                if turn.ask is not None:
                    await source.reply(_GONE)
                raise
            said = 0
            if turn.transfer is not None:
                next_ = await source.put_through(turn.transfer.queue)
                if isinstance(next_, str):
                    return next_
                turn = next_
            else:
                turn = None if turn.hang_up else await source.reply(reply)
        return None

    async def speak_last(self, turn: Turn) -> None:
        """Speak a turn to which nothing is answered."""
        await self._speak(turn, turn.say)

    async def _open(self, prepared: Prepared | None) -> Turn:
        """Return the first turn; a prepared sentence is spoken while it is made."""
        source = self._stage.source
        if prepared is None:
            return await source.open()
        opening = asyncio.ensure_future(source.open())
        try:
            await self._play(prepared.sentence, prepared.language, barge_in=prepared.barge_in)
            return await opening
        except CallGoneError:
            turn = await opening
            if turn.ask is not None:
                await source.reply(_GONE)
            raise
        finally:
            opening.cancel()  # it is done, unless we are being closed

    # Speech.

    async def _say(self, turn: Turn, *, said: int) -> Reply:
        await self._stage.follow(turn.recorded)
        await self._speak(turn, turn.say[said:])
        if turn.ask is None:
            return _SILENCE
        if turn.ask.kind is AskKind.RECORD:
            return await self._record(turn.ask)
        return await self._collect(turn.ask)

    async def _speak(self, turn: Turn, sentences: Sequence[str]) -> None:
        """Speak sentences; the audio of all is made at once, each is played when it is there."""
        barge_in = turn.barge_in and turn.ask is not None
        making = [
            asyncio.ensure_future(self._stem(sentence, turn.language)) for sentence in sentences
        ]
        try:
            for stem in making:
                if barge_in and self._is_interrupted():
                    return
                await self._session.speak(await stem, barge_in=barge_in)
                while barge_in and self._end_may_come and self._is_late_end():
                    await self._session.speak(await stem, barge_in=barge_in)
        finally:
            for stem in making:
                stem.cancel()
            await asyncio.gather(*making, return_exceptions=True)

    async def _play(self, sentence: str, language: Language, *, barge_in: bool) -> None:
        await self._session.speak(await self._stem(sentence, language), barge_in=barge_in)

    async def _stem(self, sentence: str, language: Language) -> str:
        return await self._stage.audio.stem(sentence, language, shared=self._stage.shared)

    def _is_interrupted(self) -> bool:
        self._is_late_end()
        return len(self._keys) > 0

    def _is_late_end(self) -> bool:
        """Take the # that still belongs to the entry before, if it waits."""
        late = self._end_may_come and self._keys.first() == END
        if late:
            self._keys.take()
        if late or len(self._keys):
            self._end_may_come = False
        return late

    # Keys.

    async def _collect(self, ask: Ask) -> Reply:
        self._is_late_end()
        entry = Entry(ask=ask)
        while not entry.done and (key := await self._next_key(entry.patience_s)) is not None:
            entry = entry.press(key)
        self._end_may_come = entry.full
        if not entry.keys and not entry.done:
            return _SILENCE
        return Reply(kind=ReplyKind.KEYS, value=entry.keys)

    async def _next_key(self, patience_s: float) -> str | None:
        clock = asyncio.get_running_loop().time
        until_s = clock() + patience_s
        while not self._keys and (left_s := until_s - clock()) > 0:
            await self._session.wait_key(left_s)
        await self._session.until_sure()
        return self._keys.take()

    # Free answers.

    async def _record(self, ask: Ask) -> Reply:
        ends = record_keys(ask)
        if (early := self._waiting_end(ends)) is not None:  # pressed while the question was asked
            return early
        answers = self._stage.answers
        place = answers.new_place(shared=self._stage.shared)
        await self._session.beep(f"{self._stage.shared}/{BEEP}")
        if (early := self._waiting_end(ends)) is not None:  # pressed into the tone
            return early
        taken = await self._session.record(
            place.stem,
            end_keys=ends,
            max_seconds=ask.max_seconds,
            silence_s=max(_LEAST_SILENCE_S, math.ceil(ask.timeout_s)),
        )
        late = self._waiting_end(ends)  # pressed as the recording began: it went on
        self._keys.clear()  # what was pressed besides, into the recording
        if taken.key is None and late is not None and late.kind is ReplyKind.KEYS:
            await answers.discard(place)
            return late
        if taken.key is not None and taken.key != END:
            await answers.discard(place)
            return Reply(kind=ReplyKind.KEYS, value=taken.key)
        seconds = _spoken_seconds(taken)
        if seconds <= 0 or not await answers.has_speech(place):
            await answers.discard(place)
            if taken.gone:
                raise CallGoneError("the line of the call is gone")  # noqa: EM101, TRY003
            return _SILENCE
        self._recordings += 1
        name = f"recording-{self._recordings}"
        await self._stage.source.recorded(name, place.location, seconds)
        return Reply(kind=ReplyKind.RECORDING, value=name, seconds=seconds)

    def _waiting_end(self, ends: str) -> Reply | None:
        """Take keys until one ends the recording that is to be made; None: none of them does."""
        while (key := self._keys.take()) is not None:
            if key in ends:
                return _SILENCE if key == END else Reply(kind=ReplyKind.KEYS, value=key)
        return None


def _begins_with(turn: Turn, prepared: Prepared | None) -> bool:
    return (
        prepared is not None
        and turn.say[:1] == (prepared.sentence,)
        and turn.language is prepared.language
    )


def _spoken_seconds(taken: Recorded) -> float:
    return max(0.0, taken.seconds - (_KEPT_SILENCE_S if taken.fell_silent else 0.0))
