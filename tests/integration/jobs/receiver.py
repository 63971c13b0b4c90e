"""A receiver of webhooks on loopback: answers what it is told to, and remembers what came."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(kw_only=True, slots=True)
class Receiver:
    """Where it listens, and the requests that came: their headers in lower case, and the body."""

    url: str = ""
    answers: list[bytes] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


def status(line: str, *headers: str) -> bytes:
    """Return an answer, say of `500 Internal Server Error`."""
    return "\r\n".join(
        [f"HTTP/1.1 {line}", "content-length: 0", "connection: close", *headers, "", ""]
    ).encode()


@asynccontextmanager
async def receiver(*answers: bytes) -> AsyncIterator[Receiver]:
    """Listen for the block; each request takes the next answer, the last one stays."""
    given = Receiver(answers=list(answers))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = _headers(head[1:])
        given.came.append((headers, await reader.readexactly(int(headers["content-length"]))))
        answer = given.answers.pop(0) if len(given.answers) > 1 else given.answers[0]
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    given.url = f"http://127.0.0.1:{port}/hook"
    async with server:
        yield given


def _headers(lines: Sequence[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines if line)
    return {name.lower(): value.strip() for name, _, value in pairs}
