"""News as it happens, over server-sent events: ids only, for who looks then by the other routes."""

from typing import Annotated

from fastapi import Query, Request
from sse_starlette.sse import EventSourceResponse

from api.listening import follow
from api.model import Right, needs
from api.routing import router as router_of
from api.work import Here
from core.live import Topic

router = router_of("live")

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
    wanted = frozenset(topic or Topic) | {Topic.MISSED}
    return follow(work, request, lambda news: news.topic.value if news.topic in wanted else None)
