"""What waits for an agent who waits: what comes next, why it does not come now, and their day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Dialling
from core.columns import AnyRow
from dialer.agents.choice import learn_lists
from dialer.agents.desk import Desk
from dialer.control import switches

SHOWN = 6
_LOOKED_AT = 300  # the earliest of them; who waits longer is no news for this screen
_AHEAD = timedelta(hours=36)
_MOST_CALLBACKS = 50

_COLUMNS = """
    dc.due_call_id, dc.person_id, dc.reason, dc.campaign, dc.due_by, dc.next_at, dc.not_before,
    dc.appointment, dc.agent_id, dc.priority, dc.facts, person.name, person.honorific,
    person.language, community.name AS community, community.time_zone, unit.label AS unit
"""
_JOINS = """
    JOIN person USING (person_id)
    JOIN community ON community.community_id = dc.community_id
    LEFT JOIN unit ON unit.unit_id = dc.unit_id
"""
_COMING = sa.text(f"""
    WITH early AS MATERIALIZED (
        SELECT * FROM due_call
        WHERE state = 'waiting' AND mode = 'agent' AND next_at <= :until
          AND campaign = ANY (CAST(:campaigns AS text[]))
          AND (agent_id IS NULL OR agent_id = :agent_id)
        ORDER BY next_at
        LIMIT :looked_at
    )
    SELECT {_COLUMNS}, last.rule, own.agent_id = :agent_id AS is_own
    FROM early AS dc
    {_JOINS}
    LEFT JOIN portfolio own ON own.person_id = dc.person_id
    LEFT JOIN LATERAL (
        SELECT verdict.rule, verdict.until FROM verdict
        WHERE verdict.due_call_id = dc.due_call_id AND dc.next_at > :now
        ORDER BY verdict.verdict_id DESC LIMIT 1
    ) AS last ON true
    WHERE cardinality(CAST(:languages AS text[])) = 0
       OR person.language = ANY (CAST(:languages AS text[]))
    ORDER BY greatest(dc.next_at, :now), coalesce(dc.agent_id = :agent_id, false) DESC,
             dc.appointment DESC, dc.priority DESC, dc.due_by, dc.due_call_id
    LIMIT :shown
""")  # noqa: S608 - the parts are constants of this module
_COUNT = sa.text("""
    SELECT count(*) FROM (
        SELECT FROM due_call
        WHERE state = 'waiting' AND mode = 'agent' AND next_at <= :now
          AND campaign = ANY (CAST(:campaigns AS text[]))
        LIMIT 1000
    ) AS now_due
""")
_CALLBACKS = sa.text(f"""
    SELECT {_COLUMNS}
    FROM due_call dc
    {_JOINS}
    WHERE dc.state = 'waiting' AND dc.mode = 'agent' AND dc.agent_id = :agent_id
    ORDER BY dc.not_before, dc.due_call_id
    LIMIT :limit
""")  # noqa: S608 - the parts are constants of this module
_TODAY = sa.text("""
    WITH mine AS (
        SELECT attempt_id, answered_at, ended_at, met_at FROM attempt
        WHERE agent_id = :agent_id AND started_at >= :since
    ), settled AS (
        SELECT served.wrap_up_code, due.due_by, served.settled_at, served.outcome, due.state
        FROM mine
        JOIN attempt_due_call served USING (attempt_id)
        JOIN due_call due USING (due_call_id)
        WHERE served.settled_at IS NOT NULL
    )
    SELECT (SELECT count(*) FROM mine) AS placed,
           (SELECT count(*) FROM mine WHERE met_at IS NOT NULL) AS met,
           (SELECT avg(extract(epoch FROM ended_at - met_at)) FROM mine
            WHERE met_at IS NOT NULL AND ended_at IS NOT NULL) AS mean_talk_s,
           (SELECT count(*) FROM settled WHERE state = 'done') AS done,
           (SELECT count(*) FROM settled WHERE state = 'done' AND settled_at < due_by) AS on_time,
           (SELECT count(*) FROM settled WHERE wrap_up_code = 'promise_to_pay') AS promises,
           (SELECT min(at) FROM agent_state_change
            WHERE agent_id = :agent_id AND at >= :since) AS began_at
