"""Webhooks of Twilio under `/webhooks/twilio`: no token of ours, but Twilio's signature.

They are no part of the API's description: nobody but Twilio may call them.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from time import monotonic

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from core.clock import Clock
from core.database import may_pass_later
from dialer.bridges.twilio.door import LARGEST_BYTES, Door, Knock, NotLetInError
from dialer.bridges.twilio.hook import PREFIX, Answer, Hook, Hooks, refused

log = structlog.get_logger(__name__)

_BODY_WITHIN_S = 5.0
_ANSWER_WITHIN_S = 14.0  # Twilio waits for 15
# https://www.twilio.com/docs/usage/webhooks/webhooks-security
_SIGNATURE = "X-Twilio-Signature"
_TOKEN = "I-Twilio-Idempotency-Token"  # noqa: S105 - a header's name
_LONGEST_TOKEN = 200
_FRAMES = 6


def twilio_routes(hooks: Hooks, door: Door, clock: Clock) -> list[Route]:
    """Return the routes of hooks, each behind the door."""
    return [
        Route(PREFIX + hook.path, _endpoint(hook, door, clock), methods=[hook.method.value])
        for hook in hooks
    ]


def _endpoint(hook: Hook, door: Door, clock: Clock) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        started_s = monotonic()
        try:
            knock = await _knock(request)
            visit = door.let_in(hook, knock, at=clock.now())
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                answer = await hook.answer(visit)
        except NotLetInError as err:
            log.warning("twilio_webhook_refused", hook=hook.path, status=err.status, why=str(err))
            answer = refused(err.status, str(err))
        except Exception as err:  # noqa: BLE001 - the edge: Twilio goes to the call's fallback then
            answer = _failed(hook, err)
        log.info(
            "twilio_webhook_answered",
            hook=hook.path,
            status=int(answer.status),
            duration_ms=round((monotonic() - started_s) * 1000),
        )
        return _response(answer)

    return answer


async def _knock(request: Request) -> Knock:
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query = request.scope["query_string"].decode("latin-1")
    target = raw.decode("latin-1") + (f"?{query}" if query else "")
    return Knock(
        target=target,
        query=query,
        content_type=request.headers.get("Content-Type", ""),
        body=await _body(request),
        signature=request.headers.get(_SIGNATURE, ""),
        token=request.headers.get(_TOKEN, "")[:_LONGEST_TOKEN],
        path={name: str(value) for name, value in request.path_params.items()},
    )


async def _body(request: Request) -> bytes:
    """Read the body within its limits.

    Raises:
        NotLetInError: it is too large, too slow, or ended early.
    """
    length = request.headers.get("Content-Length", "0")
    if length.isdigit() and int(length) > LARGEST_BYTES:
        raise _too_large()
    parts, size = [], 0
    try:
        async with asyncio.timeout(_BODY_WITHIN_S):
            async for part in request.stream():
                size += len(part)
                if size > LARGEST_BYTES:
                    raise _too_large()
                parts.append(part)
    except TimeoutError:
        message = f"the body did not come within {_BODY_WITHIN_S:g} seconds"
        raise NotLetInError(HTTPStatus.REQUEST_TIMEOUT, message) from None
    except ClientDisconnect:
        raise NotLetInError(HTTPStatus.BAD_REQUEST, "the body ended early") from None
    return b"".join(parts)


def _too_large() -> NotLetInError:
    return NotLetInError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a webhook holds at most {LARGEST_BYTES} bytes"
    )


def _failed(hook: Hook, err: Exception) -> Answer:
    """Log what went wrong, not what was said: a driver's text may hold a person's data."""
    frames = traceback.extract_tb(err.__traceback__)[-_FRAMES:]
    log.error(
        "twilio_webhook_failed",
        hook=hook.path,
        error=type(err).__name__,
        frames=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    )
    away = isinstance(err, TimeoutError | ConnectionError) or may_pass_later(err)
    status = HTTPStatus.SERVICE_UNAVAILABLE if away else HTTPStatus.INTERNAL_SERVER_ERROR
    return refused(status, "this could not be answered; it is on our log")


def _response(answer: Answer) -> Response:
    status = answer.status
    if status is HTTPStatus.OK and not answer.body:
        status = HTTPStatus.NO_CONTENT
    headers = {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        **answer.headers,
    }
    media_type = answer.media_type if answer.body else None
    return Response(answer.body, status_code=status, headers=headers, media_type=media_type)
