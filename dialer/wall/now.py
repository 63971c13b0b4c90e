"""What the wall shows anew at every look: five statements, however much is due."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.model import CallMode, Purpose, Reason
from dialer.agents.model import AgentState, BreakReason
from dialer.bridges.floor import PhoneTrouble
from dialer.wall.model import Live, Now, Promised, Queue, Seat, Standing

# Deadlines are looked for a day ahead: one at midnight falls to the last hour somebody may be rung.
LOOK_AHEAD = timedelta(hours=24)
_PROMISED_SHOWN = 6
_MOST_AGENTS = 1000

_QUEUES = sa.text("""
    SELECT reason, campaign, half_hour, min(purpose) AS purpose, min(mode) AS mode,
           count(*) FILTER (WHERE state = 'waiting' AND not_before < :axis_ends) AS waiting,
           count(*) FILTER (WHERE state = 'waiting' AND not_before <= :now) AS due,
           count(*) FILTER (WHERE due_by <= :now) AS late,
           count(*) FILTER (WHERE due_by > :now) AS open,
           min(next_at) FILTER (
               WHERE state = 'waiting' AND not_before <= :now AND next_at > :now
           ) AS next_at
    FROM (
        SELECT reason, campaign, purpose, mode, state, not_before, due_by, next_at,
               CASE WHEN due_by > :now AND due_by < :until
                    THEN date_bin('30 minutes', due_by, '2000-01-01 00:00+00') END AS half_hour
        FROM due_call
        WHERE settled_at IS NULL
    ) AS live
    GROUP BY GROUPING SETS ((reason, campaign), (reason, half_hour))
""")
_LIVE = sa.text("""
    SELECT due_call.reason, attempt.campaign, attempt.trunk, attempt.state = 'answered' AS talking,
           count(*) AS calls
    FROM attempt
    LEFT JOIN attempt_due_call lead
           ON lead.attempt_id = attempt.attempt_id AND lead.position = 0
    LEFT JOIN due_call USING (due_call_id)
    WHERE attempt.state <> 'ended'
    GROUP BY 1, 2, 3, 4
""")
_SEATS = sa.text("""
    SELECT agent.agent_id, agent.name, team, skills, agent.state, state_since, break_reason,
           agent.attempt_id, seated_on IS NOT NULL AS seated, phone_trouble,
           endpoint IS NOT NULL AS has_phone, coalesce(shown.reason, due_call.reason) AS reason
    FROM agent
    LEFT JOIN attempt_due_call lead
           ON lead.attempt_id = agent.attempt_id AND lead.position = 0
    LEFT JOIN due_call ON due_call.due_call_id = lead.due_call_id
    LEFT JOIN due_call shown ON shown.due_call_id = agent.due_call_id
    WHERE agent.active
    ORDER BY agent.name
    LIMIT :most
""")
_PROMISED = sa.text("""
    SELECT due_call.due_call_id, not_before, due_by, unit.label, community.name AS community,
           community.time_zone, agent.name AS agent
    FROM due_call
    JOIN community USING (community_id)
    LEFT JOIN unit USING (unit_id)
    LEFT JOIN agent ON agent.agent_id = due_call.agent_id
    WHERE reason = 'promised' AND settled_at IS NULL AND due_call.state = 'waiting'
      AND due_by > :now
    ORDER BY not_before, due_call.due_call_id
    LIMIT :shown