""")
_JUST_NOW = sa.text("""
    SELECT a.attempt_id, a.person_id, person.name, a.ended_at, served.wrap_up_code,
           served.wrapped_up_at, a.telephony_result
    FROM attempt a
    JOIN person USING (person_id)
    JOIN attempt_due_call served USING (attempt_id)
    WHERE a.agent_id = :agent_id AND a.started_at >= :since AND a.ended_at IS NOT NULL
    ORDER BY a.started_at DESC, served.position
    LIMIT 1
""")
_COLLEAGUES = sa.text("""
    SELECT agent_id, name, team FROM agent
    WHERE (state = 'ready' OR state = 'reserved' AND due_call_id IS NOT NULL AND NOT dial)
      AND agent_id <> :agent_id AND active
    ORDER BY state <> 'ready', team IS DISTINCT FROM :team, state_since
    LIMIT 8
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class Coming:
    """What waits for an agent: how many could come now, what comes next, what holds it back."""

    previewed: bool  # some of their campaigns show a call before it rings
    rung_at_once: bool  # some ring for whoever is ready
    paused: Sequence[str]  # campaigns of theirs that somebody paused
    stopped: bool
    reconciled: bool
    due_now: int  # at most 1000
    next: Sequence[AnyRow]

    @property
    def takes_anything(self) -> bool:
        """Whether any campaign has its calls made by this agent."""
        return self.previewed or self.rung_at_once


async def what_comes(session: AsyncSession, agent: AnyRow, *, desk: Desk, now: datetime) -> Coming:
    """Return what waits for an agent, the next first."""
    turned = await switches(session)
    await learn_lists(session, desk.campaigns)
    previews = desk.campaigns_of(agent, Dialling.PREVIEW, turned)
    progressive = [
        *desk.campaigns_of(agent, Dialling.PROGRESSIVE, turned),
        *desk.campaigns_of(agent, Dialling.PREDICTIVE, turned),
    ]
    campaigns = [*previews, *progressive]
    coming = await session.execute(
        _COMING,
        {
            "campaigns": campaigns,
            "agent_id": agent.agent_id,
            "languages": list(agent.languages),
            "now": now,
            "until": now + _AHEAD,
            "looked_at": _LOOKED_AT,
            "shown": SHOWN,
        },
    )
    due_now = await session.scalar(_COUNT, {"campaigns": campaigns, "now": now})
    return Coming(
        previewed=bool(previews),
        rung_at_once=bool(progressive),
        paused=sorted(turned.paused_campaigns),
        stopped=turned.stopped,
        reconciled=turned.reconciled,
        due_now=int(due_now or 0),
        next=coming.all(),
    )


async def callbacks_of(
    session: AsyncSession, agent_id: int, *, limit: int = _MOST_CALLBACKS
) -> Sequence[AnyRow]:
    """Return the calls an agent promised to make, the earliest first."""
    asked = {"agent_id": agent_id, "limit": limit}
    return (await session.execute(_CALLBACKS, asked)).all()


async def day_of(session: AsyncSession, agent_id: int, *, since: datetime) -> AnyRow:
    """Return the figures of an agent's day."""
    asked = {"agent_id": agent_id, "since": since}
    return (await session.execute(_TODAY, asked)).one()


async def just_now(session: AsyncSession, agent_id: int, *, since: datetime) -> AnyRow | None:
    """Return the agent's last call of today with what it came to."""
    asked = {"agent_id": agent_id, "since": since}
    return (await session.execute(_JUST_NOW, asked)).one_or_none()


async def ready_colleagues(session: AsyncSession, agent: AnyRow) -> Sequence[AnyRow]:
    """Return who could take a call over, those of the same team first."""
    asked = {"agent_id": agent.agent_id, "team": agent.team}
    return (await session.execute(_COLLEAGUES, asked)).all()
