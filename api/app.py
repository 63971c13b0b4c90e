"""The application: every route under /api/v1, problems for what fails, and its own description."""

import asyncio
import re
from collections import Counter
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.console.edge import problem_page
from api.console.routes import ROUTERS as PAGES
from api.console.statics import PREFIX as STATIC
from api.console.statics import Statics
from api.console.strangers import Strangers
from api.deps import ApiDeps
from api.openapi import describe
from api.problems import answer
from api.rates import Rates
from api.routes import (
    agents,
    arrangements,
    calls,
    charges,
    communities,
    complaints,
    dialling,
    files,
    floor,
    inbound,
    lists,
    live,
    pacing,
    persons,
    recordings,
    webhooks,
    wishes,
    work_orders,
)

PREFIX = "/api/v1"
_HEADERS = (
    (b"cache-control", b"no-store"),  # answers hold people's data
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
_ROUTERS: tuple[APIRouter, ...] = (
    communities.router,
    pacing.router,
    persons.router,
    files.router,
    wishes.router,
    charges.router,
    arrangements.router,
    work_orders.router,
    complaints.router,
    calls.router,
    inbound.router,
    recordings.router,
    dialling.router,
    lists.router,
    agents.router,
    floor.router,
    webhooks.router,
    live.router,
)


class Api(FastAPI):
    """The application with its description completed."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, made once."""
        if not self.openapi_schema:
            self.openapi_schema = describe(super().openapi())
        return self.openapi_schema


def make_app(deps: ApiDeps) -> FastAPI:
    """Return the application over what it is made of; it holds no state of its own but counters."""
    app = _routed()
    app.state.deps = deps
    app.state.listening = Counter[int]()
    app.state.rates = Rates(
        requests_per_minute=deps.limits.requests_per_minute,
        refusals_per_minute=deps.limits.refusals_per_minute,
    )
    app.state.strangers = Strangers()
    app.state.turns = asyncio.Semaphore(deps.limits.pages_at_once)
    app.state.signing_in = 0
    allowed = _allowed(app)

    async def answered(request: Request, error: Exception) -> Response:
        if not request.url.path.startswith(PREFIX) and "text/html" in request.headers.get(
            "Accept", ""
        ):
            return problem_page(request, error)
        response = answer(request, error)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            methods = next((m for path, m in allowed if path.match(request.url.path)), None)
            if methods is not None:
                response.headers["Allow"] = methods
        return response

    for pages in PAGES:
        app.include_router(pages)
    app.mount(STATIC, Statics(), name="static")
    for kind in (HTTPException, RequestValidationError):
        app.add_exception_handler(kind, answered)
    app.add_middleware(_Guarded)
    return app


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document, for which nothing need run."""
    return _routed().openapi()


def _routed() -> FastAPI:
    app = Api(
        title="Ownerline",
        version="1",
        summary="Every owner who is due a call gets the right call, once, on time.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # both pages would load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    for router in _ROUTERS:
        app.include_router(router, prefix=PREFIX)
    return app


def _allowed(app: FastAPI) -> list[tuple[re.Pattern[str], str]]:
    """Return the methods of each address, all of them: a router knows those of one route."""
    return [
        (compile_path(path)[0], ", ".join(sorted(method.upper() for method in operations)))
        for path, operations in app.openapi()["paths"].items()
    ]


def _operation_id(route: APIRoute) -> str:
    return route.name


class _Guarded:
    """Adds what keeps browsers from doing anything with an answer that has no such headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(header for header in _HEADERS if header[0] not in given),
                ]
            await send(message)

        await self._app(scope, receive, guarded)
