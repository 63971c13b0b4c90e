"""What each agent did in a period: calls, talk, wrap-up, breaks, outcomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.figures.kept import AGENT_SUMS, KEPT, PLACED, with_live

# The outcomes of a call are given at once, so that its first one has the instant.
_CALLS = sa.text(f"""
    WITH placed AS ({PLACED}), sums AS (
        SELECT CAST(of AS bigint) AS agent_id, calls, answered, talk_s, wrap_up_s
        FROM ({KEPT} 'agent') AS kept
        UNION ALL
        SELECT agent_id, {AGENT_SUMS} FROM placed WHERE agent_id IS NOT NULL
        GROUP BY agent_id, CAST(local AS date), community_id
    )
    SELECT agent_id, CAST(sum(calls) AS bigint) AS calls, CAST(sum(answered) AS bigint) AS talks,
           CAST(sum(talk_s) AS bigint) AS talk_s, CAST(sum(wrap_up_s) AS bigint) AS wrap_up_s
    FROM sums
    GROUP BY agent_id
""")  # noqa: S608 - conditions of ours
_CODES = sa.text(f"""
    WITH placed AS ({PLACED}), codes AS (
        SELECT CAST(of AS bigint) AS agent_id, word AS code, calls AS talks
        FROM ({KEPT} 'agent_code') AS kept
        UNION ALL
        SELECT placed.agent_id, served.wrap_up_code, count(*)
        FROM placed
        JOIN attempt_due_call served USING (attempt_id)
        WHERE placed.agent_id IS NOT NULL AND placed.met_at IS NOT NULL
          AND served.wrap_up_code IS NOT NULL
        GROUP BY 1, 2
    )
    SELECT agent_id, code, CAST(sum(talks) AS bigint) AS talks FROM codes GROUP BY 1, 2
""")  # noqa: S608 - conditions of ours
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


async def agent_lines(session: AsyncSession, parameters: dict[str, object]) -> Sequence[AgentLine]:
    """Return the agents who were there or called, by name.

    Parameters are a period's, `now`, and the `time_zone` in which agents' days are counted.
    """
    asked = await with_live(session, parameters)
    calls = {row.agent_id: row for row in await session.execute(_CALLS, asked)}
    codes: dict[int, dict[str, int]] = {}
    for agent_id, code, talks in await session.execute(_CODES, asked):
        codes.setdefault(agent_id, {})[code] = talks
    stood: dict[int, dict[str, int]] = {}
    for agent_id, state, seconds in await session.execute(_STATES, parameters):
        stood.setdefault(agent_id, {})[state] = seconds
    return [
        AgentLine(
            agent_id=row.agent_id,
            name=row.name,
            team=row.team,
            calls=getattr(calls.get(row.agent_id), "calls", 0),
            talks=getattr(calls.get(row.agent_id), "talks", 0),
            talk_s=getattr(calls.get(row.agent_id), "talk_s", 0),
            wrap_up_s=getattr(calls.get(row.agent_id), "wrap_up_s", 0),
            stood_s=stood.get(row.agent_id, {}),
            codes=codes.get(row.agent_id, {}),
        )
        for row in await session.execute(_NAMES)
        if row.agent_id in calls or row.agent_id in stood
    ]
