"""The complaint register: what is open and by when, taken down and stepped through on the file."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import Form, Query, Response

from api.console import downloads
from api.console.edge import router as pages
from api.console.forms import Line, LongLine, UnreadInstantError, When, instant_of
from api.console.page import Here, Page
from api.fields import PathId
from api.model import Right, needs
from callback.rebuild import rebuild_soon
from core.columns import AnyRow
from customers.complaint_list import Whose, list_complaints
from customers.complaint_tables import ComplaintCategory, ComplaintChannel, ComplaintStepKind
from customers.complaints import (
    ComplaintGiven,
    ComplaintStateError,
    ImpossibleComplaintError,
    complaint_of,
    register_complaint,
    take_step,
)
from customers.household import household_of
from customers.tables import Community
from dialer.agents.teams import team_of

router = pages()

_MOST = 200
_PLACES = sa.select(Community.community_id, Community.name).order_by(Community.name)
_FORM = "complaint"


class Standing(StrEnum):
    """Which complaints are listed."""

    OPEN = "open"  # the overdue with them
    OVERDUE = "overdue"
    CLOSED = "closed"
    ALL = "all"


class Of(StrEnum):
    """Whose complaints are listed, by who is accountable."""

    EVERYBODY = "everybody"
    MINE = "mine"
    TEAM = "team"


Wanted = Annotated[Standing, Query()]
WantedOf = Annotated[Of, Query()]
Place = Annotated[int, Query(ge=0, le=2**63 - 1)]  # 0: any
Category = Annotated[str, Query(max_length=32)]
Chosen = Annotated[str, Form(max_length=32)]


@router.get("/complaints", openapi_extra=needs(Right.READ_FILE))
async def show_complaints(
    page: Here,
    standing: Wanted = Standing.OPEN,
    category: Category = "",
    *,
    of: WantedOf = Of.EVERYBODY,
    community: Place = 0,
) -> Response:
    """Show complaints, the most urgent first; the look is on the audit."""
    wanted = _Listed(standing=standing, category=_category(category), of=of, community=community)
    count, rows = await _listed(page, wanted, limit=_MOST)
    await page.work.note(
        "complaints_listed",
        "complaints",
        standing=standing.value,
        person_ids=sorted({row.person_id for row in rows}),
    )
    return page.show(
        "complaints/list.html",
        rows=rows,
        count=count,
        most=_MOST,
        wanted=wanted,
        standings=list(Standing),
        categories=list(ComplaintCategory),
        whose=[each for each in Of if each is Of.EVERYBODY or page.caller.agent_id is not None],
        places=(await page.work.session.execute(_PLACES)).all(),
    )


@router.get("/complaints/list.{kind}", openapi_extra=needs(Right.READ_REPORTS))
async def take_away(
    page: Here,
    kind: downloads.Kind,
    standing: Wanted = Standing.ALL,
    category: Category = "",
    *,
    of: WantedOf = Of.EVERYBODY,
    community: Place = 0,
) -> Response:
    """Send the register; who took it goes on the audit."""
    wanted = _Listed(standing=standing, category=_category(category), of=of, community=community)
    _, rows = await _listed(page, wanted, limit=downloads.MOST_ROWS + 1, every=True)
    sent, count = await downloads.download(
        page.say("complaints.title"),
        kind,
        [page.say(f"complaints.column.{each}") for each in _COLUMNS],
        downloads.each([_cells(page, row) for row in rows]),
    )
    await page.work.note(
        "exported",
        "complaints",
        format=kind.value,
        rows=count,
        standing=standing.value,
        of=of.value,
    )
    return sent


@router.post("/files/{person_id}/complaints", openapi_extra=needs(Right.WRITE_FILE))
async def take_complaint(
    page: Here,
    person_id: PathId,
    *,
    words: LongLine = "",
    category: Chosen = "",
    channel: Chosen = "",
    unit_id: Annotated[int | None, Form(ge=1, le=2**63 - 1)] = None,
    serious: Annotated[bool, Form()] = False,
    accountable: Line = "",
    reply: LongLine = "",
    call_at: When = "",
) -> Response:
    """Take a complaint down on a person's file."""
    typed = {
        "words": words,
        "category": category,
        "channel": channel,
        "accountable": accountable,
        "reply": reply,
        "call_at": call_at,
        "serious": "yes" if serious else "",
    }
    household = await household_of(page.work.session, person_id, now=page.now)
    zone = page.zone if household.home is None else household.home.time_zone
    if not words:
        return await _again(page, person_id, "complaints.trouble.words", at=_FORM, typed=typed)
    if category not in set(ComplaintCategory) or channel not in set(ComplaintChannel):
        return await _again(page, person_id, "complaints.trouble.choose", at=_FORM, typed=typed)
    try:
        given = ComplaintGiven(
            person_id=person_id,
            unit_id=unit_id,
            category=ComplaintCategory(category),
            channel=ComplaintChannel(channel),
            words=words,
            serious=serious,
            accountable=accountable or page.caller.name,
            agent_id=None if accountable not in {"", page.caller.name} else page.caller.agent_id,
            reply=reply,
            call_at=instant_of(call_at, zone),
        )
        await take_down(page, given)
    except UnreadInstantError:
        return await _again(page, person_id, "complaints.trouble.instant", at=_FORM, typed=typed)
    except ImpossibleComplaintError:
        return await _again(page, person_id, "complaints.trouble.refused", at=_FORM, typed=typed)
    return page.go(f"/files/{person_id}#complaints")


