"""What the wall need not count at each look: the day's traffic, rates and rules.

Calls are found by the time in their ids (UUIDv7), which the primary key is in the order of.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.conduct import conduct_under
from callback.packs import Packs
from callback.rules import Rule
from core.columns import AnyRow
from customers.model import Reason
from dialer.explaining import HeldBack
from dialer.wall.model import (
    Abandonment,
    Held,
    Lately,
    OnTime,
    Place,
    RuleCount,
    Settled,
    Traffic,
)

_MOST_PLACES = 200
_ALLOWED = [Rule.ALLOWED.value, Rule.APPOINTMENT.value]

_TRAFFIC = sa.text("""
    SELECT campaign, trunk, count(*) AS placed,
           count(*) FILTER (WHERE answered_at IS NOT NULL) AS answered,
           count(*) FILTER (WHERE attempt_id >= :late_id) AS of_late,
           count(*) FILTER (WHERE attempt_id >= :late_id
               AND telephony_result IN ('carrier_error', 'congestion')) AS refused_of_late,
           count(*) FILTER (WHERE attempt_id >= :minute_id) AS last_minute
    FROM attempt
    WHERE attempt_id >= :day_id AND direction = 'outbound'
    GROUP BY campaign, trunk
    ORDER BY trunk, campaign
""")
_SETTLED = sa.text("""
    SELECT due_call.reason,
           count(DISTINCT due_call_id) FILTER (WHERE due_call.state = 'done') AS done,
           count(DISTINCT due_call_id) FILTER (WHERE due_call.settled_at > :hour_ago) AS last_hour
    FROM attempt_due_call served
    JOIN due_call USING (due_call_id)
    WHERE served.attempt_id >= :day_id AND served.settled_at IS NOT NULL
      AND due_call.settled_at >= :day_starts
    GROUP BY due_call.reason
""")
_ANSWERED = sa.text("""
    SELECT campaign, window_hours,
           count(*) FILTER (WHERE telephony_result = 'abandoned') AS abandoned, count(*) AS answered
    FROM attempt
    JOIN unnest(CAST(:ids AS uuid[]), CAST(:hours AS int[])) AS span (since_id, window_hours)
      ON attempt_id >= span.since_id
    WHERE attempt_id >= :oldest_id AND mode = 'agent' AND direction = 'outbound'
      AND (telephony_result IN ('answered', 'abandoned')
           OR (state = 'answered' AND met_at IS NOT NULL))
    GROUP BY campaign, window_hours
""")
_ON_TIME = sa.text("""
    SELECT reason,
           count(*) FILTER (WHERE state = 'done' AND settled_at <= due_by) AS met,
           count(*) AS judged
    FROM due_call
    WHERE due_by >= :month_starts AND due_by <= :now AND state <> 'withdrawn'
    GROUP BY reason
""")
# As `dialer.idle` says it of all: what was allowed and still waits awaits its retry.
_RULES = sa.text("""
    SELECT campaign, rule, count(*) AS due, min(next_at) FILTER (WHERE next_at > :now) AS until
    FROM (
        SELECT due.campaign, due.next_at, CASE
                   WHEN last.rule IS NULL AND due.mode = 'agent' AND due.attempts = 0
                       THEN 'no_agent'
                   WHEN last.rule IS NULL THEN 'not_yet_judged'
                   WHEN last.rule = ANY (:allowed) AND due.mode = 'agent' AND due.attempts = 0
                       THEN 'no_agent'
                   WHEN last.rule = ANY (:allowed) THEN 'retry_interval'
                   ELSE last.rule END AS rule
        FROM due_call due
        LEFT JOIN LATERAL (
            SELECT rule FROM verdict
            WHERE verdict.due_call_id = due.due_call_id
            ORDER BY verdict_id DESC LIMIT 1
        ) AS last ON true
        WHERE due.settled_at IS NULL AND due.state = 'waiting' AND due.not_before <= :now
    ) AS waiting
    GROUP BY campaign, rule
    ORDER BY campaign, due DESC, rule
""")
_PLACES = sa.text("""
    SELECT DISTINCT time_zone, packs, region FROM community ORDER BY 1, 2, 3 LIMIT :most
