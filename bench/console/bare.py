"""The bare alternative: the same news to as many browsers, which fetch static answers as large."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from bench.dialing import only_warnings
from core.clock import SystemClock
from core.live import LiveFeed, News, Topic

_AGENT = "x-bench-agent"
_PAUSE_S = 0.2  # between two words of a wall


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How large the answers of the console are, in bytes."""

    parts: int
    wall: int


def serve(url: str, sizes: Sizes, listener: socket.socket, ready: Connection) -> None:
    """Serve until killed; says when it is up. Runs in a process of its own."""
    only_warnings()
    asyncio.run(_serve(url, sizes, listener, ready))


async def _serve(url: str, sizes: Sizes, listener: socket.socket, ready: Connection) -> None:
    feed = LiveFeed(url)
    await feed.start()
    part, wall = b"x" * sizes.parts, "x" * sizes.wall

    async def answer(_: Request) -> Response:
        return Response(part, media_type="text/html")

    async def desk(request: Request) -> Response:
        return _stream(_of_agent(feed, request.headers[_AGENT]))

    async def floor(_: Request) -> Response:
        return _stream(_of_all(feed, wall))

    paths = ("/desk", "/desk/parts", "/desk/take", "/desk/beat", "/wall")
    app = Starlette(
        routes=[
            Route("/desk/live", desk),
            Route("/wall/live", floor),
            *(Route(path, answer, methods=["GET", "POST"]) for path in paths),
        ]
    )
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    ready.send("ready")
    await uvicorn.Server(config).serve(sockets=[listener])


def _stream(words: AsyncIterator[str]) -> StreamingResponse:
    return StreamingResponse(words, media_type="text/event-stream")


async def _of_agent(feed: LiveFeed, agent_id: str) -> AsyncIterator[str]:
    heard = asyncio.Event()

    def hear(news: News) -> None:
        if news.topic is Topic.AGENT and news.key == agent_id:
            heard.set()

    unsubscribe = feed.subscribe(hear)
    try:
        yield "event: listening\ndata: {}\n\n"
        while True:
            await heard.wait()
            heard.clear()
            yield "event: desk\ndata: {}\n\n"
    finally:
        unsubscribe()


async def _of_all(feed: LiveFeed, text: str) -> AsyncIterator[str]:
    heard = asyncio.Event()
    unsubscribe = feed.subscribe(lambda _: heard.set())
    try:
        while True:
            heard.clear()
            at = SystemClock().now().isoformat()
            yield f'event: wall\ndata: {{"at": "{at}", "parts": "{text}"}}\n\n'
            await asyncio.sleep(_PAUSE_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(heard.wait(), 2.0)
    finally:
        unsubscribe()