@router.post("/complaints/{complaint_id}/steps", openapi_extra=needs(Right.WRITE_FILE))
async def do_step(
    page: Here,
    complaint_id: PathId,
    *,
    step: Chosen = "",
    words: LongLine = "",
    call_at: When = "",
) -> Response:
    """Note what was done about a complaint, and lead back to the file."""
    row = await complaint_of(page.work.session, complaint_id, now=page.now)
    at, typed = f"{_FORM}-{complaint_id}", {"words": words, "call_at": call_at, "step": step}
    trouble = None
    if step not in set(ComplaintStepKind):
        trouble = "complaints.trouble.choose"
    elif not words:
        trouble = "complaints.trouble.step_words"
    else:
        try:
            await take_step(
                page.work.session,
                complaint_id=complaint_id,
                kind=ComplaintStepKind(step),
                words=words,
                by=page.caller.actor,
                call_at=instant_of(call_at, row.time_zone),
                now=page.now,
            )
        except UnreadInstantError:
            trouble = "complaints.trouble.instant"
        except ImpossibleComplaintError:
            trouble = "complaints.trouble.refused"
        except ComplaintStateError:
            return await _again(
                page,
                row.person_id,
                "complaints.trouble.moved_on",
                at=at,
                typed=typed,
                status=HTTPStatus.CONFLICT,
            )
    if trouble is not None:
        return await _again(page, row.person_id, trouble, at=at, typed=typed)
    await page.work.note(
        "complaint_step", f"person:{row.person_id}", complaint_id=complaint_id, step=step
    )
    await rebuild_soon(page.work.session, [row.community_id], now=page.now)
    return page.go(f"/files/{row.person_id}#complaints")


async def take_down(page: Page, given: ComplaintGiven) -> None:
    """Register a complaint by who looks, with its line of the audit.

    Raises:
        ImpossibleComplaintError: as it is given it cannot be.
    """
    complaint_id, is_new = await register_complaint(
        page.work.session, given, taken_by=page.caller.actor, now=page.now
    )
    await page.work.note(
        "complaint_taken", f"person:{given.person_id}", complaint_id=complaint_id, new=is_new
    )
    row = await complaint_of(page.work.session, complaint_id, now=page.now)
    await rebuild_soon(page.work.session, [row.community_id], now=page.now)


def _category(text: str) -> str:
    return text if text in set(ComplaintCategory) else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listed:
    """Which complaints a page lists."""

    standing: Standing
    category: str
    of: Of
    community: int

    def link(self, **changes: object) -> str:
        """Return the query of this list with changes."""
        parts = {
            "standing": self.standing.value,
            "category": self.category,
            "of": self.of.value,
            "community": self.community,
            **changes,
        }
        return urlencode({name: each for name, each in parts.items() if each not in {"", 0, None}})


async def _listed(
    page: Page, wanted: _Listed, *, limit: int, every: bool = False
) -> tuple[int, Sequence[AnyRow]]:
    return await list_complaints(
        page.work.session,
        standing="" if wanted.standing is Standing.ALL else wanted.standing.value,
        category=wanted.category,
        limit=limit,
        by_deadline=not every,
        community_id=wanted.community or None,
        whose=await _whose(page, wanted.of),
        now=page.now,
    )


async def _whose(page: Page, of: Of) -> Whose | None:
    """Return who is meant by mine and by my team's; who is no agent has a name only."""
    agent_id = page.caller.agent_id
    match of:
        case Of.EVERYBODY:
            return None
        case Of.TEAM if agent_id is not None:
            return Whose(agent_ids=await team_of(page.work.session, agent_id))
        case _:
            mine = () if agent_id is None else (agent_id,)
            return Whose(agent_ids=mine, name=page.caller.name)


_COLUMNS = (
    *("number", "taken_at", "community", "unit", "person", "category", "channel", "words"),
    *("serious", "taken_by", "accountable", "reply_by", "replied_at", "reply", "manager_by"),
    *("manager_told_at", "standing", "closed_at", "done", "satisfied_at", "reopened"),
)


def _cells(page: Page, row: AnyRow) -> Sequence[Any]:
    facts = row._mapping  # noqa: SLF001 - a row's own names
    own: dict[str, Any] = {
        "number": row.complaint_id,
        "category": page.say(f"complaints.category.{row.category}"),
        "channel": page.say(f"complaints.channel.{row.channel}"),
        "standing": page.say(f"complaints.standing.{row.standing}"),
        "reopened": row.cycle - 1,
    }
    return [own[name] if name in own else facts[name] for name in _COLUMNS]


async def _again(
    page: Page,
    person_id: int,
    key: str,
    *,
    at: str,
    typed: dict[str, str],
    status: int = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> Response:
    """Show the file once more, with what was wrong at its form and all that was typed."""
    from api.console.routes.files import show_file  # noqa: PLC0415 - the page knows its forms

    trouble = page.say(key)
    return await show_file(page, person_id, trouble=trouble, at=at, typed=typed, status=int(status))
