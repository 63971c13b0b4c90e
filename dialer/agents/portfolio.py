"""Portfolios: every owner of a community has an agent of their own, shared out by weight.

Shares follow the agents' weights within each language, by largest remainder. Who keeps their agent
keeps them; only what is beyond a share, or was with somebody off the roster, moves. Equal files and
rosters give equal portfolios.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from customers.service import audit
from dialer.agents.model import UnknownAgentError
from dialer.agents.tables import Agent, Portfolio

_ASSIGN = sa.text("""
    WITH people AS MATERIALIZED (
        SELECT DISTINCT o.person_id, person.language, own.agent_id, coalesce(own.by_hand, false)
               AND kept.agent_id IS NOT NULL AS by_hand
        FROM occupancy o
        JOIN unit USING (unit_id)
        JOIN community USING (community_id)
        JOIN person USING (person_id)
        LEFT JOIN portfolio own USING (person_id)
        LEFT JOIN agent kept ON kept.agent_id = own.agent_id AND kept.active
        WHERE unit.community_id = :community_id AND o.role = 'owner'
          AND person.deceased_at IS NULL
          AND daterange(o.valid_from, o.valid_until)
              @> CAST(CAST(:now AS timestamptz) AT TIME ZONE community.time_zone AS date)
    ), staff AS (
        SELECT agent_id, weight, languages
        FROM agent
        WHERE active AND (CAST(:team AS text) IS NULL OR team = :team)
    ), speaks AS (
        SELECT language, agent_id, weight,
               weight / sum(weight) OVER (PARTITION BY language) AS share
        FROM (SELECT DISTINCT language FROM people) AS spoken
        JOIN staff ON cardinality(languages) = 0 OR language = ANY (languages)
    ), exact AS (
        SELECT language, agent_id, share * owners AS share
        FROM speaks
        JOIN (SELECT language, count(*) AS owners FROM people WHERE NOT by_hand GROUP BY language)
            AS counted USING (language)
    ), quota AS (
        SELECT language, agent_id,
               floor(share) + CASE WHEN row_number() OVER (
                       PARTITION BY language ORDER BY share - floor(share) DESC, agent_id
                   ) <= round(sum(share - floor(share)) OVER (PARTITION BY language))
               THEN 1 ELSE 0 END AS places
        FROM exact
    ), ranked AS (
        SELECT person_id, language, agent_id,
               row_number() OVER (PARTITION BY language, agent_id ORDER BY person_id) AS nth
        FROM people
        WHERE NOT by_hand
    ), stays AS (
        SELECT ranked.person_id, ranked.language, ranked.agent_id
        FROM ranked
        JOIN quota USING (language, agent_id)
        WHERE nth <= places
    ), free_place AS (
        SELECT quota.language, quota.agent_id,
               row_number() OVER (
                   PARTITION BY quota.language ORDER BY place, quota.agent_id
               ) AS nth
        FROM quota
        LEFT JOIN (SELECT language, agent_id, count(*) AS taken FROM stays GROUP BY 1, 2) AS taken
            USING (language, agent_id)
        CROSS JOIN LATERAL generate_series(
            1, CAST(quota.places - coalesce(taken.taken, 0) AS int)) AS place
    ), moves AS (
        SELECT person_id, language,
               row_number() OVER (PARTITION BY language ORDER BY person_id) AS nth
        FROM ranked
        WHERE NOT EXISTS (SELECT FROM stays WHERE stays.person_id = ranked.person_id)
    ), written AS (
        INSERT INTO portfolio (person_id, agent_id, assigned_at, by_hand)
        SELECT person_id, agent_id, :now, false
        FROM moves
        JOIN free_place USING (language, nth)
        ORDER BY person_id
        ON CONFLICT (person_id) DO UPDATE
        SET agent_id = excluded.agent_id, assigned_at = excluded.assigned_at, by_hand = false
        RETURNING person_id
    )
    SELECT (SELECT count(*) FROM people) AS owners,
           (SELECT count(*) FROM written) AS moved,
           (SELECT count(*) FROM moves) - (SELECT count(*) FROM written) AS without_agent
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class Assigned:
    """What sharing a community's owners out came to."""

    owners: int
    moved: int  # got an agent, or another one
    without_agent: int  # nobody on the roster speaks their language


async def assign_portfolio(
    session: AsyncSession, *, community_id: int, team: str | None = None, now: datetime
) -> Assigned:
    """Share a community's present owners out among the agents on the roster.

    Args:
        session: its transaction holds the assignment; the caller commits.
        community_id: whose owners.
        team: only agents of this team; None means everybody on the roster.
        now: aware.
    """
    found = await session.execute(_ASSIGN, {"community_id": community_id, "team": team, "now": now})
    row = found.one()
    return Assigned(owners=row.owners, moved=row.moved, without_agent=row.without_agent)


async def assign_by_hand(
    session: AsyncSession, *, person_id: int, agent_id: int, by: str, now: datetime
) -> None:
    """Give a person an agent of their own; it stays so while that agent is on the roster.

    Raises:
        UnknownAgentError: no such agent on the roster.
    """
    active = await session.scalar(
        sa.select(Agent.agent_id).where(Agent.agent_id == agent_id, Agent.active)
    )
    if active is None:
        raise UnknownAgentError(agent_id)
    values = {"agent_id": agent_id, "assigned_at": now, "by_hand": True}
    await session.execute(
        insert(Portfolio)
        .values(person_id=person_id, **values)
        .on_conflict_do_update(index_elements=["person_id"], set_=values)
    )
    await audit(
        session,
        actor=by,
        action="portfolio_assigned",
        subject=f"person:{person_id}",
        detail={"agent_id": agent_id},
        now=now,
    )
