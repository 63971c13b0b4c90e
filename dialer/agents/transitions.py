"""The one way an agent's state is changed: the row locked, the step asked, the change kept, told.

Whoever locks an agent locks due calls and accounts after it, never before.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.model import DueCallState
from callback.tables import DueCall
from core.columns import AnyRow, table_of
from core.live import Topic, tell
from dialer.agents.model import AgentState, UnknownAgentError
from dialer.agents.states import (
    WORD,
    Break,
    Dialling,
    Offered,
    Offline,
    OnCall,
    Ready,
    Standing,
    WrapUp,
    attempt_of,
)
from dialer.agents.steps import Step, after
from dialer.agents.tables import Agent, AgentStateChange

_AGENT, _CHANGE, _DUE_CALL = table_of(Agent), table_of(AgentStateChange), table_of(DueCall)

# Who merely looks at a call that is offered can have one that is up; theirs goes back then.
LOOKING = sa.and_(
    _AGENT.c.state == AgentState.RESERVED,
    _AGENT.c.due_call_id.is_not(None),
    sa.not_(_AGENT.c.dial),
)
FREE = sa.or_(_AGENT.c.state == AgentState.READY, LOOKING)

_LOCK = sa.select(_AGENT).where(_AGENT.c.agent_id == sa.bindparam("agent_id")).with_for_update()
_WRITE = sa.update(_AGENT).where(_AGENT.c.agent_id == sa.bindparam("of_agent"))
_KEEP = sa.insert(_CHANGE)
# What is shown to an agent is offered to nobody else: it waits, and its turn is after the offer.
_KEEP_FROM_OTHERS = sa.update(_DUE_CALL).where(
    _DUE_CALL.c.due_call_id == sa.bindparam("of_due_call"),
    _DUE_CALL.c.state == DueCallState.WAITING,
)
_GIVE_BACK = sa.update(_DUE_CALL).where(
    _DUE_CALL.c.due_call_id == sa.bindparam("of_due_call"),
    _DUE_CALL.c.state == DueCallState.WAITING,
    _DUE_CALL.c.next_at == sa.bindparam("kept_until"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """An agent before and after a step; the row is as it was before."""

    row: AnyRow
    before: Standing
    after: Standing

    @property
    def moved(self) -> bool:
        """Whether the step changed anything."""
        return self.before != self.after


async def lock_agent(session: AsyncSession, agent_id: int) -> AnyRow:
    """Hold an agent's row to the end of the transaction.

    Raises:
        UnknownAgentError: no such agent.
    """
    row = (await session.execute(_LOCK, {"agent_id": agent_id})).one_or_none()
    if row is None:
        raise UnknownAgentError(agent_id)
    return row


def standing_of(row: AnyRow) -> Standing:
    """Return where the agent of a row stands."""
    standing: Standing = Offline()
    match row.state:
        case AgentState.READY:
            standing = Ready()
        case AgentState.RESERVED if row.due_call_id is not None:
            standing = Offered(due_call_id=row.due_call_id, until=row.until, dial=row.dial)
        case AgentState.RESERVED:
            standing = Dialling(attempt_id=row.attempt_id, hang_up=row.hang_up)
        case AgentState.ON_CALL:
            standing = OnCall(attempt_id=row.attempt_id, hang_up=row.hang_up)
        case AgentState.WRAP_UP:
            standing = WrapUp(attempt_id=row.attempt_id, until=row.until)
        case AgentState.BREAK:
            standing = Break(reason=row.break_reason)
    return standing


def is_free(row: AnyRow) -> bool:
    """Say whether an agent can be handed a call that is up: ready, or looking at an offer."""
    standing = standing_of(row)
    return isinstance(standing, Ready) or (isinstance(standing, Offered) and not standing.dial)


async def change(
    session: AsyncSession, agent_id: int, step: Step, *, by: str, why: str, now: datetime
) -> Changed:
    """Lock an agent, take a step, keep and tell it; what changes nothing is neither kept nor told.

    A due call that was only shown goes back to whoever comes next.

    Raises:
        UnknownAgentError: no such agent.
        AgentStateError: the step does not follow from where the agent stands.
    """
    row = await lock_agent(session, agent_id)
    return await change_locked(session, row, step, by=by, why=why, now=now)


async def change_locked(
    session: AsyncSession, row: AnyRow, step: Step, *, by: str, why: str, now: datetime
) -> Changed:
    """Take a step with an agent whose row is held as it was just read; see `change`."""
    before = standing_of(row)
    changed = Changed(row=row, before=before, after=after(before, step))
    if not changed.moved:
        return changed
    await session.execute(_WRITE, {"of_agent": row.agent_id, **_columns(changed, now)})
    if isinstance(changed.after, Offered):
        kept = {"of_due_call": changed.after.due_call_id, "next_at": changed.after.until}
        await session.execute(_KEEP_FROM_OTHERS, kept)
    elif isinstance(before, Offered) and not isinstance(changed.after, Dialling):
        back = {"of_due_call": before.due_call_id, "kept_until": before.until, "next_at": now}
        await session.execute(_GIVE_BACK, back)
    await session.execute(
        _KEEP,
        {
            "agent_id": row.agent_id,
            "at": now,
            "from_state": WORD[type(before)],
            "to_state": WORD[type(changed.after)],
            "attempt_id": attempt_of(changed.after) or attempt_of(before),
            "due_call_id": _due_call_of(changed.after) or _due_call_of(before),
            "by": by,
            "why": why,
        },
    )
    await tell(session, Topic.AGENT, row.agent_id)
    return changed


def _columns(changed: Changed, now: datetime) -> dict[str, Any]:
    standing = changed.after
    same_word = WORD[type(changed.before)] is WORD[type(standing)]
    return {
        "state": WORD[type(standing)],
        "state_since": changed.row.state_since if same_word else now,
        "until": standing.until if isinstance(standing, Offered | WrapUp) else None,
        "attempt_id": attempt_of(standing),
        "due_call_id": _due_call_of(standing),
        "dial": isinstance(standing, Offered) and standing.dial,
        "hang_up": isinstance(standing, Dialling | OnCall) and standing.hang_up,
        "break_reason": standing.reason if isinstance(standing, Break) else None,
        "signed_in_at": now if isinstance(changed.before, Offline) else changed.row.signed_in_at,
    }


def _due_call_of(standing: Standing) -> int | None:
    return standing.due_call_id if isinstance(standing, Offered) else None
