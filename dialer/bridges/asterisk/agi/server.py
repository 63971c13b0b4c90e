"""A small FastAGI server: takes a session's header, lets signed ones in and closes the others."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

import structlog

from core import metrics
from core.clock import Clock
from core.errors import OwnerlineError
from dialer.bridges.asterisk.agi.signing import Signer
from dialer.bridges.asterisk.agi.wire import AgiSpeechError, arguments, read_header

log = structlog.get_logger(__name__)

_HEADER_WITHIN_S = 5.0
_MAX_HEADER = 16 * 1024  # some 25 variables; ours are a few hundred bytes
_BEGINS = b"agi_"
_BACKLOG = 1024
_MOST_STRANGERS = 200  # connections that have not said who they are


class AgiAddressError(OwnerlineError):
    """`asterisk.agi_listen` is no host:port that can be listened on."""


class AgiRefusedError(OwnerlineError):
    """Somebody connected who is not let in: it was no Asterisk of ours, or too late."""

    def __init__(self, *, why: str) -> None:
        super().__init__(f"a FastAGI session was refused: {why}")
        self.why = why


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """A session that was let in."""

    call_id: UUID
    header: Mapping[str, str]
    arguments: tuple[str, ...]  # after call id and token
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class AgiServer:
    """Listens for Asterisk's sessions; each is one task."""

    def __init__(
        self, *, clock: Clock, signer: Signer, meet: Callable[[Visit], Awaitable[None]]
    ) -> None:
        """Take who lets sessions in, and what is done with each."""
        self._clock = clock
        self._signer = signer
        self._meet = meet
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()
        self._strangers: OrderedDict[asyncio.Timeout, None] = OrderedDict()

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._server is None or not self._server.sockets:
            message = "the FastAGI server does not listen yet"
            raise AgiAddressError(message)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self, listen: str) -> None:
        """Listen on host:port; port 0: any that is free.

        Raises:
            AgiAddressError: it cannot be listened on.
        """
        host, port = split_address(listen)
        try:
            self._server = await asyncio.start_server(
                self._connected, host, port, limit=_MAX_HEADER, backlog=_BACKLOG
            )
        except OSError as err:
            message = f"nothing can listen on asterisk.agi_listen = {listen!r}: {err.strerror}"
            raise AgiAddressError(message) from err

    async def close(self, *, within_s: float = 0.0) -> None:
        """Let nobody in any more, and sessions so long to end; then they are cut."""
        if self._server is None:
            return
        self._server.close()
        if self._sessions and within_s > 0:
            await asyncio.wait(self._sessions, timeout=within_s)
        sessions = list(self._sessions)
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)
        self._server = None

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None or not self._server.is_serving():  # accepted as we closed
            writer.close()
            return
        task = self._clock.spawn(self._serve(reader, writer))
        self._sessions.add(task)
        task.add_done_callback(self._sessions.discard)
        task.add_done_callback(lambda _: writer.close())  # also of one cancelled before it began

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            visit = await self._let_in(reader, writer)
            if visit is not None:
                await self._meet(visit)
        except Exception:  # the edge of a call session: the other calls go on
            log.exception("agi_session_failed")

    async def _let_in(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Visit | None:
        try:
            return await self._checked(reader, writer)
        except AgiRefusedError as err:
            metrics.AGI_REFUSED.labels(err.why).inc()
            log.warning("agi_session_refused", why=err.why)
            return None

    async def _checked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Visit:
        patience = asyncio.timeout(_HEADER_WITHIN_S)
        try:
            async with patience:
                self._make_room()
                self._strangers[patience] = None
                header = read_header(await _header_lines(reader))
        except TimeoutError as err:
            raise AgiRefusedError(why="slow") from err
        except (AgiSpeechError, OSError, asyncio.IncompleteReadError) as err:
            raise AgiRefusedError(why="no_header") from err
        finally:
            self._strangers.pop(patience, None)
        call, token, *rest = arguments(header)
        call_id = self._signer.take(call, token)
        if call_id is None:
            raise AgiRefusedError(why="not_signed")
        return Visit(
            call_id=call_id, header=header, arguments=tuple(rest), reader=reader, writer=writer
        )

    def _make_room(self) -> None:
        """Give up who has been silent for longest: an Asterisk says at once who it is."""
        if len(self._strangers) >= _MOST_STRANGERS:
            longest, _ = self._strangers.popitem(last=False)
            if not longest.expired():
                longest.reschedule(asyncio.get_running_loop().time())


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of host:port.

    Raises:
        AgiAddressError: it is none.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal():
        message = f"asterisk.agi_listen = {address!r} must be host:port, say 127.0.0.1:4573"
        raise AgiAddressError(message)
    return host.strip("[]"), int(port)


async def _header_lines(reader: asyncio.StreamReader) -> list[str]:
    try:
        first = await reader.readuntil(b"\n")
        if not first.startswith(_BEGINS):  # a stranger's first line may be their last
            message = "a header does not begin as Asterisk's does"
            raise AgiSpeechError(message)
        rest = await reader.readuntil(b"\n\n")
    except asyncio.LimitOverrunError as err:
        message = f"a header is longer than {_MAX_HEADER} bytes"
        raise AgiSpeechError(message) from err
    header = (first + rest).decode("utf-8", errors="replace")
    return header.rstrip("\n").split("\n")
