"""One agent: their day, where a supervisor sends them, their phone, their calls listened to."""

from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from typing import Annotated
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi import Form, Query, Response

from api.console.edge import router as pages
from api.console.page import Here, Page
from api.fields import PathId
from api.model import Right, needs
from api.problems import NotOnFileError
from core.columns import AnyRow, table_of
from dialer.agents import commands, seats, service
from dialer.agents.commands import Asking
from dialer.agents.day import day_of, totals
from dialer.agents.endpoints import EndpointError
from dialer.agents.model import AgentState, AgentStateError, CommandKind
from dialer.agents.service import OffRosterError
from dialer.agents.tables import Agent, FloorCommand
from dialer.bridges.floor import MonitorMode

router = pages()

_NEEDS = needs(Right.LEAD_AGENTS)
_AGENT, _COMMAND = table_of(Agent), table_of(FloorCommand)
_ONE = sa.select(_AGENT).where(_AGENT.c.agent_id == sa.bindparam("agent_id"))
_OWNERS = sa.text("SELECT count(*) FROM portfolio WHERE agent_id = :agent_id")
_ASKED = sa.select(
    _COMMAND, (_COMMAND.c.expires_at < sa.func.clock_timestamp()).label("is_late")
).where(
    _COMMAND.c.command_id == sa.bindparam("command_id"),
    _COMMAND.c.agent_id == sa.bindparam("agent_id"),
    _COMMAND.c.kind == CommandKind.MONITOR,
)
_SENT_TO = (AgentState.BREAK, AgentState.READY, AgentState.OFFLINE)
_EARLIEST = date(2000, 1, 1)
_HOUR = timedelta(hours=1)

Endpoint = Annotated[str, Form(max_length=200)]


