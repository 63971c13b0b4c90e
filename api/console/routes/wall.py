"""The wallboard, shared by all who watch; why nothing is dialled; the red stop button."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from time import monotonic

from fastapi import Request, Response
from sse_starlette.event import ServerSentEvent

from api.console.edge import router as pages
from api.console.page import Here, Page
from api.console.routes import wall_switches
from api.console.routes.wall_board import Board, Seen, board_of
from api.listening import stream
from api.model import Right, needs
from dialer.control import Switches
from dialer.plan import company_of

router = pages()
router.include_router(wall_switches.router)

_NEEDS = needs(Right.WATCH_FLOOR)
_SHARED_S = 0.2  # so old a look is still shown to who asks for a part


@router.get("/wall", openapi_extra=_NEEDS)
async def show_wall(page: Here, request: Request) -> Response:
    """Show the floor; with `?far` dark and large, for a screen on the wall."""
    board = board_of(request)
    seen = await board.look()
    return page.show(
        "wall/wall.html",
        wall=seen.wall,
        texts=board.texts(page, seen),
        far="far" in request.query_params,
        house=company_of(page.deps.house, None)[page.language],
    )


@router.get("/wall/part", openapi_extra=_NEEDS)
async def show_part(page: Here, request: Request) -> Response:
    """Show what changes on the wall, for who cannot follow it."""
    board = board_of(request)
    seen = await board.look(within_s=_SHARED_S)
    return page.show("wall/part.html", texts=board.texts(page, seen))


@router.get("/wall/live", openapi_extra=_NEEDS)
async def follow_wall(page: Here, request: Request) -> Response:
    """Send the parts of the wall whenever they have changed, for an hour; then the browser asks."""
    until_s = monotonic() + timedelta(hours=page.deps.limits.live_hours).total_seconds()
    return stream(page.work, request, _changes(page, board_of(request), until_s=until_s))


async def _changes(
    page: Page, board: Board, *, until_s: float
) -> AsyncGenerator[ServerSentEvent, None]:
    """Yield what each look has changed on this page; a look that changed nothing says so."""
    shown, standing = 0, ""
    async with aclosing(board.watch()) as looks:
        async for seen in looks:
            told = {"at": seen.wall.at.isoformat()}
            stands = _standing(page, seen)
            if stands != standing:
                told["standing"] = standing = stands
            parts = board.changes(page, seen, shown=shown)
            shown = seen.number
            head = json.dumps(told, ensure_ascii=False).removesuffix("}")
            yield ServerSentEvent(event="wall", data=f'{head}, "parts": {parts}}}')
            if monotonic() >= until_s:
                return


def _standing(page: Page, seen: Seen) -> str:
    """Return the armed or stopped state and the button, which carries the session's own mark."""
    standing, before = seen.wall.standing, page.switches
    if before is None:
        return ""
    turned: Switches = replace(
        before,
        armed=standing.armed,
        stopped=standing.is_stopped or not standing.reconciled,
        reconciled=standing.reconciled,
    )
    return replace(page, switches=turned).text_of("standing.html")
