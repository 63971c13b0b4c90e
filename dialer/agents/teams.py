"""Which campaigns' calls reach an agent: their team, skills, languages and share of owners."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import table_of
from core.live import Topic, tell
from customers.model import Language
from customers.service import audit
from dialer.agents.model import UnknownAgentError
from dialer.agents.tables import Agent

_AGENT = table_of(Agent)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where an agent belongs; without languages they speak all of them."""

    team: str | None
    skills: Sequence[str]
    languages: Sequence[Language]
    weight: float


_MATES = sa.text("""
    SELECT mate.agent_id FROM agent own
    JOIN agent mate ON mate.agent_id = own.agent_id OR mate.team = own.team
    WHERE own.agent_id = :agent_id
    ORDER BY mate.agent_id
""")


async def team_of(session: AsyncSession, agent_id: int) -> Sequence[int]:
    """Return the agents of an agent's team, themselves among them; alone who has none."""
    return (await session.scalars(_MATES, {"agent_id": agent_id})).all()


async def place_agent(
    session: AsyncSession, agent_id: int, place: Place, *, by: str, now: datetime
) -> bool:
    """Set where an agent belongs from their next call on; False when nothing differs.

    Raises:
        UnknownAgentError: no such agent.
    """
    values = {
        "team": place.team,
        "skills": list(dict.fromkeys(place.skills)),
        "languages": [each.value for each in dict.fromkeys(place.languages)],
        "weight": place.weight,
    }
    row = (
        await session.execute(
            sa.select(*(_AGENT.c[name] for name in values))
            .where(_AGENT.c.agent_id == agent_id)
            .with_for_update()
        )
    ).one_or_none()
    if row is None:
        raise UnknownAgentError(agent_id)
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if not changed:
        return False
    await session.execute(sa.update(_AGENT).where(_AGENT.c.agent_id == agent_id).values(**changed))
    await audit(
        session,
        actor=by,
        action="agent_placed",
        subject=f"agent:{agent_id}",
        detail=changed,
        now=now,
    )
    await tell(session, Topic.AGENT, agent_id)
    return True
