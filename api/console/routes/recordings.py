"""Recordings: found, seen, held; each look is on the audit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi import Form, Query, Response
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from api.console.edge import router as pages
from api.console.page import Here, Page
from api.console.routes import recordings_sound
from api.console.routes.files_words import caller_words, campaign_word, who
from api.fields import LARGEST_ID, YEARS
from api.hearing import known_row
from api.model import ApiRole, Right, needs
from api.problems import ProblemError
from core.columns import AnyRow, table_of
from customers.model import WrapUpCode
from customers.search_box import search_files
from customers.tables import AuditEntry
from dialer.agents.tables import Agent
from dialer.model import TelephonyResult
from dialer.recorded_calls import PAGE, Wanted, find_recordings
from recordings import service
from recordings.model import RecordingState, shipped_retention

router = pages()

_AGENT, _AUDIT = table_of(Agent), table_of(AuditEntry)
_MOST_AGENTS, _MOST_PLAYS = 500, 20
_MINUTE_S = 60


def _none_if_blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _in_our_years(value: date | None) -> date | None:
    if value is not None and value.year not in YEARS:
        message = f"it lies outside the years {YEARS.start} to {YEARS.stop - 1}"
        raise ValueError(message)
    return value


Blank = BeforeValidator(_none_if_blank)
DayQuery = Annotated[date | None, Blank, AfterValidator(_in_our_years), Query()]
IdQuery = Annotated[Annotated[int, Field(ge=1, le=LARGEST_ID)] | None, Blank, Query()]
TextQuery = Annotated[Annotated[str, Field(max_length=80)] | None, Blank, Query()]
MinutesQuery = Annotated[Annotated[float, Field(ge=0, le=600)] | None, Blank, Query()]
WordQuery = Annotated[Annotated[str, Field(max_length=64)] | None, Blank, Query()]
Why = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200), Form(max_length=1000)
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """What the form of the list holds, as it was sent."""

    since: date | None = None
    until: date | None = None
    agent_id: int | None = None
    campaign: str | None = None
    outcome: str | None = None
    q: str | None = None
    at_least: float | None = None
    at_most: float | None = None
    state: RecordingState | None = None
    held: bool = False

    def query(self, **more: object) -> str:
        """Return them as the query of an address, with more behind them."""
        given = {name: getattr(self, name) for name in self.__slots__ if getattr(self, name)} | more
        return urlencode({name: str(value) for name, value in given.items()})


@router.get("/recordings", openapi_extra=needs(Right.HEAR_RECORDINGS))
async def find(
    page: Here,
    *,
    since: DayQuery = None,
    until: DayQuery = None,
    agent_id: IdQuery = None,
    campaign: WordQuery = None,
    outcome: WordQuery = None,
    q: TextQuery = None,
    at_least: MinutesQuery = None,
    at_most: MinutesQuery = None,
    state: Annotated[RecordingState | None, Blank, Query()] = None,
    held: Annotated[bool | None, Blank, Query()] = None,
    before: TextQuery = None,
) -> Response:
    """Show recordings, the latest first: an agent's own calls, or all."""
    asked = Filters(
        since=since,
        until=until,
        agent_id=agent_id,
        campaign=campaign,
        outcome=outcome,
        q=q,
        at_least=at_least,
        at_most=at_most,
        state=state,
        held=bool(held),
    )
    wanted = await _wanted(page, asked, before=_cursor(before))
    rows = await find_recordings(page.work.session, wanted, limit=PAGE + 1)
    await page.work.note("recordings_listed", "recordings", query=asked.query())
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return page.show(
        "recordings/list.html",
        asked=asked,
        rows=rows[:PAGE],
        next=None if last is None else asked.query(before=_cursor_of(last)),
        is_first=before is None,
        agents=await _agents(page),
        campaigns=[
            (each.name, campaign_word(page, each.name)) for each in page.deps.desk.campaigns.known
        ],
        called=caller_words(page),
        outcomes=[*WrapUpCode, *(each for each in TelephonyResult if each.value != "answered")],
        states=list(RecordingState),
    )


@router.get("/recordings/{recording_id}", openapi_extra=needs(Right.HEAR_RECORDINGS))
async def one(page: Here, recording_id: UUID) -> Response:
    """Show a recording with its call, how long it is kept and why, and who has heard it."""
    await known_row(page.work, recording_id)
    await page.work.note("looked_at", f"recording:{recording_id}")
    return await _shown(page, recording_id)


