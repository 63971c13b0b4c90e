"""Who has how many owners and promised callbacks, and moving them: by number, by skill, or all.

A move is planned and shown before it is made; it is made only as it was shown. Who gets an owner is
decided by what each receiver has already, by weight, so that moving also evens out. An owner goes
only to who speaks their language.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.promised_agents import hand_over_due_calls
from core.errors import OwnerlineError
from core.live import Topic, tell
from customers.promised_agents import hand_over_requests
from customers.service import audit
from dialer.agents.model import UnknownAgentError

_BALANCES = sa.text("""
    WITH owners AS (
        SELECT agent_id, count(*) AS owners, count(*) FILTER (WHERE by_hand) AS by_hand
        FROM portfolio GROUP BY agent_id
    ), promised AS (
        SELECT agent_id, count(*) AS promised,
               count(*) FILTER (WHERE due_by <= :now) AS late,
               min(not_before) FILTER (WHERE due_by > :now) AS next_at
        FROM due_call
        WHERE agent_id IS NOT NULL AND settled_at IS NULL
        GROUP BY agent_id
    ), waiting AS (
        SELECT portfolio.agent_id, count(*) AS waiting
        FROM due_call
        JOIN portfolio USING (person_id)
        WHERE settled_at IS NULL AND state = 'waiting' AND mode = 'agent' AND not_before <= :now
        GROUP BY portfolio.agent_id
    )
    SELECT agent.agent_id, name, team, skills, languages, weight, active,
           coalesce(owners, 0) AS owners, coalesce(by_hand, 0) AS by_hand,
           coalesce(promised, 0) AS promised, coalesce(late, 0) AS late, next_at,
           coalesce(waiting, 0) AS waiting
    FROM agent
    LEFT JOIN owners USING (agent_id)
    LEFT JOIN promised USING (agent_id)
    LEFT JOIN waiting USING (agent_id)
    WHERE active OR owners > 0 OR promised > 0
    ORDER BY active DESC, name
    LIMIT 1000
""")

# Owners go one after the other, those shared out before those given by hand; the next place is that
# of the receiver who has least by weight (Webster: (has + 1/2) ÷ weight).
_PLAN = """
    WITH leaving AS MATERIALIZED (
        SELECT portfolio.person_id, person.language,
               row_number() OVER (ORDER BY by_hand, portfolio.person_id) AS nth
        FROM portfolio
        JOIN person USING (person_id)
        WHERE agent_id = :from_id
    ), chosen AS MATERIALIZED (
        SELECT person_id, language,
               row_number() OVER (PARTITION BY language ORDER BY nth) AS nth
        FROM leaving
        WHERE CAST(:most AS int) IS NULL OR nth <= :most
    ), receiver AS MATERIALIZED (
        SELECT agent.agent_id, weight, languages,
               (SELECT count(*) FROM portfolio WHERE portfolio.agent_id = agent.agent_id) AS has
        FROM agent
        WHERE active AND agent.agent_id <> :from_id
          AND (CAST(:to_id AS bigint) IS NULL OR agent.agent_id = :to_id)
          AND (CAST(:skill AS text) IS NULL OR :skill = ANY (skills))
          AND (CAST(:team AS text) IS NULL OR team = :team)
    ), place AS (
        SELECT wanted.language, agent_id,
               row_number() OVER (
                   PARTITION BY wanted.language ORDER BY (has + step - 0.5) / weight, agent_id
               ) AS nth
        FROM (SELECT language, count(*) AS owners FROM chosen GROUP BY language) AS wanted
        JOIN receiver ON cardinality(languages) = 0 OR wanted.language = ANY (languages)
        CROSS JOIN LATERAL generate_series(1, wanted.owners) AS step
    ), moves AS MATERIALIZED (
        SELECT chosen.person_id, place.agent_id
        FROM chosen
        JOIN place USING (language, nth)
    )
"""
_PREVIEW = sa.text(
    _PLAN  # noqa: S608 - both parts are ours
    + """
    SELECT (SELECT count(*) FROM chosen) AS owners, (SELECT count(*) FROM moves) AS moved,
           (SELECT md5(coalesce(
                string_agg(person_id || '>' || agent_id, ',' ORDER BY person_id), ''))
            FROM moves) AS mark,
           (SELECT coalesce(jsonb_agg(jsonb_build_array(name, each.owners) ORDER BY name), '[]')
            FROM (SELECT agent_id, count(*) AS owners FROM moves GROUP BY agent_id) AS each
            JOIN agent USING (agent_id)) AS receivers,
           (SELECT count(*) FROM due_call WHERE agent_id = :from_id AND settled_at IS NULL
               AND state = 'waiting'
               AND (:all_callbacks OR person_id IN (SELECT person_id FROM moves))) AS callbacks
