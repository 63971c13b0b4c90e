"""News as it happens, over server-sent events: ids only, for who looks then by the other routes."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from time import monotonic
from typing import Annotated

from fastapi import Query, Request
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse

from api.deps import ApiLimits
from api.model import Right, needs
from api.problems import ProblemError
from api.routing import router as router_of
from api.work import Here
from core.live import LiveFeed, News, Topic

router = router_of("live")

_PING_S = 15
_SEND_WITHIN_S = 30
_SECONDS_AN_HOUR = 3600
_EXAMPLE = 'event: attempt\r\ndata: {"key": "019a0000-0000-7000-8000-000000000000"}\r\n\r\n'


@router.get(
    "/live",
    response_class=EventSourceResponse,
    responses={
        200: {
            "description": "Events named after their topic; `data` has the key of what changed. "
            "`listening` comes first; `missed` says that anything may have changed; `dropped` "
            "(too slow) and `over` (show the token again) come last.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        }
    },
    openapi_extra=needs(Right.HEAR_NEWS),
)
async def live(
    work: Here,
    request: Request,
    topic: Annotated[
        list[Topic] | None, Query(max_length=10, description="Only these; all without it.")
    ] = None,
) -> EventSourceResponse:
    """Tell what changes until the listener goes, lags too far behind, or an hour is over."""
    feed = work.deps.feed
    if feed is None:
        status = 503
        raise ProblemError(
            status, "this process hears no news; ask one that does", headers={"Retry-After": "60"}
        )
    listening: Counter[int] = request.app.state.listening
    caller, limits = work.caller.api_user_id, work.deps.limits
    if listening[caller] >= limits.live_listeners:
        too_many = 429
        message = f"{limits.live_listeners} of your listeners follow already; end one of them"
        raise ProblemError(too_many, message, headers={"Retry-After": "5"})
    wanted = frozenset(topic or Topic) | {Topic.MISSED}
    return EventSourceResponse(
        _counted(listening, caller, _events(feed, wanted, limits)),
        ping=_PING_S,
        send_timeout=_SEND_WITHIN_S,
    )


async def _counted(
    listening: Counter[int], caller: int, events: AsyncGenerator[ServerSentEvent, None]
) -> AsyncGenerator[ServerSentEvent, None]:
    listening[caller] += 1
    try:
        async with aclosing(events):
            async for event in events:
                yield event
    finally:
        listening[caller] -= 1


async def _events(
    feed: LiveFeed, wanted: frozenset[Topic], limits: ApiLimits
) -> AsyncGenerator[ServerSentEvent, None]:
    waiting: asyncio.Queue[News] = asyncio.Queue(limits.live_queue)
    lagging = asyncio.Event()

    def hear(news: News) -> None:
        if news.topic not in wanted or lagging.is_set():
            return
        try:
            waiting.put_nowait(news)
        except asyncio.QueueFull:
            lagging.set()

    unsubscribe = feed.subscribe(hear)
    try:
        yield _event("listening", "")
        until_s = monotonic() + limits.live_hours * _SECONDS_AN_HOUR
        try:
            while not lagging.is_set():
                news = await asyncio.wait_for(waiting.get(), until_s - monotonic())
                yield _event(news.topic.value, news.key)
        except TimeoutError:
            yield _event("over", "")
        else:
            yield _event("dropped", "")
    finally:
        unsubscribe()


def _event(name: str, key: str) -> ServerSentEvent:
    return ServerSentEvent(event=name, data=json.dumps({"key": key}))
