"""What each agent did in a period: calls, talk, wrap-up, breaks, outcomes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.figures.kept import CallFigures

# Where an agent stood, cut at the period's ends; days are the house's, agents live in no unit. The
# state before the first change in the period is that change's own beginning.
_STATES = sa.text("""
    WITH bounds AS (
        SELECT CAST(CAST(:first AS date) AS timestamp) AT TIME ZONE :time_zone AS since,
               least(CAST(CAST(:until AS date) AS timestamp) AT TIME ZONE :time_zone, :now) AS until
    ), changes AS (
        SELECT change.agent_id, change.at, change.to_state AS state, change.agent_state_change_id
        FROM agent_state_change change, bounds
        WHERE change.at >= bounds.since AND change.at < bounds.until
        UNION ALL
        SELECT agent.agent_id, bounds.since, before.to_state, 0
        FROM agent CROSS JOIN bounds
        CROSS JOIN LATERAL (
            SELECT to_state FROM agent_state_change
            WHERE agent_id = agent.agent_id AND at < bounds.since
            ORDER BY at DESC, agent_state_change_id DESC
            LIMIT 1
        ) AS before
    ), stays AS (
        SELECT agent_id, state, at,
               coalesce(lead(at) OVER (PARTITION BY agent_id ORDER BY at, agent_state_change_id),
                        bounds.until) AS left_at
        FROM changes, bounds
    )
    SELECT agent_id, state,
           CAST(sum(extract(epoch FROM greatest(left_at - at, interval '0'))) AS bigint) AS seconds
    FROM stays
    WHERE state <> 'offline'
    GROUP BY agent_id, state
""")
_NAMES = sa.text("SELECT agent_id, name, team FROM agent ORDER BY name, agent_id")


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentLine:
    """One agent's period; seconds in whole numbers. `stood_s` is by the roster's states."""

    agent_id: int
    name: str
    team: str | None
    calls: int
    talks: int
    talk_s: int
    wrap_up_s: int
    stood_s: Mapping[str, int]
    codes: Mapping[str, int]

    @property
    def break_s(self) -> int:
        """How long they were on breaks."""
        return self.stood_s.get("break", 0)

    @property
    def signed_in_s(self) -> int:
        """How long they were there at all."""
        return sum(self.stood_s.values())


async def agent_lines(
    session: AsyncSession, figures: CallFigures, parameters: dict[str, object]
) -> Sequence[AgentLine]:
    """Return the agents who were there or called, by name.

    Parameters are a period's, `now`, and the `time_zone` in which agents' days are counted.
    """
    calls: dict[int, Counter[str]] = {}
    for row in figures.get("agent", ()):
        sums = calls.setdefault(int(row.of), Counter())
        sums.update(calls=row.calls, talks=row.answered, talk_s=row.talk_s, wrap_up_s=row.wrap_up_s)
    codes: dict[int, Counter[str]] = {}
    for row in figures.get("agent_code", ()):
        codes.setdefault(int(row.of), Counter())[row.word] += row.calls
    stood: dict[int, dict[str, int]] = {}
    for agent_id, state, seconds in await session.execute(_STATES, parameters):
        stood.setdefault(agent_id, {})[state] = seconds
    none: Counter[str] = Counter()
    return [
        AgentLine(
            agent_id=row.agent_id,
            name=row.name,
            team=row.team,
            calls=calls.get(row.agent_id, none)["calls"],
            talks=calls.get(row.agent_id, none)["talks"],
            talk_s=calls.get(row.agent_id, none)["talk_s"],
            wrap_up_s=calls.get(row.agent_id, none)["wrap_up_s"],
            stood_s=stood.get(row.agent_id, {}),
            codes=dict(codes.get(row.agent_id, {})),
        )
        for row in await session.execute(_NAMES)
        if row.agent_id in calls or row.agent_id in stood
    ]
