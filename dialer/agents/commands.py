"""What agents and supervisors ask of calls that another process carries: hold, transfer, listen.

A command is a row. The dialer that carries the call takes it within seconds, or nobody does: what
was not done then has failed, and is never carried out later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow, table_of
from core.live import Topic, tell
from core.phone import PhoneNumber
from customers.service import audit
from dialer.agents.desk import Desk
from dialer.agents.endpoints import check_colleague, check_endpoint
from dialer.agents.guide_tables import MAY_RECORD, CallGuide
from dialer.agents.model import (
    AgentStateError,
    ColleagueNotFreeError,
    CommandKind,
    CommandState,
    NoCallUpError,
    RecordingRefusedError,
)
from dialer.agents.outside import check_outside
from dialer.agents.states import OnCall
from dialer.agents.tables import Agent, FloorCommand
from dialer.agents.transitions import FREE, lock_agent, standing_of
from dialer.bridges.floor import MonitorMode

# Who pressed the key waits for it: later they have done something else.
EXPIRES_AFTER = timedelta(seconds=10)

_AGENT, _COMMAND = table_of(Agent), table_of(FloorCommand)
_GUIDE = table_of(CallGuide)
_KEPT = 50  # shown of one agent

_ASK = sa.insert(_COMMAND).returning(_COMMAND)
_OF_AGENT = (
    sa.select(_COMMAND)
    .where(_COMMAND.c.agent_id == sa.bindparam("agent_id"))
    .order_by(_COMMAND.c.command_id.desc())
    .limit(_KEPT)
)
# What was asked last, while it is on its way; whoever asks holds the agent's row.
_LAST = sa.select(_COMMAND).where(
    _COMMAND.c.command_id
    == sa.select(sa.func.max(_COMMAND.c.command_id))
    .where(_COMMAND.c.agent_id == sa.bindparam("agent_id"))
    .scalar_subquery(),
    _COMMAND.c.state.in_([CommandState.ASKED, CommandState.TAKEN]),
    _COMMAND.c.expires_at > sa.func.clock_timestamp(),
)
_NOT_AGREED = sa.select(
    _GUIDE.c.base.contains({MAY_RECORD: False}),
).where(_GUIDE.c.attempt_id == sa.bindparam("attempt_id"))
_FAIL_LATE = (
    sa.update(_COMMAND)
    .where(
        _COMMAND.c.state.in_([CommandState.ASKED, CommandState.TAKEN]),
        _COMMAND.c.expires_at <= sa.func.clock_timestamp(),
    )
    .values(
        state=CommandState.FAILED,
        reason=sa.case(
            (_COMMAND.c.state == CommandState.ASKED, "no dialer carries the call any more"),
            else_="the dialer that took it has gone",
        ),
        ended_at=sa.func.clock_timestamp(),
    )
    .returning(_COMMAND.c.agent_id)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """Who asks something of which agent's call."""

    agent_id: int
    by: str
    now: datetime


async def ask_simply(session: AsyncSession, asking: Asking, kind: CommandKind) -> AnyRow:
    """Ask for what needs no more words: hold, back, dismiss, pause or resume the recording.

    Raises:
        UnknownAgentError: no such agent.
        AgentStateError: the agent has no call, or its owner wants no recording.
    """
    attempt_id = await _call_of(session, asking)
    if kind is CommandKind.RESUME_RECORDING and await session.scalar(
        _NOT_AGREED, {"attempt_id": attempt_id}
    ):
        message = "this call may only be recorded with the owner's yes, and there is none"
        raise RecordingRefusedError(message)
    return await _ask(session, asking, kind, attempt_id=attempt_id, given={})


async def ask_to_hand_over(session: AsyncSession, asking: Asking, to_agent_id: int) -> AnyRow:
    """Ask for the call to go to a ready colleague, who writes it down.

    Raises:
        UnknownAgentError: no such agent.
        AgentStateError: the agent has no call, or the colleague is not ready.
    """
    attempt_id = await _call_of(session, asking)
    await _check_ready(session, to_agent_id, but=asking.agent_id)
    given = {"to_agent_id": to_agent_id}
    return await _ask(session, asking, CommandKind.TO_AGENT, attempt_id=attempt_id, given=given)


