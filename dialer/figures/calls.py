"""Calls by hour, by outcome and by who met nobody; of calls that we placed and that have ended.

What we took back ourselves while it rang says nothing of owners and is left out (`cancelled`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.figures.kept import CallFigures

_LIVE = frozenset({"answered", "abandoned"})  # a person picked up; some of them met nobody

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


def hour_cells(figures: CallFigures) -> Sequence[HourCell]:
    """Return the hours of the week in which calls were placed; an hour told twice is one."""
    sums: dict[tuple[int, int], list[int]] = {}
    for row in figures.get("hour", ()):
        cell = sums.setdefault((row.day.isoweekday(), int(row.of)), [0, 0, 0])
        for nth, value in enumerate((row.calls, row.connected, row.answered)):
            cell[nth] += value
    return [
        HourCell(weekday=weekday, hour=hour, calls=calls, connected=connected, answered=answered)
        for (weekday, hour), (calls, connected, answered) in sorted(sums.items())
    ]


def result_counts(figures: CallFigures) -> Sequence[tuple[str, int]]:
    """Return telephony results, the most frequent first."""
    sums: Counter[str] = Counter()
    for row in figures.get("result", ()):
        sums[row.word] += row.calls
    return sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))


def outcome_counts(figures: CallFigures) -> Sequence[OutcomeCount]:
    """Return wrap-up codes by reason, the most frequent first."""
    sums: Counter[tuple[str, str]] = Counter()
    for row in figures.get("code", ()):
        sums[row.of, row.word] += row.calls
    ordered = sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
    return [OutcomeCount(reason=of, code=word, talks=talks) for (of, word), talks in ordered]


def abandoned_days(figures: CallFigures) -> Sequence[AbandonedDay]:
    """Return each campaign's days, by campaign and day."""
    sums: dict[tuple[str, date], list[int]] = {}
    for row in figures.get("result", ()):
        day = sums.setdefault((row.of, row.day), [0, 0])
        day[0] += row.calls if row.word in _LIVE else 0
        day[1] += row.calls if row.word == "abandoned" else 0
    return [
        AbandonedDay(campaign=campaign, day=day, live=live, abandoned=abandoned)
        for (campaign, day), (live, abandoned) in sorted(sums.items())
    ]


async def first_day(session: AsyncSession) -> date | None:
    """Return the day of the first call ever; before it there are no figures, not even noughts."""
    found: date | None = await session.scalar(_FIRST_DAY)
    return found
