"""One FastAGI session: commands in their order, each with its time, until the line or we are gone.

A new command makes Asterisk stop speaking or waiting (measured on 22.10.1: what was being played
then has no response of its own). So a key that only the manager interface told stops speech too.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from core.errors import OwnerlineError
from dialer.bridges.asterisk.agi.keys import Keys
from dialer.bridges.asterisk.agi.wire import (
    HANGUP,
    USAGE_BEGINS,
    USAGE_ENDS,
    AgiSpeechError,
    Response,
    Status,
    command,
    read_response,
)
from dialer.bridges.asterisk.values import Kind, safe
from dialer.bridges.entry import ALL_KEYS

SAMPLES_A_SECOND = 8000  # what `endpos` counts, of `.wav`
_ANSWER_WITHIN_S = 5.0
_LONGEST_SENTENCE_S = 180.0
_KEYS = re.compile(r"[0-9*#]{0,12}", re.ASCII)
# Asterisk itself tells the session of most keys, a moment before or after the manager interface.
_GRACE_S = 0.05
_MARK = command("GET FULL VARIABLE", "${UNIQUEID}")
_MAX_LINES = 200  # of a usage text


class CallGoneError(OwnerlineError):
    """The line of the call is gone; nothing more can be said on it."""


class AudioMissingError(OwnerlineError):
    """Asterisk cannot play or write a file: does it see the shared folder, and may it read it?"""


class CommandRefusedError(OwnerlineError):
    """Asterisk does not know a command or takes it otherwise; versions 18 to 22 are known to."""


class AgiSlowError(OwnerlineError):
    """Asterisk did not answer a command in time; the session is given up."""


class LineWriter(Protocol):
    """What a session needs of a stream's writer."""

    def write(self, data: bytes) -> None:
        """Send bytes."""
        ...

    async def drain(self) -> None:
        """Wait until they are on their way."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """A free answer as Asterisk took it."""

    seconds: float
    key: str | None  # that ended it
    fell_silent: bool  # the last second of it is silence
    gone: bool = False  # the caller hung up; what was said until then is kept


class AgiSession:
    """Says commands and hears responses; one command at a time."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: LineWriter,
        *,
        header: Mapping[str, str],
        keys: Keys,
    ) -> None:
        self.header = header
        self.keys = keys
        self._reader = reader
        self._writer = writer
        self._running: object | None = None  # the command that a mark would stop
        self._marked = False
        self._gone = False

    @property
    def channel_id(self) -> str:
        """Asterisk's unique id of the channel."""
        return self.header.get("uniqueid", "")

    async def speak(self, stem: str, *, barge_in: bool) -> None:
        """Play a file, named without its suffix; where keys interrupt, until the next key.

        Raises:
            AudioMissingError: it cannot be played.
        """
        if barge_in and self.keys:
            return
        sent = command("STREAM FILE", safe(Kind.PATH, stem), ALL_KEYS if barge_in else "")
        response = await self._stoppable(sent, _LONGEST_SENTENCE_S, by_keys=barge_in)
        if response is not None and response.result < 0:
            await self.check_up()
            message = f"Asterisk cannot play {stem}"
            raise AudioMissingError(message)
        self._note_key(response)

    async def wait_key(self, within_s: float) -> None:
        """Wait for a key, which is then in `keys`; returns also when none came."""
        if self.keys:
            return
        ms = max(1, round(within_s * 1000))
        response = await self._stoppable(
            command("WAIT FOR DIGIT", ms), within_s + _ANSWER_WITHIN_S, by_keys=True
        )
        if response is not None and response.result < 0:
            raise _gone()
        self._note_key(response)

    async def until_sure(self) -> None:
        """Wait, not for long, until the first key that waits can have none before it any more."""
        loop = asyncio.get_running_loop()
        while (left_s := self.keys.unsure_s()) > 0:
            told = loop.create_future()
            self.keys.on_sure(partial(_settle, told))
            await asyncio.wait([told], timeout=left_s)
        self.keys.on_sure(None)

    async def record(
        self, stem: str, *, end_keys: str, max_seconds: float, silence_s: int
    ) -> Recorded:
        """Record what is said into a WAV file until a key, a silence or the longest time.

        Raises:
            AudioMissingError: the file cannot be written.
        """
        sent = command(
            "RECORD FILE",
            safe(Kind.PATH, stem),
            "wav",
            _checked_keys(end_keys),
            round(max_seconds * 1000),
            f"s={silence_s}",
        )
        response = await self._asked(sent, max_seconds + silence_s + _ANSWER_WITHIN_S)
        if response.result < 0 and response.text != "hangup":
            await self.check_up()
            message = f"Asterisk cannot write {stem}.wav"
            raise AudioMissingError(message)
        by_key = response.text == "dtmf"
        gone = response.text == "hangup"
        seconds = response.endpos / SAMPLES_A_SECOND
        fell_silent = response.text == "timeout" and seconds < max_seconds - 1
        key = chr(response.result) if by_key else None
        if key is not None:
            self.keys.told_by_session(key)
        return Recorded(seconds=seconds, key=key, fell_silent=fell_silent, gone=gone)

    async def beep(self, stem: str) -> None:
        """Play the tone before a recording."""
        await self.speak(stem, barge_in=False)

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable; also on a line that has gone."""
        await self._asked(
            command("SET VARIABLE", safe(Kind.VARIABLE, name), safe(Kind.VALUE, value)),
            _ANSWER_WITHIN_S,
        )

    async def check_up(self) -> None:
        """Return while the line is up.

        Raises:
            CallGoneError: it is not.
        """
        if self._gone:
            raise _gone()
        response = await self._asked(command("CHANNEL STATUS"), _ANSWER_WITHIN_S)
        if response.result < 0 or self._gone:
            raise _gone()

    def close(self) -> None:
        """End the session; the dialplan goes on."""
        self._writer.close()

    # How.

    async def _asked(self, sent: bytes, within_s: float) -> Response:
        response = await self._stoppable(sent, within_s, by_keys=False)
        if response is None:
            message = "a command that nothing stops was stopped"
            raise AgiSpeechError(message)
        return response

    async def _stoppable(self, sent: bytes, within_s: float, *, by_keys: bool) -> Response | None:
        """Send a command and return its response; None: a key stopped it."""
        running = self._running = object()
        self._marked = False
        if by_keys:
            self.keys.on_key(partial(self._mark_soon, running))
        try:
            async with asyncio.timeout(within_s):
                self._write(sent)
                await self._drain()
                return await self._outcome()
        except TimeoutError as err:
            message = f"Asterisk did not answer within {within_s:.0f} s: {sent[:40]!r}"
            raise AgiSlowError(message) from err
        finally:
            self._running = None
            self.keys.on_key(None)

    async def _outcome(self) -> Response | None:
        response = await self._response()
        self._running = None
        if not self._marked:
            return response
        if response.text:
            return None  # it is the mark's own: what it stopped has none
        await self._response()
        return response

    def _mark_soon(self, running: object) -> None:
        asyncio.get_running_loop().call_later(_GRACE_S, self._mark, running)

    def _mark(self, running: object) -> None:
        if self._running is running and not self._marked:
            self._marked = True
            self._write(_MARK)

    async def _response(self) -> Response:
        line = await self._line()
        while line == HANGUP:
            self._gone = True
            line = await self._line()
        if line.startswith(USAGE_BEGINS):
            for _ in range(_MAX_LINES):
                if (line := await self._line()).startswith(USAGE_ENDS):
                    break
        response = read_response(line)
        if response.status is Status.DEAD:
            raise _gone()
        if response.status is not Status.DONE:
            message = f"Asterisk answered {response.status}: it refused a FastAGI command"
            raise CommandRefusedError(message)
        return response

    async def _line(self) -> str:
        try:
            read = await self._reader.readline()
        except (ConnectionError, ValueError) as err:  # ValueError: longer than any line of theirs
            raise _gone() from err
        if not read.endswith(b"\n"):
            raise _gone()
        return read.decode("utf-8", errors="replace").rstrip("\r\n")

    def _note_key(self, response: Response | None) -> None:
        # A wait that a mark has stopped answers with 1, which is no key.
        if response is not None and (key := chr(max(0, response.result))) in ALL_KEYS:
            self.keys.told_by_session(key)

    def _write(self, sent: bytes) -> None:
        self._writer.write(sent)

    async def _drain(self) -> None:
        try:
            await self._writer.drain()
        except ConnectionError as err:
            raise _gone() from err


def _settle(told: asyncio.Future[None]) -> None:
    if not told.done():
        told.set_result(None)


def _checked_keys(keys: str) -> str:
    if not _KEYS.fullmatch(keys):
        message = f"{keys!r} are no keys of a telephone"
        raise AgiSpeechError(message)
    return keys


def _gone() -> CallGoneError:
    return CallGoneError("the line of the call is gone")
