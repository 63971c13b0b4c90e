"""A small manager client for tests: what Ownerline does is watched by another way than its own."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Mapping

from core.errors import OwnerlineError

Message = dict[str, str]

_ALL_OVER_WITHIN_S = 10.0


class ManagerSaidNoError(OwnerlineError):
    """Asterisk refused an action of the tests."""


class Manager:
    """One connection to a manager interface; every event goes to all who listen."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._ids = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Message]] = {}
        self._listeners: list[Callable[[Message], None]] = []
        self._reading = asyncio.create_task(self._read())

    def listen(self, hear: Callable[[Message], None]) -> None:
        """Call this for every event; it must return at once."""
        self._listeners.append(hear)

    async def act(self, action: str, **headers: str) -> Message:
        """Send an action and return its response.

        Raises:
            ManagerSaidNoError: the response is an error, or the connection broke.
        """
        found = await self.send([("Action", action), *headers.items()])
        if found.get("Response") == "Error":
            message = f"{action} {headers}: {found.get('Message')}"
            raise ManagerSaidNoError(message)
        return found

    async def send(self, lines: list[tuple[str, str]]) -> Message:
        """Send lines as they are, in their order, and return the response."""
        action_id = f"test-{next(self._ids)}"
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[action_id] = answer
        text = "".join(f"{name}: {value}\r\n" for name, value in [*lines, ("ActionID", action_id)])
        self._writer.write(f"{text}\r\n".encode())
        async with asyncio.timeout(10):
            return await answer

    async def command(self, words: str) -> None:
        """Run a command of the console."""
        await self.act("Command", Command=words)

    async def end_all_calls(self) -> None:
        """Hang up whatever is up; returns once nothing is."""
        async with asyncio.timeout(_ALL_OVER_WITHIN_S):
            while True:
                await self.act("Hangup", Channel="/.*/")
                status = await self.act("CoreStatus")
                if status["CoreCurrentCalls"] == "0":
                    return
                await asyncio.sleep(0.02)

    async def originate(
        self, headers: Mapping[str, str], variables: Mapping[str, str] | None = None
    ) -> None:
        """Place a call, which takes its course."""
        lines = [("Action", "Originate"), ("Async", "true"), *headers.items()]
        lines += [("Variable", f"{name}={value}") for name, value in (variables or {}).items()]
        found = await self.send(lines)
        if found.get("Response") == "Error":
            message = f"Originate {dict(headers)}: {found.get('Message')}"
            raise ManagerSaidNoError(message)

    async def close(self) -> None:
        """Disconnect."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()
        with contextlib.suppress(OSError):  # the other end may be gone
            await self._writer.wait_closed()

    async def _read(self) -> None:
        try:
            await self._reader.readline()  # the banner
            while True:
                block = await self._reader.readuntil(b"\r\n\r\n")
                self._heard(_parsed(block.decode("utf-8", "replace")))
        except (asyncio.IncompleteReadError, OSError):
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_result({"Response": "Error", "Message": "the connection broke"})

    def _heard(self, message: Message) -> None:
        if "Event" not in message and (
            answer := self._waiting.pop(message.get("ActionID", ""), None)
        ):
            if not answer.done():
                answer.set_result(message)
            return
        for hear in self._listeners:
            hear(message)


def _parsed(block: str) -> Message:
    pairs = (line.partition(":") for line in block.split("\r\n") if line)
    return {name: value.removeprefix(" ") for name, _, value in pairs}


@contextlib.asynccontextmanager
async def manager_at(port: int, *, username: str, secret: str) -> AsyncIterator[Manager]:
    """Hold a connection to the manager interface of a port of loopback for the block."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    manager = Manager(reader, writer)
    try:
        await manager.act("Login", Username=username, Secret=secret)
        yield manager
    finally:
        await manager.close()