""")
# Leases are the database's own real time, whatever the clock says.
_STANDING = sa.text("""
    SELECT armed_at IS NOT NULL AS armed, stopped_at, stopped_by,
           restored_at IS NULL OR reconciled_at IS NOT NULL AS reconciled,
           (SELECT count(*) FROM dialer_lease
            WHERE left_at IS NULL AND lease_until > clock_timestamp()) AS dialers,
           lists.last_at, lists.days,
           coalesce((SELECT jsonb_agg(jsonb_build_array(campaign, paused_at, paused_by))
                     FROM campaign_switch), '[]') AS paused
    FROM installation
    CROSS JOIN (
        SELECT max(imported_at) AS last_at,
               count(DISTINCT CAST(imported_at AT TIME ZONE :zone AS date)) FILTER (
                   WHERE imported_at >= CAST(:now AS timestamptz) - interval '7 days'
                     AND CAST(imported_at AT TIME ZONE :zone AS date)
                         < CAST(CAST(:now AS timestamptz) AT TIME ZONE :zone AS date)
               ) AS days
        FROM imported_file
        WHERE kind = 'charges' AND imported_at <= :now
    ) AS lists
""")


async def look_now(session: AsyncSession, *, now: datetime, axis_ends: datetime, zone: str) -> Now:
    """Return queues, calls that are up, agents, promises and switches at this instant."""
    queues, deadlines = await _queues(session, now=now, axis_ends=axis_ends)
    live = [
        Live(
            reason=None if row.reason is None else Reason(row.reason),
            campaign=row.campaign,
            trunk=row.trunk,
            talking=row.talking,
            calls=row.calls,
        )
        for row in await session.execute(_LIVE)
    ]
    seats = [_seat(row) for row in await session.execute(_SEATS, {"most": _MOST_AGENTS})]
    promised = [
        Promised(
            due_call_id=row.due_call_id,
            at=row.not_before,
            due_by=row.due_by,
            unit=row.label,
            community=row.community,
            time_zone=row.time_zone,
            agent=row.agent,
        )
        for row in await session.execute(_PROMISED, {"now": now, "shown": _PROMISED_SHOWN})
    ]
    standing = await _standing(session, now=now, zone=zone)
    return Now(
        queues=queues,
        deadlines=deadlines,
        live=live,
        seats=seats,
        promised=promised,
        standing=standing,
    )


async def _queues(
    session: AsyncSession, *, now: datetime, axis_ends: datetime
) -> tuple[list[Queue], dict[Reason, dict[datetime, int]]]:
    rows = await session.execute(
        _QUEUES, {"now": now, "axis_ends": axis_ends, "until": now + LOOK_AHEAD}
    )
    queues: list[Queue] = []
    deadlines: dict[Reason, dict[datetime, int]] = defaultdict(dict)
    for row in rows:
        reason = Reason(row.reason)
        if row.campaign is not None:
            queues.append(
                Queue(
                    reason=reason,
                    campaign=row.campaign,
                    purpose=Purpose(row.purpose),
                    mode=CallMode(row.mode),
                    waiting=row.waiting,
                    due=row.due,
                    late=row.late,
                    next_at=row.next_at,
                )
            )
        elif row.half_hour is not None:
            deadlines[reason][row.half_hour] = row.open
    return sorted(queues, key=lambda each: each.campaign), dict(deadlines)


async def _standing(session: AsyncSession, *, now: datetime, zone: str) -> Standing:
    row = (await session.execute(_STANDING, {"now": now, "zone": zone})).one()
    return Standing(
        armed=row.armed,
        stopped_at=row.stopped_at,
        stopped_by=row.stopped_by,
        reconciled=row.reconciled,
        dialers=row.dialers,
        paused={name: (datetime.fromisoformat(at), by) for name, at, by in row.paused},
        last_list_at=row.last_at,
        days_with_lists=row.days,
    )


def _seat(row: Any) -> Seat:
    return Seat(
        agent_id=row.agent_id,
        name=row.name,
        team=row.team,
        skills=tuple(row.skills),
        state=AgentState(row.state),
        state_since=row.state_since,
        break_reason=None if row.break_reason is None else BreakReason(row.break_reason),
        reason=None if row.reason is None else Reason(row.reason),
        attempt_id=row.attempt_id,
        seated=row.seated,
        phone_trouble=None if row.phone_trouble is None else PhoneTrouble(row.phone_trouble),
        has_phone=row.has_phone,
    )