"""
)
_WRITE = sa.text(
    _PLAN  # noqa: S608 - both parts are ours
    + """
    UPDATE portfolio SET agent_id = moves.agent_id, assigned_at = :now, by_hand = :by_hand
    FROM moves
    WHERE portfolio.person_id = moves.person_id AND portfolio.agent_id = :from_id
    RETURNING portfolio.person_id, portfolio.agent_id
"""
)
_AGENT_OF = sa.text("SELECT name, active FROM agent WHERE agent_id = :agent_id")
_LOCK = sa.text("SELECT FROM portfolio WHERE agent_id = :from_id ORDER BY person_id FOR UPDATE")


class MoveChangedError(OwnerlineError):
    """The owners or the roster have changed since the move was shown; look at it again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """What one agent has: owners, callbacks they promised in person, calls that wait for them."""

    agent_id: int
    name: str
    team: str | None
    skills: Sequence[str]
    languages: Sequence[str]
    weight: float
    active: bool
    owners: int
    by_hand: int
    promised: int
    late: int
    next_at: datetime | None
    waiting: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """Owners of one agent for another, or for all with a skill or of a team.

    `most` None means all of them: the agent leaves, and with the owners go all callbacks that were
    promised in person.
    """

    from_id: int
    most: int | None = None
    to_id: int | None = None
    skill: str | None = None
    team: str | None = None

    @property
    def is_leaving(self) -> bool:
        """Whether nothing stays with the agent."""
        return self.most is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """What a move comes to; `mark` is of every single owner and receiver in it."""

    owners: int
    moved: int
    callbacks: int
    receivers: Sequence[tuple[str, int]]
    mark: str

    @property
    def without_agent(self) -> int:
        """How many stay, for nobody who is to receive them speaks their language."""
        return self.owners - self.moved


async def balances(session: AsyncSession, *, now: datetime) -> list[Balance]:
    """Return what everybody on the roster has, and who is off it and has something still."""
    rows = await session.execute(_BALANCES, {"now": now})
    return [Balance(**row._asdict()) for row in rows]


async def plan_move(session: AsyncSession, move: Move) -> Planned:
    """Return what a move would come to; nothing is written.

    Raises:
        UnknownAgentError: there is no such agent.
    """
    await _name_of(session, move.from_id)
    if move.to_id is not None:
        await _name_of(session, move.to_id)
    row = (
        await session.execute(_PREVIEW, {**_asked(move), "all_callbacks": move.is_leaving})
    ).one()
    return Planned(
        owners=row.owners,
        moved=row.moved,
        callbacks=row.callbacks,
        receivers=[(name, owners) for name, owners in row.receivers],
        mark=row.mark,
    )


async def make_move(
    session: AsyncSession, move: Move, *, mark: str, by: str, now: datetime
) -> Planned:
    """Move the owners as they were shown, and the callbacks promised to them.

    A callback goes with its owner; of a leaver whose owner has no agent now, to the team.

    Raises:
        UnknownAgentError: there is no such agent.
        MoveChangedError: it would come out otherwise than it was shown.
    """
    await session.execute(_LOCK, {"from_id": move.from_id})
    planned = await plan_move(session, move)
    if planned.mark != mark:
        message = "the owners or the roster have changed since this was shown; look at it again"
        raise MoveChangedError(message)
    values = {**_asked(move), "now": now, "by_hand": not move.is_leaving}
    moved = {row.person_id: row.agent_id for row in await session.execute(_WRITE, values)}
    callbacks = await hand_over_due_calls(
        session, from_agent_id=move.from_id, to=moved, rest=move.is_leaving
    )
    await hand_over_requests(
        session, from_agent_id=move.from_id, to=moved, rest=move.is_leaving, now=now
    )
    await audit(
        session,
        actor=by,
        action="owners_moved",
        subject=f"agent:{move.from_id}",
        detail={
            "owners": len(moved),
            "callbacks": callbacks,
            "to": dict(planned.receivers),
            "leaving": move.is_leaving,
        },
        now=now,
    )
    for agent_id in sorted({move.from_id, *moved.values()}):
        await tell(session, Topic.AGENT, agent_id)
    return planned


def _asked(move: Move) -> dict[str, object]:
    return {
        "from_id": move.from_id,
        "most": move.most,
        "to_id": move.to_id,
        "skill": move.skill,
        "team": move.team,
    }


async def _name_of(session: AsyncSession, agent_id: int) -> str:
    row = (await session.execute(_AGENT_OF, {"agent_id": agent_id})).one_or_none()
    if row is None:
        raise UnknownAgentError(agent_id)
    return str(row.name)