async def ask_to_pass_on(
    session: AsyncSession, asking: Asking, to: PhoneNumber, *, desk: Desk
) -> AnyRow:
    """Ask for the owner to be connected with an outside number, and left to it.

    Raises:
        UnknownAgentError: no such agent.
        AgentStateError: the agent has no call.
        OutsideNumberError: the rules refuse the number.
    """
    attempt_id = await _call_of(session, asking)
    await check_outside(session, to, attempt_id=attempt_id, desk=desk)
    given = {"e164": to.e164}
    return await _ask(session, asking, CommandKind.TO_NUMBER, attempt_id=attempt_id, given=given)


async def ask_to_invite(
    session: AsyncSession, asking: Asking, who: PhoneNumber | str, *, desk: Desk
) -> AnyRow:
    """Ask for a third party in the room: an outside number, or an endpoint of ours.

    Raises:
        UnknownAgentError: no such agent.
        AgentStateError: the agent has no call.
        OutsideNumberError: the rules refuse the number.
        EndpointError: it is no phone of ours.
    """
    attempt_id = await _call_of(session, asking)
    if isinstance(who, PhoneNumber):
        await check_outside(session, who, attempt_id=attempt_id, desk=desk)
        given = {"e164": who.e164}
    else:
        await check_colleague(session, who)
        given = {"endpoint": who}
    return await _ask(session, asking, CommandKind.INVITE, attempt_id=attempt_id, given=given)


async def ask_to_monitor(
    session: AsyncSession, asking: Asking, endpoint: str, mode: MonitorMode
) -> AnyRow:
    """Ask for a supervisor's phone to be rung into an agent's room.

    Raises:
        UnknownAgentError: no such agent.
        EndpointError: it is no phone of ours.
        AgentStateError: the agent's phone is not in its room.
    """
    check_endpoint(endpoint)
    agent = await lock_agent(session, asking.agent_id)
    if agent.seated_on is None:
        message = f"the phone of agent {asking.agent_id} is not in its room: nothing to {mode} to"
        raise AgentStateError(message)
    given = {"endpoint": endpoint, "mode": mode.value}
    return await _ask(session, asking, CommandKind.MONITOR, attempt_id=None, given=given)


async def commands_of(session: AsyncSession, agent_id: int) -> list[AnyRow]:
    """Return what was asked of an agent's calls last, the latest first."""
    return list(await session.execute(_OF_AGENT, {"agent_id": agent_id}))


async def fail_late(session: AsyncSession) -> int:
    """Let commands fail that nobody carried out in their seconds; returns how many."""
    agent_ids = list((await session.execute(_FAIL_LATE)).scalars())
    for agent_id in sorted(set(agent_ids)):
        await tell(session, Topic.AGENT, agent_id)
    return len(agent_ids)


async def _call_of(session: AsyncSession, asking: Asking) -> UUID:
    """Return the call the agent speaks on; the agent's row is held."""
    standing = standing_of(await lock_agent(session, asking.agent_id))
    if isinstance(standing, OnCall):
        return standing.attempt_id
    message = f"agent {asking.agent_id} speaks with nobody: there is no call to do that with"
    raise NoCallUpError(message)


async def _check_ready(session: AsyncSession, agent_id: int, *, but: int) -> None:
    is_free = await session.scalar(sa.select(FREE).where(_AGENT.c.agent_id == agent_id))
    if agent_id == but or not is_free:
        message = f"agent {agent_id} cannot take the call now; choose a colleague who is ready"
        raise ColleagueNotFreeError(message)


async def _ask(
    session: AsyncSession,
    asking: Asking,
    kind: CommandKind,
    *,
    attempt_id: UUID | None,
    given: Mapping[str, Any],
) -> AnyRow:
    last = (await session.execute(_LAST, {"agent_id": asking.agent_id})).one_or_none()
    if last is not None and (last.kind, last.attempt_id, last.given) == (kind, attempt_id, given):
        return last  # pressed twice: it is on its way
    real_now = sa.func.clock_timestamp()
    row: AnyRow = (
        await session.execute(
            _ASK.values(
                kind=kind,
                agent_id=asking.agent_id,
                attempt_id=attempt_id,
                given=dict(given),
                asked_by=asking.by,
                asked_at=real_now,
                expires_at=real_now + EXPIRES_AFTER,
            )
        )
    ).one()
    detail = {"kind": kind.value, "attempt_id": None if attempt_id is None else str(attempt_id)}
    await audit(
        session,
        actor=asking.by,
        action="floor_command",
        subject=f"agent:{asking.agent_id}",
        detail={"command_id": row.command_id, **detail, **given},
        now=asking.now,
    )
    await tell(session, Topic.AGENT, asking.agent_id)
    return row
