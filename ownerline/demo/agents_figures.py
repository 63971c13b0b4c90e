"""What the agents of a rehearsal did, and that none of them was left stuck."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

_CALLS = sa.text("""
    SELECT count(*) AS calls, count(met_at) AS talks,
           coalesce(sum(extract(epoch FROM ended_at - met_at)), 0) AS talk_s,
           coalesce(sum(extract(epoch FROM wrapped.at - ended_at)), 0) AS wrap_up_s,
           count(*) FILTER (WHERE wrapped.by = 'wrap_up_ran_out') AS forgotten,
           count(*) FILTER (WHERE wrapped.by = 'agent_lost') AS without_agent,
           count(*) FILTER (WHERE telephony_result = 'abandoned') AS abandoned
    FROM attempt
    LEFT JOIN LATERAL (
        SELECT max(wrapped_up_at) AS at, max(wrapped_up_by) AS by
        FROM attempt_due_call served
        WHERE served.attempt_id = attempt.attempt_id
    ) AS wrapped ON true
    WHERE agent_id IS NOT NULL AND started_at >= :since
""")
_SKIPS = sa.text("""
    SELECT reason, count(*) FROM preview_skip WHERE at >= :since GROUP BY reason ORDER BY reason
""")
_STEPS = sa.text("""
    SELECT count(*) FILTER (WHERE why = 'screen_lost') AS vanished,
           count(*) FILTER (WHERE why = 'handed_over') AS handed_over
    FROM agent_state_change
    WHERE at >= :since
""")
# Who is neither at the desk nor away from it, and talks without an outcome.
_STUCK = sa.text("""
    SELECT (SELECT count(*) FROM agent) AS agents,
           (SELECT count(*) FROM agent WHERE state IN ('reserved', 'on_call', 'wrap_up'))
           + (SELECT count(*)
              FROM attempt_due_call JOIN attempt USING (attempt_id)
              WHERE agent_id IS NOT NULL AND settled_at IS NULL) AS stuck
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentsFigures:
    """Calls, talks and wrap-ups of all agents together; seconds in whole numbers."""

    agents: int
    calls: int
    talks: int
    talk_s: int
    wrap_up_s: int
    skips: Mapping[str, int]
    vanished: int
    handed_over: int
    forgotten: int  # wrap-ups that never came
    without_agent: int  # talks whose agent was lost
    abandoned: int
    stuck: int

    def as_json(self) -> dict[str, Any]:
        """Return the object under `agents`."""
        return {
            "agents": self.agents,
            "calls": self.calls,
            "talks": self.talks,
            "talk_seconds": self.talk_s,
            "wrap_up_seconds": self.wrap_up_s,
            "skips": dict(self.skips),
            "vanished": self.vanished,
            "handed_over": self.handed_over,
            "wrap_up_forgotten": self.forgotten,
            "settled_without_agent": self.without_agent,
            "abandoned": self.abandoned,
            "stuck": self.stuck,
        }


async def read_agents(session: AsyncSession, *, since: datetime) -> AgentsFigures:
    """Return what agents did since an instant."""
    calls = (await session.execute(_CALLS, {"since": since})).one()
    steps = (await session.execute(_STEPS, {"since": since})).one()
    now = (await session.execute(_STUCK)).one()
    return AgentsFigures(
        agents=now.agents,
        calls=calls.calls,
        talks=calls.talks,
        talk_s=round(calls.talk_s),
        wrap_up_s=round(calls.wrap_up_s),
        skips={row[0]: row[1] for row in await session.execute(_SKIPS, {"since": since})},
        vanished=steps.vanished,
        handed_over=steps.handed_over,
        forgotten=calls.forgotten,
        without_agent=calls.without_agent,
        abandoned=calls.abandoned,
        stuck=now.stuck,
    )
