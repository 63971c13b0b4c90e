"""Whoever follows the news: server-sent events until they go, lag or are called back."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from http import HTTPStatus
from time import monotonic

from fastapi import Request
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse

from api.deps import ApiLimits
from api.problems import ProblemError
from api.work import Work
from core.live import LiveFeed, News

_PING_S = 15
_SEND_WITHIN_S = 30
_SECONDS_AN_HOUR = 3600

# Returns the name of the event that a piece of news is to a listener; None: it is none of theirs.
Wanted = Callable[[News], str | None]
# Says whether the caller may still listen: is not disabled, signed out or of another role.
Still = Callable[[], Awaitable[bool]]


def follow(
    work: Work, request: Request, wanted: Wanted, *, settle_s: float = 0
) -> EventSourceResponse:
    """Tell a listener the news they want until they go, lag too far behind, or time is over.

    With `settle_s` what comes within so many seconds after a first event is told once by name,
    without a key: the listener looks anew at what the name stands for.

    Raises:
        ProblemError: nobody hears news in this process, or the caller listens too often already.
    """
    feed = work.deps.feed
    if feed is None:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "this process hears no news; ask one that does",
            headers={"Retry-After": "60"},
        )
    return stream(work, request, _events(feed, wanted, work.deps.limits, settle_s=settle_s))


def stream(
    work: Work, request: Request, events: AsyncGenerator[ServerSentEvent, None]
) -> EventSourceResponse:
    """Answer with events for as long as they come; a caller has only so many such answers at once.

    Raises:
        ProblemError: the caller listens too often already.
    """
    listening: Counter[int] = request.app.state.listening
    caller, limits = work.caller.api_user_id, work.deps.limits
    if listening[caller] >= limits.live_listeners:
        message = f"{limits.live_listeners} of your listeners follow already; end one of them"
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, message, headers={"Retry-After": "5"})
    still: Still = request.state.still
    known = while_known(events, still, every_s=limits.live_check_s)
    return EventSourceResponse(
        _counted(listening, caller, known, most=limits.live_listeners),
        ping=_PING_S,
        send_timeout=_SEND_WITHIN_S,
    )


async def _counted(
    listening: Counter[int],
    caller: int,
    events: AsyncGenerator[ServerSentEvent, None],
    *,
    most: int,
) -> AsyncGenerator[ServerSentEvent, None]:
    async with aclosing(events):
        if listening[caller] >= most:  # they came at once
            yield _event("dropped", "")
            return
        listening[caller] += 1
        try:
            async for event in events:
                yield event
        finally:
            listening[caller] -= 1


async def while_known(
    events: AsyncGenerator[ServerSentEvent, None], still: Still, *, every_s: float
) -> AsyncGenerator[ServerSentEvent, None]:
    """Yield events for as long as who listens may: asked every so often, news or none."""
    coming: asyncio.Task[ServerSentEvent | None] | None = None
    ask_s = monotonic() + every_s
    try:
        while True:
            coming = coming or asyncio.create_task(_next(events))
            await asyncio.wait([coming], timeout=max(0, ask_s - monotonic()))
            if monotonic() >= ask_s:
                if not await still():
                    yield _event("over", "")
                    return
                ask_s = monotonic() + every_s
            if not coming.done():
                continue
            event, coming = coming.result(), None
            if event is None:
                return
            yield event
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.wait([coming])
        await events.aclose()


async def _next(events: AsyncGenerator[ServerSentEvent, None]) -> ServerSentEvent | None:
    return await anext(events, None)


async def _events(
    feed: LiveFeed, wanted: Wanted, limits: ApiLimits, *, settle_s: float
) -> AsyncGenerator[ServerSentEvent, None]:
    waiting: asyncio.Queue[tuple[str, str]] = asyncio.Queue(limits.live_queue)
    lagging = asyncio.Event()

    def hear(news: News) -> None:
        name = None if lagging.is_set() else wanted(news)
        if name is None:
            return
        try:
            waiting.put_nowait((name, news.key))
        except asyncio.QueueFull:
            lagging.set()

    unsubscribe = feed.subscribe(hear)
    try:
        yield _event("listening", "")
        until_s = monotonic() + limits.live_hours * _SECONDS_AN_HOUR
        try:
            while not lagging.is_set():
                name, key = await asyncio.wait_for(waiting.get(), until_s - monotonic())
                if not settle_s:
                    yield _event(name, key)
                    continue
                await asyncio.sleep(settle_s)
                names = {name} | {waiting.get_nowait()[0] for _ in range(waiting.qsize())}
                for each in sorted(names):
                    yield _event(each, "")
        except TimeoutError:
            yield _event("over", "")
        else:
            yield _event("dropped", "")
    finally:
        unsubscribe()


def _event(name: str, key: str) -> ServerSentEvent:
    return ServerSentEvent(event=name, data=json.dumps({"key": key}))
