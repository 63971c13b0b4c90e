"""What agents and their supervisors do at the desk: sign in and out, be ready, take a break."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow, table_of
from core.errors import OwnerlineError
from core.live import Topic, tell
from customers.model import Language
from customers.service import audit
from dialer.agents.endpoints import check_endpoint
from dialer.agents.model import AgentState, BreakReason, UnknownAgentError
from dialer.agents.seats import ask_anew
from dialer.agents.steps import (
    BecomeReady,
    HangUp,
    MoreTime,
    ScreenLost,
    SignIn,
    SignOut,
    TakeBreak,
)
from dialer.agents.tables import Agent
from dialer.agents.transitions import Changed, change

BY_AGENT = "agent"

_AGENT = table_of(Agent)
_ROSTER = sa.select(_AGENT).order_by(_AGENT.c.team.nulls_last(), _AGENT.c.name)
_ADD = sa.text("""
    INSERT INTO agent (agent_id, name, team, skills, languages, weight, endpoint, room, state_since)
    SELECT new.agent_id, :name, :team, CAST(:skills AS text[]), CAST(:languages AS text[]), :weight,
           :endpoint, 'agent-' || new.agent_id, :now
    FROM (SELECT nextval(pg_get_serial_sequence('agent', 'agent_id')) AS agent_id) AS new
    ON CONFLICT (name) DO NOTHING
    RETURNING agent_id
