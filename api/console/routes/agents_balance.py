"""Whose owners are whose: owners and promised callbacks of every agent, moved after a preview."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import Form, Response

from api.console.edge import router as pages
from api.console.page import Here, Page
from api.fields import LARGEST_ID
from api.model import Right, needs
from dialer.agents.balance import (
    Balance,
    Move,
    MoveChangedError,
    Planned,
    balances,
    make_move,
    plan_move,
)
from dialer.agents.service import set_on_roster

router = pages()

_NEEDS = needs(Right.ASSIGN_OWNERS)
_MOST = 1_000_000

AgentId = Annotated[int, Form(ge=1, le=LARGEST_ID)]
Chosen = Annotated[str, Form(max_length=80)]
Number = Annotated[str, Form(max_length=12)]


@router.get("/agents/balance", openapi_extra=_NEEDS)
async def show_balance(page: Here) -> Response:
    """Show what everybody has."""
    return await _show(page)


@router.post("/agents/balance/preview", openapi_extra=_NEEDS)
async def preview(
    page: Here,
    from_id: AgentId,
    to: Chosen = "",
    count: Number = "",
    leaving: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Show what a move would come to."""
    move = _move(from_id, to, count, leaving=leaving == "yes")
    if move is None:
        return await _show(page, trouble="agents.trouble.count", typed=(from_id, to, count))
    planned = await plan_move(page.work.session, move)
    return await _preview(page, move, planned, to=to, count=count)


@router.post("/agents/balance/move", openapi_extra=_NEEDS)
async def move_owners(
    page: Here,
    *,
    from_id: AgentId,
    mark: Annotated[str, Form(max_length=32)],
    to: Chosen = "",
    count: Number = "",
    leaving: Annotated[str, Form(max_length=8)] = "",
    off: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Move owners and promised callbacks as they were shown; a leaver also goes off the roster."""
    move = _move(from_id, to, count, leaving=leaving == "yes")
    if move is None:
        return await _show(page, trouble="agents.trouble.count", typed=(from_id, to, count))
    session, by = page.work.session, page.caller.actor
    try:
        await make_move(session, move, mark=mark, by=by, now=page.now)
    except MoveChangedError:
        planned = await plan_move(session, move)
        return await _preview(page, move, planned, to=to, count=count, changed=True)
    if move.is_leaving and off == "yes":
        await set_on_roster(session, from_id, active=False, by=by, now=page.now)
    return page.go("/agents/balance")


def _move(from_id: int, to: str, count: str, *, leaving: bool) -> Move | None:
    """Return the move that was typed; None: it is none.

    `to` is `agent:3`, `skill:debt`, `team:north`, or nothing for everybody on the roster.
    """
    most: int | None = None
    if not leaving:
        number = count.strip()
        if not (number.isascii() and number.isdigit()) or not 1 <= int(number) <= _MOST:
            return None
        most = int(number)
    kind, _, value = to.partition(":")
    match kind:
        case "":
            return Move(from_id=from_id, most=most)
        case "agent" if value.isascii() and value.isdigit() and int(value) <= LARGEST_ID:
            return Move(from_id=from_id, most=most, to_id=int(value))
        case "skill" if value:
            return Move(from_id=from_id, most=most, skill=value)
        case "team" if value:
            return Move(from_id=from_id, most=most, team=value)
        case _:
            return None


async def _show(
    page: Page, *, trouble: str | None = None, typed: tuple[int, str, str] | None = None
) -> Response:
    rows = await balances(page.work.session, now=page.now)
    return page.show(
        "agents/balance.html",
        status=HTTPStatus.OK if trouble is None else HTTPStatus.UNPROCESSABLE_ENTITY,
        rows=rows,
        most=max((each.owners for each in rows), default=0),
        skills=sorted({skill for each in rows if each.active for skill in each.skills}),
        teams=sorted({each.team for each in rows if each.active and each.team}),
        fair=_fair(rows),
        trouble=trouble,
        typed=typed or (0, "", ""),
    )


def _fair(rows: Sequence[Balance]) -> dict[int, float]:
    """Return how many owners each agent on the roster would have, shared out by weight alone."""
    weight = sum(each.weight for each in rows if each.active)
    owners = sum(each.owners for each in rows)
    return {each.agent_id: owners * each.weight / weight for each in rows if each.active}


async def _preview(
    page: Page, move: Move, planned: Planned, *, to: str, count: str, changed: bool = False
) -> Response:
    rows = await balances(page.work.session, now=page.now)
    giver = next((each for each in rows if each.agent_id == move.from_id), None)
    return page.show(
        "agents/preview.html",
        status=HTTPStatus.CONFLICT if changed else HTTPStatus.OK,
        move=move,
        planned=planned,
        giver=giver,
        to=to,
        count=count,
        changed=changed,
    )
