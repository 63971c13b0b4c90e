"""Calls by hour, by outcome and by who met nobody; of calls that we placed and that have ended.

What we took back ourselves while it rang says nothing of owners and is left out (`cancelled`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.periods import within

# Somebody or something picked up; a person did; that person met nobody of ours.
CONNECTED = "telephony_result IN ('answered', 'machine', 'abandoned')"
LIVE = "telephony_result IN ('answered', 'abandoned')"

# A call belongs to the community of the first due call it serves.
PLACED = f"""
    SELECT a.attempt_id, a.campaign, a.started_at, a.telephony_result, a.agent_id, a.met_at,
           a.ended_at, first_served.wrapped_up_at, c.community_id, c.time_zone
    FROM attempt a
    JOIN attempt_due_call first_served
        ON first_served.attempt_id = a.attempt_id AND first_served.position = 0
    JOIN due_call dc ON dc.due_call_id = first_served.due_call_id
    JOIN community c ON c.community_id = dc.community_id
    WHERE a.direction = 'outbound' AND a.state = 'ended' AND a.telephony_result <> 'cancelled'
      AND {within("a.started_at")}
"""  # noqa: S608 - a condition of ours
_HOURS = sa.text(f"""
    WITH placed AS ({PLACED})
    SELECT CAST(extract(isodow FROM local) AS int) AS weekday,
           CAST(extract(hour FROM local) AS int) AS hour, count(*) AS calls,
           count(*) FILTER (WHERE {CONNECTED}) AS connected,
           count(*) FILTER (WHERE {LIVE}) AS answered
    FROM (SELECT telephony_result, started_at AT TIME ZONE time_zone AS local FROM placed) AS it
    GROUP BY 1, 2
    ORDER BY 1, 2
""")  # noqa: S608 - conditions of ours
_RESULTS = sa.text(f"""
    WITH placed AS ({PLACED})
    SELECT telephony_result AS word, count(*) AS calls
    FROM placed
    GROUP BY 1
    ORDER BY 2 DESC, 1
""")  # noqa: S608 - conditions of ours
_CODES = sa.text(f"""
    WITH placed AS ({PLACED})
    SELECT dc.reason, served.wrap_up_code AS code, count(*) AS talks
    FROM placed
    JOIN attempt_due_call served USING (attempt_id)
    JOIN due_call dc ON dc.due_call_id = served.due_call_id
    WHERE served.wrap_up_code IS NOT NULL
    GROUP BY 1, 2
    ORDER BY 3 DESC, 1, 2
""")  # noqa: S608 - conditions of ours
_ABANDONED = sa.text(f"""
    WITH placed AS ({PLACED})
    SELECT campaign, CAST(started_at AT TIME ZONE time_zone AS date) AS day,
           count(*) FILTER (WHERE {LIVE}) AS live,
           count(*) FILTER (WHERE telephony_result = 'abandoned') AS abandoned
    FROM placed
    GROUP BY 1, 2
    ORDER BY 1, 2
""")  # noqa: S608 - conditions of ours
_FIRST_DAY = sa.text("""
    SELECT CAST(min(started_at) AT TIME ZONE :time_zone AS date) FROM attempt
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class HourCell:
    """The calls of one hour of one weekday, by the wall clock where the owner's unit is."""

    weekday: int  # 1 Monday to 7 Sunday
    hour: int
    calls: int
    connected: int
    answered: int


@dataclass(frozen=True, kw_only=True, slots=True)
class OutcomeCount:
    """How many talks about a reason ended with a code."""

    reason: str
    code: str
    talks: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AbandonedDay:
    """What people met who answered a campaign's calls on a day; `live` counts the abandoned too."""

    campaign: str
    day: date
    live: int
    abandoned: int


async def hour_cells(session: AsyncSession, parameters: dict[str, object]) -> Sequence[HourCell]:
    """Return the hours of the week in which calls were placed; an hour told twice is one."""
    return [HourCell(**row._asdict()) for row in await session.execute(_HOURS, parameters)]


async def result_counts(
    session: AsyncSession, parameters: dict[str, object]
) -> Sequence[tuple[str, int]]:
    """Return telephony results, the most frequent first."""
    return [(row.word, row.calls) for row in await session.execute(_RESULTS, parameters)]


async def outcome_counts(
    session: AsyncSession, parameters: dict[str, object]
) -> Sequence[OutcomeCount]:
    """Return wrap-up codes by reason, the most frequent first."""
    return [OutcomeCount(**row._asdict()) for row in await session.execute(_CODES, parameters)]


async def abandoned_days(
    session: AsyncSession, parameters: dict[str, object]
) -> Sequence[AbandonedDay]:
    """Return each campaign's days, by campaign and day."""
    return [AbandonedDay(**row._asdict()) for row in await session.execute(_ABANDONED, parameters)]


async def first_day(session: AsyncSession, time_zone: str) -> date | None:
    """Return the day of the first call ever; before it there are no figures, not even noughts."""
    found: date | None = await session.scalar(_FIRST_DAY, {"time_zone": time_zone})
    return found
