"""Periods of reports: half-open local days, judged in each community's own zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo

from core.errors import OwnerlineError

LONGEST_DAYS = 366
_YEARS = range(1970, 2200)
# No zone is further from UTC; the coarse bounds let an index find what the zones then judge.
_AHEAD, _BEHIND = timedelta(hours=15), timedelta(hours=13)

# Of a statement's instant `{at}` and its community `c`; a period is `Period.parameters`.
_WITHIN = """
    {at} >= :earliest AND {at} < :latest
    AND {at} >= CAST(CAST(:first AS date) AS timestamp) AT TIME ZONE c.time_zone
    AND {at} < CAST(CAST(:until AS date) AS timestamp) AT TIME ZONE c.time_zone
    AND (CAST(:community_id AS bigint) IS NULL OR c.community_id = CAST(:community_id AS bigint))
"""


class PeriodError(OwnerlineError):
    """The period ends before it begins, or is longer than a report may be."""


class Preset(StrEnum):
    """The periods people ask for most."""

    TODAY = "today"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """Local days from the first up to, and without, the last."""

    first: date
    until: date

    @classmethod
    def of(cls, first: date, until: date) -> Self:
        """Return the period of two days, the second left out.

        Raises:
            PeriodError: it is empty, too long, or of years nobody was called in.
        """
        if first.year not in _YEARS or until.year not in _YEARS:
            message = f"{first} to {until}: give days from {_YEARS.start} on"
            raise PeriodError(message)
        days = (until - first).days
        if not 0 < days <= LONGEST_DAYS:
            message = (
                f"{first} to {until} holds {days} days; a report holds 1 to {LONGEST_DAYS}, "
                "and the last day is the one after it"
            )
            raise PeriodError(message)
        return cls(first=first, until=until)

    @classmethod
    def preset(cls, preset: Preset, *, now: datetime, time_zone: str) -> Self:
        """Return today, this week from Monday on, or this month, up to the end of today."""
        today = now.astimezone(ZoneInfo(time_zone)).date()
        first = {
            Preset.TODAY: today,
            Preset.WEEK: today - timedelta(days=today.weekday()),
            Preset.MONTH: today.replace(day=1),
        }[preset]
        return cls.of(first, today + timedelta(days=1))

    @property
    def last(self) -> date:
        """The last day in it."""
        return self.until - timedelta(days=1)

    @property
    def days(self) -> list[date]:
        """Each of its days."""
        return [self.first + timedelta(days=nth) for nth in range((self.until - self.first).days)]

    def parameters(self, community_id: int | None = None) -> dict[str, Any]:
        """Return what a statement that says `within` takes; None means every community."""
        return {
            "first": self.first,
            "until": self.until,
            "earliest": datetime.combine(self.first, time(), UTC) - _AHEAD,
            "latest": datetime.combine(self.until, time(), UTC) + _BEHIND,
            "community_id": community_id,
        }


def within(at: str) -> str:
    """Return the condition that a column lies in the period by the zone of the community `c`."""
    return _WITHIN.format(at=at)
