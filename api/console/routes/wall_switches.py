"""The switches of dialling as pages: stop at once, resume after being told, arm knowingly."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import Form, Request, Response

from api.console.edge import router as pages
from api.console.page import Here, Page
from api.console.routes.wall_board import board_of
from api.console.routes.wall_words import WallWords, person
from api.model import Right, needs
from callback.hours import first_opening
from customers.model import Purpose, Reason
from dialer import control
from dialer.wall.lanes import Lane, sources_of
from dialer.wall.look import Wall
from dialer.wall.model import Place

router = pages()

_INSTALLATION = "installation"
_HORIZON = timedelta(days=14)
_PURPOSES = {
    Reason.OVERDUE: Purpose.DEBT,
    Reason.SURVEY: Purpose.SURVEY,
    Reason.PROSPECT: Purpose.MARKETING,
    Reason.GREETING: Purpose.MARKETING,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """A reason of which something is due: whether, or from when, somebody may be rung."""

    reason: Reason
    waiting: int
    late: int
    is_paused: bool
    is_open: bool
    opens_at: datetime | None  # None: not within a fortnight, or under no rules that are known


@router.post("/stop", openapi_extra=needs(Right.STOP_DIALLING))
async def stop(page: Here) -> Response:
    """Stop all dialling at once; the answer is the wallboard, which says so."""
    changed = await control.stop(page.work.session, by=page.caller.actor, now=page.now)
    await page.work.note("stop", _INSTALLATION, changed=changed)
    return page.go("/wall")


@router.get("/resume", openapi_extra=needs(Right.STOP_DIALLING))
async def ask_to_resume(page: Here, request: Request) -> Response:
    """Say what resuming will do, and ask."""
    seen = await board_of(request).look()
    wall = seen.wall
    standing = wall.standing
    return page.show(
        "wall/resume.html",
        wall=wall,
        standing=standing,
        stopped_by=person(standing.stopped_by or ""),
        outlooks=_outlooks(page, wall, places=seen.places),
        show=WallWords(page, wall),
    )


@router.post("/resume", openapi_extra=needs(Right.STOP_DIALLING))
async def resume(page: Here) -> Response:
    """Let dialling go on."""
    changed = await control.resume(page.work.session)
    await page.work.note("resume", _INSTALLATION, changed=changed)
    return page.go("/wall")


@router.get("/arm", openapi_extra=needs(Right.ARM))
async def ask_to_arm(page: Here) -> Response:
    """Show whether this installation may ring owners, and what that means."""
    return await _arming(page, trouble=False)


@router.post("/arm", openapi_extra=needs(Right.ARM))
async def arm(page: Here, sure: Annotated[str, Form(max_length=8)] = "") -> Response:
    """Let this very installation ring owners on a real bridge."""
    if sure != "yes":
        return await _arming(page, trouble=True)
    changed = await control.arm(page.work.session, by=page.caller.actor, now=page.now)
    await page.work.note("arm", _INSTALLATION, changed=changed)
    return page.go("/arm")


@router.post("/disarm", openapi_extra=needs(Right.ARM))
async def disarm(page: Here) -> Response:
    """Let only the test numbers ring on a real bridge."""
    changed = await control.disarm(page.work.session)
    await page.work.note("disarm", _INSTALLATION, changed=changed)
    return page.go("/arm")


async def _arming(page: Page, *, trouble: bool) -> Response:
    return page.show(
        "wall/arm.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if trouble else HTTPStatus.OK,
        turned=await control.switches(page.work.session),
        desk=page.deps.desk,
        trouble=trouble,
    )


def _outlooks(page: Page, wall: Wall, *, places: Sequence[Place]) -> list[Outlook]:
    return [
        _outlook(page, lane, now=wall.at, places=places, paused=wall.standing.paused.keys())
        for lane in wall.lanes
        if lane.waiting or lane.late
    ]


def _outlook(
    page: Page,
    lane: Lane,
    *,
    now: datetime,
    places: Sequence[Place],
    paused: AbstractSet[str],
) -> Outlook:
    names = {each.name for each in lane.campaigns}
    purposes = {each.purpose for each in lane.campaigns} or {
        _PURPOSES.get(lane.reason, Purpose.SERVICE)
    }
    openings = [
        opening
        for place in places
        for purpose in purposes
        if (sources := sources_of(place, purpose, page.deps.desk.packs))
        and (opening := first_opening(sources, now, now + _HORIZON)) is not None
    ]
    opens_at = min(openings, default=None)
    return Outlook(
        reason=lane.reason,
        waiting=lane.waiting,
        late=lane.late,
        is_paused=bool(names) and names <= paused,
        is_open=opens_at is not None and opens_at <= now,
        opens_at=opens_at,
    )