""")


class AgentNameTakenError(OwnerlineError):
    """Two agents cannot have one name: reports and exports tell them apart by it."""


class OffRosterError(OwnerlineError):
    """An agent who is off the roster cannot sign in; put them on it first."""


async def add_agent(
    session: AsyncSession,
    *,
    name: str,
    team: str | None = None,
    skills: Sequence[str] = (),
    languages: Sequence[Language] = (),
    weight: float = 1.0,
    endpoint: str | None = None,
    now: datetime,
) -> int:
    """Put somebody on the roster, with a room of their own; returns the agent's id.

    Raises:
        AgentNameTakenError: somebody has this name already.
        EndpointError: the endpoint is no phone of ours.
    """
    check_endpoint(endpoint)
    added = await session.execute(
        _ADD,
        {
            "name": name,
            "team": team,
            "skills": list(skills),
            "languages": [language.value for language in languages],
            "weight": weight,
            "endpoint": endpoint,
            "now": now,
        },
    )
    agent_id = added.scalar_one_or_none()
    if agent_id is None:
        message = f"there is an agent {name!r} already; choose another name"
        raise AgentNameTakenError(message)
    await tell(session, Topic.AGENT, agent_id)
    return int(agent_id)


async def set_on_roster(
    session: AsyncSession, agent_id: int, *, active: bool, by: str, now: datetime
) -> None:
    """Put an agent on the roster, or take them off it; who is off it is signed out.

    Whose owners they were is shared out anew by `portfolio.assign_portfolio`.

    Raises:
        UnknownAgentError: no such agent.
    """
    if not active:
        await change(session, agent_id, ScreenLost(), by=by, why="off the roster", now=now)
    written = await session.execute(
        sa.update(_AGENT)
        .where(_AGENT.c.agent_id == agent_id)
        .values(active=active)
        .returning(_AGENT.c.agent_id)
    )
    if written.first() is None:
        raise UnknownAgentError(agent_id)
    await audit(
        session,
        actor=by,
        action="agent_roster",
        subject=f"agent:{agent_id}",
        detail={"active": active},
        now=now,
    )
    await tell(session, Topic.AGENT, agent_id)


async def sign_in(session: AsyncSession, agent_id: int, *, now: datetime) -> None:
    """Let an agent sit down, ready for calls; their screen beats from now on.

    Raises:
        UnknownAgentError: no such agent.
        OffRosterError: the agent is off the roster.
        AgentStateError: the agent is signed in already.
    """
    changed = await change(session, agent_id, SignIn(), by=BY_AGENT, why="signed in", now=now)
    if not changed.row.active:
        message = f"agent {agent_id} is off the roster; put them on it first"
        raise OffRosterError(message)
    await beat(session, agent_id)
    await ask_anew(session, agent_id)


async def sign_out(session: AsyncSession, agent_id: int, *, now: datetime) -> None:
    """Let an agent leave.

    Raises:
        UnknownAgentError: no such agent.
        AgentStateError: a call or a wrap-up is open.
    """
    await change(session, agent_id, SignOut(), by=BY_AGENT, why="signed out", now=now)


async def become_ready(session: AsyncSession, agent_id: int, *, now: datetime) -> None:
    """Let an agent come back from a break.

    Raises:
        UnknownAgentError: no such agent.
        AgentStateError: the agent is on no break.
    """
    changed = await change(session, agent_id, BecomeReady(), by=BY_AGENT, why="back", now=now)
    if changed.moved:
        await ask_anew(session, agent_id)


async def take_break(
    session: AsyncSession, agent_id: int, reason: BreakReason, *, now: datetime
) -> None:
    """Let an agent go away for a while; a call that is shown goes to somebody else.

    Raises:
        UnknownAgentError: no such agent.
        AgentStateError: a call or a wrap-up is open, or the agent is not signed in.
    """
    await change(session, agent_id, TakeBreak(reason=reason), by=BY_AGENT, why=reason, now=now)


async def take_more_time(
    session: AsyncSession, agent_id: int, attempt_id: UUID, *, until: datetime, now: datetime
) -> None:
    """Let an agent write for longer; it stays among their steps, where supervisors see it.

    Raises:
        UnknownAgentError: no such agent.
        AgentStateError: the agent owes no wrap-up of this call.
    """
    longer = MoreTime(attempt_id=attempt_id, until=until)
    await change(session, agent_id, longer, by=BY_AGENT, why="more_time", now=now)


async def hang_up(session: AsyncSession, agent_id: int, *, now: datetime) -> None:
    """Let an agent end their call; the dialer that carries it hears of it.

    Raises:
        UnknownAgentError: no such agent.
        AgentStateError: the agent has no call.
    """
    await change(session, agent_id, HangUp(), by=BY_AGENT, why="hang_up", now=now)


async def force(
    session: AsyncSession, agent_id: int, to: AgentState, *, by: str, why: str, now: datetime
) -> Changed:
    """Let a supervisor send an agent on a break, call them back, or sign them out from any state.

    A call of an agent who is signed out goes to another one, or ends, at the next sweep.

    Raises:
        UnknownAgentError: no such agent.
        AgentStateError: the agent cannot be brought there.
    """
    match to:
        case AgentState.OFFLINE:
            changed = await change(session, agent_id, ScreenLost(), by=by, why=why, now=now)
        case AgentState.BREAK:
            away = TakeBreak(reason=BreakReason.SENT)
            changed = await change(session, agent_id, away, by=by, why=why, now=now)
        case _:
            changed = await change(session, agent_id, BecomeReady(), by=by, why=why, now=now)
            await ask_anew(session, agent_id)
    await audit(
        session,
        actor=by,
        action="agent_forced",
        subject=f"agent:{agent_id}",
        detail={"to": to.value, "why": why},
        now=now,
    )
    return changed


async def beat(session: AsyncSession, agent_id: int, *, at: datetime | None = None) -> None:
    """Note that an agent's screen is there.

    `at` is the database's real time by default; a rehearsal on a virtual clock names its own.
    """
    seen = sa.func.clock_timestamp() if at is None else at
    await session.execute(
        sa.update(_AGENT).where(_AGENT.c.agent_id == agent_id).values(heartbeat_at=seen)
    )


async def roster(session: AsyncSession) -> Sequence[AnyRow]:
    """Return every agent's row, by team and name."""
    return (await session.execute(_ROSTER)).all()
