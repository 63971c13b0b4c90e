"""An agent's day as it was: the states one after the other, with who changed them and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.agents.model import AgentState

_MOST = 2000

_CHANGES = sa.text("""
    (SELECT at, to_state, by, why FROM agent_state_change
     WHERE agent_id = :agent_id AND at < :since
     ORDER BY at DESC, agent_state_change_id DESC LIMIT 1)
    UNION ALL
    (SELECT at, to_state, by, why FROM agent_state_change
     WHERE agent_id = :agent_id AND at >= :since AND at < :until
     ORDER BY at, agent_state_change_id LIMIT :most)
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A state from one instant to another; `by` and `why` are of its beginning."""

    state: AgentState
    since: datetime
    until: datetime
    by: str
    why: str

    @property
    def lasted(self) -> timedelta:
        """How long it lasted."""
        return self.until - self.since


async def day_of(
    session: AsyncSession, agent_id: int, *, since: datetime, until: datetime
) -> list[Stretch]:
    """Return an agent's states of a period in their order; before the first change: offline."""
    rows = await session.execute(
        _CHANGES, {"agent_id": agent_id, "since": since, "until": until, "most": _MOST}
    )
    found: list[Stretch] = []
    begins: tuple[datetime, AgentState, str, str] = (since, AgentState.OFFLINE, "", "")
    for row in rows:
        at = max(row.at, since)
        _add(found, begins, at)
        begins = (at, AgentState(row.to_state), row.by, row.why)
    _add(found, begins, until)
    return found


def totals(stretches: Sequence[Stretch]) -> dict[AgentState, timedelta]:
    """Return how long each state lasted in all."""
    found: dict[AgentState, timedelta] = {}
    for each in stretches:
        found[each.state] = found.get(each.state, timedelta()) + each.lasted
    return found


def _add(
    found: list[Stretch], begins: tuple[datetime, AgentState, str, str], until: datetime
) -> None:
    since, state, by, why = begins
    if until > since:
        found.append(Stretch(state=state, since=since, until=until, by=by, why=why))
