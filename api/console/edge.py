"""The edge of every page: who looks, whether a form is ours, one transaction, failures shown."""

import asyncio
import hmac
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from http import HTTPStatus
from time import monotonic
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from api.console import sessions
from api.console.page import Page, language_of
from api.console.sessions import Visit
from api.deps import ApiDeps
from api.edge import limit_waiting
from api.model import RIGHT_KEY, Right
from api.problems import ProblemError, log_problem, problem_of
from api.rates import Rates
from api.work import Work
from core.database import despite_deadlocks
from dialer.control import switches

log = structlog.get_logger(__name__)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

PUBLIC: dict[str, Any] = {"x-public": True}  # a page for those who have not signed in
OPEN_KEY = "x-while-password-is-owed"
LARGEST_FORM_KEY = "x-largest-form-bytes"
OWN_TRANSACTIONS_KEY = "x-own-transactions"  # holds no connection while it waits for something else
UNMARKED_KEY = "x-unmarked"  # a form of those who may have signed in at another tab meanwhile
CSRF_FIELD, CSRF_HEADER = "csrf", "x-csrf-token"

_LARGEST_FORM = 256 * 1024
_AT_ONCE = {"isolation_level": "AUTOCOMMIT"}  # one round trip of every request, not three
_SAFE = frozenset({"GET", "HEAD"})
_FORM_KINDS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
POLICY = "Content-Security-Policy"
_SELF = "'self'"
_OTHER_SITE = "this form was sent by another site"


def policy(*, connect: Sequence[str] = (), media: Sequence[str] = ()) -> str:
    """Return what a page may load and reach: ourselves, and the origins that are named."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"font-src 'self'; connect-src {' '.join([_SELF, *connect])}; "
        f"media-src {' '.join([_SELF, *media])}; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


_HEADERS = {
    "Cache-Control": "no-store",  # pages hold people's data
    POLICY: policy(),
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def router() -> APIRouter:
    """Return a router of pages: out of the API's description, each with the edge around it."""
    return APIRouter(route_class=ConsoleRoute, include_in_schema=False)


class ConsoleRoute(APIRoute):
    """A page; one that does not say which right it needs cannot be made."""

    def get_route_handler(self) -> Handler:
        """Return the page's handler with all that every page has around it."""
        extra = self.openapi_extra or {}
        if RIGHT_KEY not in extra and not PUBLIC.items() <= extra.items():
            message = f"{self.path} does not say which right it needs: openapi_extra=needs(…)"
            raise TypeError(message)
        right = Right(extra[RIGHT_KEY]) if RIGHT_KEY in extra else None
        handler, path = super().get_route_handler(), self.path
        is_open, is_unmarked = bool(extra.get(OPEN_KEY)), bool(extra.get(UNMARKED_KEY))
        transact = _do if extra.get(OWN_TRANSACTIONS_KEY) else _transact
        largest = int(extra.get(LARGEST_FORM_KEY, _LARGEST_FORM))

        async def handle(request: Request) -> Response:
            deps: ApiDeps = request.app.state.deps
            request.state.request_id = deps.ids.new()
            started_s = monotonic()
            visit: Visit | None = None
            try:
                visit = await _visit(request, deps)
                response = _turned_away(request, visit, right, is_open=is_open)
                if response is None:
                    limited = Request(request.scope, _limited(request, largest))
                    await _read(limited, deps.limits.body_within_s)
                    await _check_form(limited, None if is_unmarked else visit)
                    response = await transact(limited, handler, visit=visit, deps=deps)
            except ClientDisconnect:  # they went elsewhere: nobody reads the answer
                response = Response(status_code=HTTPStatus.BAD_REQUEST)
            except Exception as err:  # noqa: BLE001 - the edge: shown as a page, logged when ours
                response = problem_page(request, err, visit)
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)
            response.headers["X-Request-Id"] = str(request.state.request_id)
            log.info(
                "page_answered",
                request_id=str(request.state.request_id),
                method=request.method,
                route=path,
                status=response.status_code,
                api_user_id=None if visit is None else visit.caller.api_user_id,
                duration_ms=round((monotonic() - started_s) * 1000),
            )
            return response

        return handle