""")


async def look_lately(
    session: AsyncSession,
    *,
    now: datetime,
    zone: str,
    packs: Packs,
    held_back: HeldBack | None = None,
) -> Lately:
    """Return the day's traffic, what was settled, abandonment, on-time rates and binding rules."""
    day_starts = _local_midnight(now, zone)
    hour_ago = now - timedelta(hours=1)
    day_id = first_id(day_starts)
    traffic = await session.execute(
        _TRAFFIC,
        {
            "day_id": day_id,
            "late_id": first_id(now - timedelta(minutes=10)),
            "minute_id": first_id(now - timedelta(minutes=1)),
        },
    )
    settled = await session.execute(
        _SETTLED, {"day_id": day_id, "day_starts": day_starts, "hour_ago": hour_ago}
    )
    places = [
        Place(time_zone=row.time_zone, packs=tuple(row.packs), region=row.region)
        for row in await session.execute(_PLACES, {"most": _MOST_PLACES})
    ]
    on_time = await session.execute(
        _ON_TIME, {"month_starts": _month_starts(now, zone), "now": now}
    )
    rules = await session.execute(_RULES, {"now": now, "allowed": _ALLOWED})
    return Lately(
        at=now,
        traffic=[Traffic(**row._asdict()) for row in traffic],
        settled=[
            Settled(reason=Reason(row.reason), done=row.done, last_hour=row.last_hour)
            for row in settled
        ],
        abandonment=await _abandonment(session, now=now, places=places, packs=packs),
        on_time={Reason(row.reason): OnTime(met=row.met, judged=row.judged) for row in on_time},
        rules=[RuleCount(**row._asdict()) for row in rules],
        places=places,
        held=await _held(session, now, held_back),
    )


def first_id(at: datetime) -> UUID:
    """Return the least id of ours that was made at an instant (RFC 9562, section 5.7)."""
    return UUID(int=(int(at.timestamp() * 1000) & ((1 << 48) - 1)) << 80)


async def _abandonment(
    session: AsyncSession, *, now: datetime, places: Sequence[Place], packs: Packs
) -> list[Abandonment]:
    """Return each campaign against the ceiling of the packs in force that it is nearest to."""
    ceilings = _ceilings(places, packs)
    if not ceilings:
        return []
    ids = [first_id(now - timedelta(hours=hours)) for hours in ceilings]
    rows = await session.execute(
        _ANSWERED, {"ids": ids, "hours": list(ceilings), "oldest_id": min(ids)}
    )
    nearest: dict[str, Abandonment] = {}
    for row in rows:
        found = _against(row, ceilings)
        other = nearest.get(row.campaign)
        if other is None or _share(found) > _share(other):
            nearest[row.campaign] = found
    return [nearest[name] for name in sorted(nearest)]


def _against(row: AnyRow, ceilings: Mapping[int, float]) -> Abandonment:
    return Abandonment(
        campaign=row.campaign,
        abandoned=row.abandoned,
        answered=row.answered,
        ceiling=ceilings[row.window_hours],
        window=timedelta(hours=row.window_hours),
    )


def _share(each: Abandonment) -> tuple[float, timedelta]:
    return each.rate / each.ceiling, each.window


def _ceilings(places: Sequence[Place], packs: Packs) -> dict[int, float]:
    """Return the lowest ceiling of each window, in hours, that a community's packs lay down."""
    found: dict[int, float] = {}
    for place in places:
        applying = packs.applying(place.packs, place.region, place.region)
        for rule in conduct_under(applying).abandonment if applying else ():
            found[rule.window_hours] = min(rule.ceiling, found.get(rule.window_hours, 1.0))
    return found


async def _held(session: AsyncSession, now: datetime, held_back: HeldBack | None) -> Held | None:
    verdict: Any = None if held_back is None else await held_back(session, now)
    return None if verdict is None else Held(rule=verdict.rule.value, until=verdict.until)


def _local_midnight(now: datetime, zone: str) -> datetime:
    local = now.astimezone(ZoneInfo(zone))
    return datetime.combine(local.date(), time(0), ZoneInfo(zone)).astimezone(UTC)


def _month_starts(now: datetime, zone: str) -> datetime:
    local = now.astimezone(ZoneInfo(zone))
    first = datetime.combine(local.date().replace(day=1), time(0), ZoneInfo(zone))
    return first.astimezone(UTC)
