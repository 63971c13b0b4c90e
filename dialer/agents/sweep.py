"""The sweep: nobody stays stuck, whatever was killed, lost or forgotten.

Each sweep brings every agent in line with the clock, with their screen and with their call. It may
run anywhere, any number of times; what somebody else holds is left to the next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow, table_of
from dialer.agents.calls import end_for_agent, meet
from dialer.agents.desk import Desk
from dialer.agents.model import AgentState, Unwrapped
from dialer.agents.outcomes import settle_without_agent
from dialer.agents.states import WrapUp
from dialer.agents.steps import ScreenLost, TimePassed
from dialer.agents.tables import Agent
from dialer.agents.transitions import change_locked
from dialer.model import AnsweredBy, AttemptState
from dialer.tables import Attempt, AttemptDueCall

_BY = "sweep"
_AGENT, _ATTEMPT, _SERVED = table_of(Agent), table_of(Attempt), table_of(AttemptDueCall)

# Who speaks by their desk phone is there, whatever has become of their screen. They may still come
# back to it for the wrap-up, which ends by itself.
_NEEDS_SCREEN = sa.and_(
    _AGENT.c.state != AgentState.OFFLINE,
    sa.or_(
        _AGENT.c.state.not_in([AgentState.ON_CALL, AgentState.WRAP_UP]),
        _AGENT.c.seated_on.is_(None),
    ),
)
_SILENT = (
    sa.select(_AGENT)
    .where(
        _NEEDS_SCREEN,
        sa.func.coalesce(_AGENT.c.heartbeat_at, _AGENT.c.state_since)
        <= sa.func.coalesce(
            sa.bindparam("screen_now", type_=sa.DateTime(timezone=True)), sa.func.clock_timestamp()
        )
        - sa.bindparam("lost_after", type_=sa.Interval),
    )
    .order_by(_AGENT.c.agent_id)
    .with_for_update(skip_locked=True)
)
_LATE = (
    sa.select(_AGENT)
    .where(_AGENT.c.until <= sa.bindparam("now"))
    .order_by(_AGENT.c.agent_id)
    .with_for_update(skip_locked=True)
)
# An agent whose call went on without them: answered, or ended, and nobody told them.
_BEHIND = (
    sa.select(
        _AGENT,
        _ATTEMPT.c.state.label("attempt_state"),
        _ATTEMPT.c.answered_at,
    )
    .join(_ATTEMPT, _ATTEMPT.c.attempt_id == _AGENT.c.attempt_id)
    .where(
        sa.or_(
            sa.and_(
                _AGENT.c.state.in_([AgentState.RESERVED, AgentState.ON_CALL]),
                _ATTEMPT.c.state == AttemptState.ENDED,
            ),
            sa.and_(
                _AGENT.c.state == AgentState.RESERVED,
                _ATTEMPT.c.state == AttemptState.ANSWERED,
                _ATTEMPT.c.answered_by != AnsweredBy.MACHINE,
            ),
        )
    )
    .order_by(_AGENT.c.agent_id)
    .with_for_update(of=_AGENT, skip_locked=True)
)
_UNWRAPPED = (
    sa.select(_SERVED.c.attempt_id)
    .join(_ATTEMPT, _ATTEMPT.c.attempt_id == _SERVED.c.attempt_id)
    .where(
        _SERVED.c.settled_at.is_(None),
        _ATTEMPT.c.state == AttemptState.ENDED,
        _ATTEMPT.c.agent_id.is_not(None),
        ~sa.exists().where(_AGENT.c.attempt_id == _ATTEMPT.c.attempt_id),
    )
)
_NEXT = sa.select(
    sa.func.min(
        sa.func.least(
            _AGENT.c.until,
            sa.case(
                (
                    _NEEDS_SCREEN,
                    sa.func.coalesce(_AGENT.c.heartbeat_at, _AGENT.c.state_since)
                    + sa.bindparam("lost_after", type_=sa.Interval),
                )
            ),
        )
    )
).where(_AGENT.c.state != AgentState.OFFLINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepReport:
    """What a sweep did."""

    lost: int = 0  # agents whose screen is gone
    late: int = 0  # offers and wrap-ups that ran out
    caught_up: int = 0  # agents brought in line with their call
    settled: int = 0  # calls whose outcome no agent gave

    def __bool__(self) -> bool:
        return bool(self.lost or self.late or self.caught_up or self.settled)


async def sweep(
    session: AsyncSession, *, desk: Desk, now: datetime, screen_now: datetime | None = None
) -> SweepReport:
    """Bring agents in line with their screens, the clock and their calls.

    Args:
        session: its transaction holds the sweep; the caller commits.
        desk: campaigns and limits.
        now: business time, aware.
        screen_now: what heartbeats are compared with; None is the database's real time, a
            rehearsal on a virtual clock gives its own.
    """
    settled = 0
    # Time before screens: whose wrap-up runs out while their screen is silent gets no call between.
    late = await _rows(session, _LATE, {"now": now})
    for agent in late:
        passed = TimePassed(now=now)
        changed = await change_locked(session, agent, passed, by=_BY, why="time_ran_out", now=now)
        if isinstance(changed.before, WrapUp):
            settled += await settle_without_agent(
                session, changed.before.attempt_id, Unwrapped.TIME_RAN_OUT, desk=desk, now=now
            )
    silent = await _rows(
        session, _SILENT, {"screen_now": screen_now, "lost_after": desk.rules.lost_after}
    )
    for agent in silent:
        changed = await change_locked(
            session, agent, ScreenLost(), by=_BY, why="screen_lost", now=now
        )
        if isinstance(changed.before, WrapUp):
            settled += await settle_without_agent(
                session, changed.before.attempt_id, Unwrapped.AGENT_LOST, desk=desk, now=now
            )
    behind = await _rows(session, _BEHIND, {})
    for agent in behind:
        if agent.attempt_state is AttemptState.ENDED:
            await end_for_agent(session, agent, agent.attempt_id, desk=desk)
        else:
            await meet(session, agent, agent.attempt_id, at=agent.answered_at)
    unwrapped = await session.execute(_UNWRAPPED)
    for attempt_id in sorted(set(unwrapped.scalars())):
        settled += await settle_without_agent(
            session, attempt_id, Unwrapped.AGENT_LOST, desk=desk, now=now
        )
    return SweepReport(lost=len(silent), late=len(late), caught_up=len(behind), settled=settled)


async def next_sweep_at(session: AsyncSession, *, desk: Desk) -> datetime | None:
    """Return when the next offer, wrap-up or screen runs out; for a clock that heartbeats go by."""
    parameters = {"lost_after": desk.rules.lost_after}
    next_at: datetime | None = (await session.execute(_NEXT, parameters)).scalar_one()
    return next_at


async def _rows(
    session: AsyncSession, query: sa.Select[*tuple[Any, ...]], parameters: dict[str, Any]
) -> Sequence[AnyRow]:
    return (await session.execute(query, parameters)).all()