def problem_page(request: Request, error: Exception, visit: Visit | None = None) -> Response:
    """Return what a person sees of an error: what happened, what is safe, what to do next."""
    problem = problem_of(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log_problem(request, error, problem)
    deps: ApiDeps = request.app.state.deps
    page = Page(
        request=request,
        deps=deps,
        language=language_of(request, visit),
        now=deps.clock.now(),
        visit=visit,
    )
    template = "problem_part.html" if page.is_fragment else "problem.html"
    headers = {**problem.headers, **_HEADERS}
    if page.is_fragment:
        headers |= {"HX-Retarget": "#notice", "HX-Reswap": "innerHTML"}
    return page.show(template, status=problem.status, headers=headers, problem=problem)


async def _visit(request: Request, deps: ApiDeps) -> Visit | None:
    token = request.cookies.get(sessions.COOKIE)
    if token is None:
        return None
    async with deps.sessions() as session:
        await session.connection(execution_options=_AT_ONCE)
        visit = await sessions.visit_with(session, token, now=deps.clock.now())
    rates: Rates = request.app.state.rates
    if visit is None:
        await rates.count_refusal("unknown" if request.client is None else request.client.host)
    else:
        await rates.count_request(visit.caller.api_user_id)
    return visit


def _turned_away(
    request: Request, visit: Visit | None, right: Right | None, *, is_open: bool
) -> Response | None:
    """Return the way to the sign-in or to a new password, where one of them is owed.

    Raises:
        ProblemError: the role has no such right.
    """
    if right is None:
        return None
    if visit is None:
        url = request.url
        back = url.path + (f"?{url.query}" if url.query else "")
        asked = back if request.method in _SAFE and "hx-request" not in request.headers else "/"
        return _way(request, f"/sign-in?next={quote(asked, safe='')}")
    if visit.must_change_password and not is_open:
        return _way(request, "/password")
    if not visit.caller.may(right):
        message = f"the role {visit.caller.role.value} may not {right.value}"
        raise ProblemError(HTTPStatus.FORBIDDEN, message, kind="no-right")
    return None


def _way(request: Request, path: str) -> Response:
    if "hx-request" in request.headers:
        return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": path})
    return Response(status_code=HTTPStatus.SEE_OTHER, headers={"Location": path})


def _limited(request: Request, largest: int) -> Receive:
    """Return the request's body, ended with a refusal where it grows too large."""
    size = 0

    async def receive() -> Message:
        nonlocal size
        message = await request.receive()
        size += len(message.get("body", b""))
        if size > largest:
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a form here holds at most {largest} bytes"
            )
        return message

    return receive


async def _read(request: Request, within_s: float) -> None:
    """Read a form's body, which is kept: it is looked at here and by the handler.

    Raises:
        ProblemError: it is too large, or too slow.
    """
    if request.method in _SAFE:
        return
    try:
        async with asyncio.timeout(within_s):
            await request.body()
    except TimeoutError:
        raise ProblemError(
            HTTPStatus.REQUEST_TIMEOUT, f"the form did not come within {within_s:g} seconds"
        ) from None


async def _check_form(request: Request, visit: Visit | None) -> None:
    """Refuse what was not sent by a page of ours.

    Raises:
        ProblemError: it comes from elsewhere, is no form, or lacks the session's mark.
    """
    if request.method in _SAFE:
        return
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("Host"):
        raise ProblemError(HTTPStatus.FORBIDDEN, _OTHER_SITE, kind="other-site")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise ProblemError(HTTPStatus.FORBIDDEN, _OTHER_SITE, kind="other-site")
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind and kind not in _FORM_KINDS:
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send a form")
    if visit is None:
        return
    shown = request.headers.get(CSRF_HEADER)
    if shown is None:
        field = (await request.form()).get(CSRF_FIELD)
        shown = field if isinstance(field, str) else ""
    if not hmac.compare_digest(shown.encode(), visit.csrf.encode()):
        raise ProblemError(
            HTTPStatus.FORBIDDEN,
            "this page is of an earlier session: load it again, nothing was changed",
            kind="stale-page",
        )


async def _still(request: Request, deps: ApiDeps, visit: Visit | None) -> bool:
    """Say whether the browser is still signed in, as the same user of the same role."""
    token = request.cookies.get(sessions.COOKIE)
    async with deps.sessions.begin() as session:
        found = await sessions.visit_with(session, token, now=deps.clock.now())
    return found is not None and visit is not None and found.caller == visit.caller


async def _do(
    request: Request, handler: Handler, *, visit: Visit | None, deps: ApiDeps
) -> Response:
    """Answer without a transaction: the handler has its own, each as short as can be."""
    request.state.page = Page(
        request=request,
        deps=deps,
        language=language_of(request, visit),
        now=deps.clock.now(),
        visit=visit,
    )
    return await handler(request)


async def _transact(
    request: Request, handler: Handler, *, visit: Visit | None, deps: ApiDeps
) -> Response:
    """Answer in one transaction; it is done again when the server ended it to free others."""

    async def once() -> Response:
        now = deps.clock.now()
        async with deps.sessions.begin() as session:
            await limit_waiting(session, deps)
            work = None
            if visit is not None:
                work = Work(session=session, caller=visit.caller, deps=deps, now=now)
            request.state.work = work
            request.state.still = partial(_still, request, deps, visit)
            request.state.session = session
            request.state.page = Page(
                request=request,
                deps=deps,
                language=language_of(request, visit),
                now=now,
                visit=visit,
                session_work=work,
                switches=await switches(session) if "hx-request" not in request.headers else None,
            )
            return await handler(request)

    async with request.app.state.turns:
        return await despite_deadlocks(once)
