"""Which page speaks for an agent: the newest one, so that two open pages never fight."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow, table_of
from core.live import Topic, tell
from dialer.agents.model import AgentStateError
from dialer.agents.screen_tables import DeskTab
from dialer.agents.states import (
    Break,
    Dialling,
    Offered,
    Offline,
    OnCall,
    Ready,
    Standing,
    WrapUp,
)
from dialer.agents.transitions import lock_agent, standing_of

_TAB = table_of(DeskTab)
_HOLDER = sa.select(_TAB.c.tab).where(_TAB.c.agent_id == sa.bindparam("agent_id"))
_TAKE = insert(_TAB).values(
    agent_id=sa.bindparam("agent_id"), tab=sa.bindparam("tab"), taken_at=sa.bindparam("now")
)
_TAKE = _TAKE.on_conflict_do_update(
    index_elements=["agent_id"],
    set_={"tab": _TAKE.excluded.tab, "taken_at": _TAKE.excluded.taken_at},
)
_FIRST_LOOK = insert(_TAB).values(
    agent_id=sa.bindparam("agent_id"),
    tab="",
    taken_at=sa.bindparam("now"),
    looked_of=sa.bindparam("of"),
    looked=sa.bindparam("parts"),
)
_LOOK = _FIRST_LOOK.on_conflict_do_update(
    index_elements=["agent_id"],
    set_={
        "looked_of": _FIRST_LOOK.excluded.looked_of,
        "looked": sa.case(
            (
                _TAB.c.looked_of == _FIRST_LOOK.excluded.looked_of,
                _TAB.c.looked.op("||")(_FIRST_LOOK.excluded.looked),
            ),
            else_=_FIRST_LOOK.excluded.looked,
        ),
    },
    where=sa.or_(
        _TAB.c.looked_of.is_distinct_from(_FIRST_LOOK.excluded.looked_of),
        sa.not_(_TAB.c.looked.contains(_FIRST_LOOK.excluded.looked)),
    ),
).returning(_TAB.c.agent_id)


class AnotherPageError(AgentStateError):
    """The desk is open in another window; take it back here, or go on there."""


class MovedOnError(AgentStateError):
    """The page showed what is over by now; nothing was done, and it shows the present again."""


async def take_desk(session: AsyncSession, agent_id: int, tab: str, *, now: datetime) -> None:
    """Let a page speak for an agent; any other one of theirs is told that it no longer does."""
    await session.execute(_TAKE, {"agent_id": agent_id, "tab": tab, "now": now})
    await tell(session, Topic.AGENT, agent_id)


async def holds_desk(session: AsyncSession, agent_id: int, tab: str) -> bool:
    """Say whether a page speaks for an agent."""
    return bool(await session.scalar(_HOLDER, {"agent_id": agent_id}) == tab)


async def hold_desk(
    session: AsyncSession, agent_id: int, *, tab: str, mark: str | None = None
) -> AnyRow:
    """Return an agent's row, held, for what a page of theirs asks.

    `mark` is what the page shows (see `mark_of`); None: whatever it is.

    Raises:
        UnknownAgentError: no such agent.
        AnotherPageError: another page speaks for the agent.
        MovedOnError: the agent stands elsewhere by now.
    """
    agent = await lock_agent(session, agent_id)
    if not await holds_desk(session, agent_id, tab):
        message = f"the desk of agent {agent_id} is open in another window; nothing was done here"
        raise AnotherPageError(message)
    present = mark_of(standing_of(agent))
    if mark is not None and mark != present:
        message = f"this page showed {mark}, and it is {present} now; nothing was done"
        raise MovedOnError(message)
    return agent


def mark_of(standing: Standing) -> str:
    """Return a word for where an agent stands and with what, the same while it is the same."""
    match standing:
        case Offered():
            return f"offer-{standing.due_call_id}"
        case Dialling() | OnCall():
            return f"call-{standing.attempt_id}"
        case WrapUp():
            return f"wrap-{standing.attempt_id}"
        case Ready() | Break() | Offline():
            return type(standing).__name__.lower()


async def is_first_look(
    session: AsyncSession, agent_id: int, *, of: str, part: str, now: datetime
) -> bool:
    """Say whether a part of the file is shown for the first time in this call or offer."""
    looking = {"agent_id": agent_id, "of": of, "parts": [part], "now": now}
    return (await session.execute(_LOOK, looking)).first() is not None
