"""The edge of every request: who asks, how much, one transaction, and a problem for what fails."""

import asyncio
from collections.abc import Callable, Coroutine, MutableMapping
from functools import partial
from http import HTTPStatus
from time import monotonic
from typing import Any

import sqlalchemy as sa
import structlog
from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncSession

from api import idempotency
from api.deps import ApiDeps
from api.model import RIGHT_KEY, Right
from api.problems import ProblemError, answer
from api.rates import Rates
from api.users import Caller, caller_with
from api.work import Work
from core.database import despite_deadlocks

log = structlog.get_logger(__name__)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

LARGEST_BODY_KEY = "x-largest-body-bytes"  # of a route that takes more than the others
_BODILESS = frozenset({"GET", "HEAD", "DELETE"})
_SCHEME = "bearer"


class Edge(APIRoute):
    """A route of the API; one that does not say which right it needs cannot be made."""

    def get_route_handler(self) -> Handler:
        """Return the route's handler with all that every request has around it."""
        extra = self.openapi_extra or {}
        if RIGHT_KEY not in extra:
            message = f"{self.path} does not say which right it needs: openapi_extra=needs(…)"
            raise TypeError(message)
        right, path = Right(extra[RIGHT_KEY]), self.path
        largest: int | None = extra.get(LARGEST_BODY_KEY)
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            deps: ApiDeps = request.app.state.deps
            request.state.request_id = deps.ids.new()
            started_s = monotonic()
            caller: Caller | None = None
            try:
                caller = await _caller(request, deps)
                _check_right(caller, right)
                whole = await _with_body(
                    request,
                    largest=largest or deps.limits.body_bytes,
                    within_s=deps.limits.body_within_s,
                )
                response = await _transact(whole, handler, caller=caller, deps=deps)
            except Exception as err:  # noqa: BLE001 - the edge: told as a problem, logged when ours
                response = answer(request, err)
            response.headers["X-Request-Id"] = str(request.state.request_id)
            log.info(
                "api_answered",
                request_id=str(request.state.request_id),
                method=request.method,
                route=path,
                status=response.status_code,
                api_user_id=None if caller is None else caller.api_user_id,
                duration_ms=round((monotonic() - started_s) * 1000),
            )
            return response

        return handle


async def _caller(request: Request, deps: ApiDeps) -> Caller:
    rates: Rates = request.app.state.rates
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    caller = None
    if scheme.lower() == _SCHEME:
        async with deps.sessions.begin() as session:
            caller = await caller_with(session, token.strip(), now=deps.clock.now())
    if caller is None:
        await rates.count_refusal("unknown" if request.client is None else request.client.host)
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED,
            "show a valid token: Authorization: Bearer owl_…",
            headers={"WWW-Authenticate": 'Bearer realm="ownerline"'},
        )
    await rates.count_request(caller.api_user_id)
    return caller


def _check_right(caller: Caller, right: Right) -> None:
    if not caller.may(right):
        raise ProblemError(
            HTTPStatus.FORBIDDEN, f"the role {caller.role.value} may not {right.value}"
        )


class _Whole(Request):
    """A request whose body has been read, and parsed where it is JSON."""

    def hold(self, body: bytes, parsed: Any) -> None:
        self._body = body
        self._json = parsed


async def _with_body(request: Request, *, largest: int, within_s: float) -> Request:
    """Read the body within its limits; what is not JSON by RFC 8259 is refused here.

    Raises:
        ProblemError: it is too large, too slow, of another type, or no JSON.
    """
    if request.method in _BODILESS:
        return request
    try:
        async with asyncio.timeout(within_s):
            body = await _read(request, largest)
    except TimeoutError:
        raise ProblemError(
            HTTPStatus.REQUEST_TIMEOUT, f"the body did not come within {within_s:g} seconds"
        ) from None
    parsed = None
    if body:
        parsed = _parsed(request, body)
    whole = _Whole(request.scope)
    whole.hold(body, parsed)
    return whole


async def _read(request: Request, largest: int) -> bytes:
    length = request.headers.get("Content-Length", "0")
    if length.isdigit() and int(length) > largest:
        raise _too_large(largest)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > largest:
            raise _too_large(largest)
        parts.append(part)
    return b"".join(parts)


def _too_large(largest: int) -> ProblemError:
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"a body here holds at most {largest} bytes; send it in several requests",
        headers={"Connection": "close"},
    )


def _parsed(request: Request, body: bytes) -> Any:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json")
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as err:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, f"the body is no JSON: {err}", kind="malformed-json"
        ) from None


async def _still(request: Request, deps: ApiDeps, caller: Caller) -> bool:
    """Say whether the token is still good, and of the same role."""
    token = request.headers.get("Authorization", "").partition(" ")[2].strip()
    async with deps.sessions.begin() as session:
        return await caller_with(session, token, now=deps.clock.now()) == caller


async def _transact(
    request: Request, handler: Handler, *, caller: Caller, deps: ApiDeps
) -> Response:
    """Answer in one transaction; it is done again when the server ended it to free others."""
    asked = None
    key = request.headers.get(idempotency.HEADER)
    if request.method == "POST" and key is not None:
        asked = idempotency.asked_with(
            key,
            api_user_id=caller.api_user_id,
            method=request.method,
            target=_target(request.scope),
            body=await request.body(),
        )

    async def once() -> Response:
        now = deps.clock.now()
        async with deps.sessions.begin() as session:
            await limit_waiting(session, deps)
            if asked is not None:
                before = await idempotency.answered_before(session, asked, now=now)
                if before is not None:
                    return before
            request.state.work = Work(session=session, caller=caller, deps=deps, now=now)
            request.state.still = partial(_still, request, deps, caller)
            response = await handler(request)
            if asked is not None:
                await idempotency.keep_answer(session, asked, response)
            return response

    return await despite_deadlocks(once)


_LIMIT_WAITING = sa.text(
    "SELECT set_config('lock_timeout', :lock, true), set_config('statement_timeout', :whole, true)"
)


async def limit_waiting(session: AsyncSession, deps: ApiDeps) -> None:
    """Let no statement of a request wait or work for longer than its caller would."""
    limits = deps.limits
    await session.execute(
        _LIMIT_WAITING,
        {"lock": f"{limits.lock_timeout_s}s", "whole": f"{limits.statement_timeout_s}s"},
    )


def _target(scope: MutableMapping[str, Any]) -> str:
    return f"{scope['path']}?{scope.get('query_string', b'').decode('latin-1')}"