@router.get("/agents/{agent_id}", openapi_extra=_NEEDS)
async def show_agent(
    page: Here, agent_id: PathId, day: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    """Show an agent and one day of theirs, today unless another is named."""
    return await _show(page, agent_id, day=_day_of(page, day))


@router.get("/agents/{agent_id}/ear", openapi_extra=_NEEDS)
async def show_ear(page: Here, agent_id: PathId) -> Response:
    """Show how to listen to an agent, beside the wall."""
    return page.show("agents/ear.html", agent=await _agent(page, agent_id), trouble=None, typed="")


@router.post("/agents/{agent_id}/monitor", openapi_extra=_NEEDS)
async def monitor(
    page: Here,
    agent_id: PathId,
    mode: Annotated[MonitorMode, Form()],
    endpoint: Endpoint = "",
) -> Response:
    """Ring the supervisor's own phone to listen to an agent, whisper to them or join."""
    asking = Asking(agent_id=agent_id, by=page.caller.actor, now=page.now)
    try:
        command = await commands.ask_to_monitor(page.work.session, asking, endpoint.strip(), mode)
    except EndpointError:
        trouble = "agents.trouble.endpoint"
    except AgentStateError:
        trouble = "agents.trouble.nobody_in_room"
    else:
        if page.is_fragment:
            return _asked(page, command)
        return page.go(f"/agents/{agent_id}")
    if not page.is_fragment:
        return await _show(page, agent_id, day=_day_of(page, ""), trouble=("ear", trouble))
    agent = await _agent(page, agent_id)
    return page.show("agents/ear.html", agent=agent, trouble=trouble, typed=endpoint)


@router.get("/agents/{agent_id}/commands/{command_id}", openapi_extra=_NEEDS)
async def show_command(page: Here, agent_id: PathId, command_id: PathId) -> Response:
    """Show what became of a wish to listen."""
    found = await page.work.session.execute(
        _ASKED, {"command_id": command_id, "agent_id": agent_id}
    )
    row = found.one_or_none()
    if row is None:
        raise NotOnFileError(what="command", key=command_id)
    return _asked(page, row, is_late=row.is_late)


@router.post("/agents/{agent_id}/roster", openapi_extra=_NEEDS)
async def set_on_roster(page: Here, agent_id: PathId, active: Annotated[bool, Form()]) -> Response:
    """Put an agent on the roster or take them off it; who is off it is signed out."""
    await service.set_on_roster(
        page.work.session, agent_id, active=active, by=page.caller.actor, now=page.now
    )
    return page.go(f"/agents/{agent_id}")


@router.post("/agents/{agent_id}/endpoint", openapi_extra=_NEEDS)
async def set_endpoint(page: Here, agent_id: PathId, endpoint: Endpoint = "") -> Response:
    """Give an agent another phone, or none."""
    try:
        await seats.set_endpoint(
            page.work.session,
            agent_id,
            endpoint.strip() or None,
            by=page.caller.actor,
            now=page.now,
        )
    except EndpointError:
        return await _show(
            page,
            agent_id,
            day=_day_of(page, ""),
            trouble=("endpoint", "agents.trouble.endpoint"),
            typed=endpoint,
        )
    return page.go(f"/agents/{agent_id}")


@router.post("/agents/{agent_id}/force", openapi_extra=_NEEDS)
async def force(
    page: Here,
    agent_id: PathId,
    to: Annotated[AgentState, Form()],
    why: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Send an agent on a break, call them back, or sign them out; with why."""
    reason = " ".join(why.split())
    trouble = "agents.trouble.no_why" if not reason or to not in _SENT_TO else None
    if trouble is None:
        try:
            await service.force(
                page.work.session, agent_id, to, by=page.caller.actor, why=reason, now=page.now
            )
        except (AgentStateError, OffRosterError):
            trouble = "agents.trouble.state"
    if trouble is None:
        return page.go(f"/agents/{agent_id}")
    return await _show(page, agent_id, day=_day_of(page, ""), trouble=("why", trouble), typed=why)


def _asked(page: Page, command: AnyRow, *, is_late: bool = False) -> Response:
    """Show a command; one that nobody took in its seconds has failed, whoever writes that down."""
    return page.show("agents/command.html", command=command, is_late=is_late)


async def _agent(page: Page, agent_id: int) -> AnyRow:
    row = (await page.work.session.execute(_ONE, {"agent_id": agent_id})).one_or_none()
    if row is None:
        raise NotOnFileError(what="agent", key=agent_id)
    return row


async def _show(
    page: Page,
    agent_id: int,
    *,
    day: date,
    trouble: tuple[str, str] | None = None,
    typed: str = "",
) -> Response:
    agent = await _agent(page, agent_id)
    zone = ZoneInfo(page.zone)
    since = datetime.combine(day, time(0), zone).astimezone(UTC)
    until = datetime.combine(day + timedelta(days=1), time(0), zone).astimezone(UTC)
    stretches = await day_of(
        page.work.session, agent_id, since=since, until=min(until, max(page.now, since))
    )
    worked = [each for each in stretches if each.state is not AgentState.OFFLINE]
    starts, ends = (worked[0].since, worked[-1].until) if worked else (since, until)
    today = page.now.astimezone(zone).date()
    return page.show(
        "agents/one.html",
        status=HTTPStatus.OK if trouble is None else HTTPStatus.UNPROCESSABLE_ENTITY,
        agent=agent,
        day=day,
        today=today,
        earlier=day - timedelta(days=1),
        later=day + timedelta(days=1) if day < today else None,
        stretches=stretches if worked else [],
        totals=totals(worked),
        axis=_axis(starts, ends),
        owners=await page.work.session.scalar(_OWNERS, {"agent_id": agent_id}),
        sent_to=_SENT_TO,
        trouble=trouble,
        typed=typed,
    )


def _axis(starts: datetime, ends: datetime) -> tuple[datetime, timedelta, list[datetime]]:
    """Return where a day's picture begins, how long it is, and the full hours in it."""
    first = starts.replace(minute=0, second=0, microsecond=0)
    hours = max(1, -(-(ends - first) // _HOUR))
    step = 1 if hours <= 12 else 2  # noqa: PLR2004 - more than a dozen do not fit beside each other
    return first, hours * _HOUR, [first + each * _HOUR for each in range(0, hours + 1, step)]


def _day_of(page: Page, typed: str) -> date:
    """Return the day that was asked for; today for none, and for one that is to come."""
    today = page.now.astimezone(ZoneInfo(page.zone)).date()
    try:
        asked = date.fromisoformat(typed) if typed else today
    except ValueError:
        return today
    return min(max(asked, _EARLIEST), today)
