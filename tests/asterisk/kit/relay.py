"""A wire that can be cut: passes TCP of loopback on to where it belongs, until a test says stop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Relay:
    """Listens on a port of its own; frozen, nothing passes and nobody is told of it."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._flows = asyncio.Event()
        self._flows.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.connections = 0

    @property
    def port(self) -> int:
        """Return where it listens."""
        assert self._server is not None, "the relay listens within `relay_to` only"
        return int(self._server.sockets[0].getsockname()[1])

    def freeze(self) -> None:
        """Let nothing pass any more: packets are lost, connections stay."""
        self._flows.clear()

    def mend(self) -> None:
        """Let what waited, and all that follows, pass again."""
        self._flows.set()

    def cut(self) -> None:
        """Break every connection at once; new ones are taken."""
        for writer in self._writers:
            writer.transport.abort()

    async def listen(self) -> None:
        """Begin."""
        self._server = await asyncio.start_server(self._taken, "127.0.0.1", 0)

    async def close(self) -> None:
        """End, with every connection."""
        assert self._server is not None, "the relay listens within `relay_to` only"
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        await self._flows.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._to)
        except OSError:  # nobody is there: this end is told so
            writer.transport.abort()
            return
        self._writers.add(far_writer)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pass_on(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):  # either end has gone, and the other is told below
            while data := await source.read(1 << 16):
                await self._flows.wait()
                sink.write(data)
                await sink.drain()
        sink.close()
        self._writers.discard(sink)


@contextlib.asynccontextmanager
async def relay_to(port: int, *, host: str = "127.0.0.1") -> AsyncIterator[Relay]:
    """Hold a relay to a port for the block."""
    relay = Relay(host, port)
    await relay.listen()
    try:
        yield relay
    finally:
        await relay.close()