@router.post("/recordings/{recording_id}/hold", openapi_extra=needs(Right.HOLD_RECORDINGS))
async def hold(page: Here, recording_id: UUID, why: Why = "") -> Response:
    """Keep a recording whatever its age, until it is released."""
    if not why:
        return await _shown(page, recording_id, trouble="recordings.why_missing", status=422)
    await service.hold(page.work.session, recording_id, by=page.caller.actor, why=why, now=page.now)
    return page.go(f"/recordings/{recording_id}")


@router.post("/recordings/{recording_id}/release", openapi_extra=needs(Right.HOLD_RECORDINGS))
async def release(page: Here, recording_id: UUID, why: Why = "") -> Response:
    """Let a held recording go by its age again."""
    if not why:
        return await _shown(page, recording_id, trouble="recordings.why_missing", status=422)
    await service.release(
        page.work.session, recording_id, by=page.caller.actor, why=why, now=page.now
    )
    return page.go(f"/recordings/{recording_id}")


router.routes.extend(recordings_sound.router.routes)


async def _shown(
    page: Page, recording_id: UUID, *, trouble: str | None = None, status: int = 200
) -> Response:
    await known_row(page.work, recording_id)
    wanted = Wanted(recording_id=recording_id)
    (row,) = await find_recordings(page.work.session, wanted, limit=1)
    rules = shipped_retention()
    plays = await page.work.session.execute(
        sa.select(_AUDIT.c.at, _AUDIT.c.actor, _AUDIT.c.action, _AUDIT.c.detail)
        .where(_AUDIT.c.subject == f"recording:{recording_id}", _AUDIT.c.action != "looked_at")
        .order_by(_AUDIT.c.audit_entry_id.desc())
        .limit(_MOST_PLAYS)
    )
    return page.show(
        "recordings/one.html",
        status=status,
        row=row,
        days=rules.days[row.kind],
        rules=rules.version,
        plays=plays.all(),
        trouble=trouble,
        called=caller_words(page),
        who=who,
    )


async def _wanted(page: Page, asked: Filters, *, before: tuple[datetime, UUID] | None) -> Wanted:
    zone = ZoneInfo(page.zone)
    people: Sequence[int] | None = None
    if asked.q is not None:
        found = await search_files(page.work.session, asked.q, now=page.now, most=200)
        people = sorted({hit.person_id for hit in found.hits})
    own_of = None
    if page.caller.role is ApiRole.AGENT:
        own_of = page.caller.agent_id or 0  # nobody's, where the user is no agent
    return Wanted(
        since=None if asked.since is None else datetime.combine(asked.since, time(), zone),
        until=None
        if asked.until is None
        else datetime.combine(asked.until + timedelta(days=1), time(), zone),
        agent_id=asked.agent_id,
        campaign=asked.campaign,
        outcome=asked.outcome,
        person_ids=people,
        at_least_s=None if asked.at_least is None else asked.at_least * _MINUTE_S,
        at_most_s=None if asked.at_most is None else asked.at_most * _MINUTE_S,
        state=None if asked.state is None else asked.state.value,
        held=asked.held,
        own_of=own_of,
        before=before,
    )


async def _agents(page: Page) -> Sequence[AnyRow]:
    """Return whom the list can be narrowed to; an agent sees nobody else's."""
    if page.caller.role is ApiRole.AGENT:
        return []
    rows = await page.work.session.execute(
        sa.select(_AGENT.c.agent_id, _AGENT.c.name).order_by(_AGENT.c.name).limit(_MOST_AGENTS)
    )
    return rows.all()


def _cursor_of(row: AnyRow) -> str:
    return f"{row.started_at.timestamp():.6f}_{row.recording_id}"


def _cursor(text: str | None) -> tuple[datetime, UUID] | None:
    """Read where the page before ended.

    Raises:
        ProblemError: no page of ours ended there.
    """
    if text is None:
        return None
    at, _, recording_id = text.partition("_")
    try:
        return datetime.fromtimestamp(float(at), tz=ZoneInfo("UTC")), UUID(recording_id)
    except (ValueError, OverflowError, OSError):
        raise ProblemError(422, "no page of this list ended there; begin anew") from None
