"""One end of the connection of carrier and dialer: asks by number and matches the answers."""

import asyncio
import contextlib
import itertools
from typing import Any

from core.errors import OwnerlineError
from dialer.bridges.port import BridgeError, SubmissionUnknownError
from dialer.bridges.simulated.remote.wire import (
    Answer,
    Command,
    Failure,
    FailureKind,
    Frame,
    Question,
    Request,
    line_of,
)

_MOST_UNREAD = 8 * 1024 * 1024  # bytes that wait for an end which does not read


class LinkLostError(OwnerlineError):
    """The connection between dialer and carrier broke before the answer came."""


class AskFailedError(OwnerlineError):
    """The other end of the carrier's connection broke down over a request."""


class Link:
    """One end of a connection; whoever reads it hands the answers to `answered`."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._numbers = itertools.count()
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._is_up = True

    @property
    def is_up(self) -> bool:
        """Whether the other end may still hear us."""
        return self._is_up and not self._writer.is_closing()

    def send(self, frame: Frame) -> None:
        """Send a frame; to an end that has gone nothing is sent, one that reads nothing is left."""
        if not self.is_up:
            return
        self._writer.write(line_of(frame))
        if self._writer.transport.get_write_buffer_size() > _MOST_UNREAD:
            self.lose()

    async def flush(self) -> None:
        """Wait until what was sent has left."""
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    async def ask(self, ask: Command | Question, *, within_s: float) -> Any:
        """Ask and return the answer's value.

        Raises:
            LinkLostError: the connection broke, or no answer came in time.
            BridgeError: refused by the carrier.
            SubmissionUnknownError: as the carrier says.
            AskFailedError: the other end broke down over it.
        """
        if not self.is_up:
            message = f"the connection is gone: {ask.do} was not sent"
            raise LinkLostError(message)
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[number] = answer
        try:
            self.send(Request(number=number, ask=ask))
            async with asyncio.timeout(within_s):
                return await answer
        except TimeoutError as err:
            message = f"no answer to {ask.do} within {within_s:g} s"
            raise LinkLostError(message) from err
        finally:
            del self._pending[number]

    def answered(self, frame: Answer | Failure) -> None:
        """Give an answer to whoever waits for it; one that nobody waits for came too late."""
        waiting = self._pending.get(frame.number)
        if waiting is None or waiting.done():
            return
        if isinstance(frame, Answer):
            waiting.set_result(frame.value)
        else:
            waiting.set_exception(_error_of(frame))

    def lose(self) -> None:
        """Give the connection up; whoever waits for an answer is told."""
        self._is_up = False
        self._writer.transport.abort()
        for waiting in self._pending.values():
            if not waiting.done():
                message = "the connection broke before the answer came"
                waiting.set_exception(LinkLostError(message))


def _error_of(failure: Failure) -> OwnerlineError:
    match failure.why:
        case FailureKind.REFUSED:
            return BridgeError(failure.message, retryable=failure.retryable)
        case FailureKind.UNKNOWN:
            return SubmissionUnknownError(failure.message)
        case FailureKind.FAILED:
            return AskFailedError(failure.message)
