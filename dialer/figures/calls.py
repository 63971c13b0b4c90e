"""Calls by hour, by outcome and by who met nobody; of calls that we placed and that have ended.

What we took back ourselves while it rang says nothing of owners and is left out (`cancelled`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.figures.kept import CONNECTED, KEPT, LIVE, PLACED, with_live

_HOURS = sa.text(f"""
    WITH placed AS ({PLACED}), hours AS (
        SELECT CAST(extract(isodow FROM day) AS int) AS weekday, CAST(of AS int) AS hour, calls,
               connected, answered
        FROM ({KEPT} 'hour') AS kept
        UNION ALL
        SELECT CAST(extract(isodow FROM local) AS int), CAST(extract(hour FROM local) AS int),
               count(*), count(*) FILTER (WHERE {CONNECTED}), count(*) FILTER (WHERE {LIVE})
        FROM placed
        GROUP BY 1, 2
    )
    SELECT weekday, hour, CAST(sum(calls) AS bigint) AS calls,
           CAST(sum(connected) AS bigint) AS connected, CAST(sum(answered) AS bigint) AS answered
    FROM hours
    GROUP BY 1, 2
    ORDER BY 1, 2
""")  # noqa: S608 - conditions of ours
_RESULTS_OF = f"""
    SELECT day, of AS campaign, word AS telephony_result, calls FROM ({KEPT} 'result') AS kept
    UNION ALL
    SELECT CAST(local AS date), campaign, telephony_result, count(*)
    FROM ({PLACED}) AS placed
    GROUP BY 1, 2, 3
"""  # noqa: S608 - conditions of ours
_RESULTS = sa.text(f"""
    SELECT telephony_result AS word, CAST(sum(calls) AS bigint) AS calls
    FROM ({_RESULTS_OF}) AS results
    GROUP BY 1
    ORDER BY 2 DESC, 1
""")  # noqa: S608 - conditions of ours
_CODES = sa.text(f"""
    WITH placed AS ({PLACED}), codes AS (
        SELECT of AS reason, word AS code, calls AS talks FROM ({KEPT} 'code') AS kept
        UNION ALL
        SELECT dc.reason, served.wrap_up_code, count(*)
        FROM placed
        JOIN attempt_due_call served USING (attempt_id)
        JOIN due_call dc ON dc.due_call_id = served.due_call_id
        WHERE served.wrap_up_code IS NOT NULL
        GROUP BY 1, 2
    )
    SELECT reason, code, CAST(sum(talks) AS bigint) AS talks
    FROM codes
    GROUP BY 1, 2
    ORDER BY 3 DESC, 1, 2
""")  # noqa: S608 - conditions of ours
_ABANDONED = sa.text(f"""
    SELECT campaign, day,
           CAST(coalesce(sum(calls) FILTER (WHERE {LIVE}), 0) AS bigint) AS live,
           CAST(coalesce(sum(calls) FILTER (WHERE telephony_result = 'abandoned'), 0) AS bigint)
               AS abandoned
    FROM ({_RESULTS_OF}) AS results
    GROUP BY 1, 2
    ORDER BY 1, 2
""")  # noqa: S608 - conditions of ours
# Days are kept from the first on; no call of an earlier one comes any more.
_FIRST_DAY = sa.text("""
    SELECT coalesce(
        (SELECT min(day) FROM call_figure WHERE figure = 'hour'),
        (SELECT min(CAST(a.started_at AT TIME ZONE c.time_zone AS date))
         FROM attempt a
         JOIN attempt_due_call served ON served.attempt_id = a.attempt_id AND served.position = 0
         JOIN due_call dc ON dc.due_call_id = served.due_call_id
         JOIN community c ON c.community_id = dc.community_id)
    )
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
    asked = await with_live(session, parameters)
    return [HourCell(**row._asdict()) for row in await session.execute(_HOURS, asked)]


async def result_counts(
    session: AsyncSession, parameters: dict[str, object]
) -> Sequence[tuple[str, int]]:
    """Return telephony results, the most frequent first."""
    asked = await with_live(session, parameters)
    return [(row.word, row.calls) for row in await session.execute(_RESULTS, asked)]


async def outcome_counts(
    session: AsyncSession, parameters: dict[str, object]
) -> Sequence[OutcomeCount]:
    """Return wrap-up codes by reason, the most frequent first."""
    asked = await with_live(session, parameters)
    return [OutcomeCount(**row._asdict()) for row in await session.execute(_CODES, asked)]


async def abandoned_days(
    session: AsyncSession, parameters: dict[str, object]
) -> Sequence[AbandonedDay]:
    """Return each campaign's days, by campaign and day."""
    asked = await with_live(session, parameters)
    return [AbandonedDay(**row._asdict()) for row in await session.execute(_ABANDONED, asked)]


async def first_day(session: AsyncSession) -> date | None:
    """Return the day of the first call ever; before it there are no figures, not even noughts."""
    found: date | None = await session.scalar(_FIRST_DAY)
    return found
