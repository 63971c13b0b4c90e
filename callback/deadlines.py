"""Deadlines in local days: ladder steps, callbacks by category, survey rounds, their instants.

Pure. A last day is counted in the community's own zone; as an instant it is the midnight that
follows it, so a window is half-open: a call at that midnight is late. The set-based builders
compute the same in SQL; the tests hold the two against each other.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MONTHS_A_QUARTER = 3
_SEED_BYTES = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class SurveyRound:
    """A quarter's survey; open from `opens_on` to `closes_on`, both days included."""

    name: str
    opens_on: date
    closes_on: date

    def is_open_on(self, day: date) -> bool:
        """Say whether owners may be drawn and asked on the day."""
        return self.opens_on <= day <= self.closes_on

    @property
    def default_seed(self) -> int:
        """A seed that follows from the name alone, below 2**63."""
        digest = hashlib.sha256(self.name.encode()).digest()
        return int.from_bytes(digest[:_SEED_BYTES]) >> 1


def day_start(day: date, time_zone: str) -> datetime:
    """Return the first instant of a local day, aware, UTC."""
    return datetime.combine(day, time.min, ZoneInfo(time_zone)).astimezone(UTC)


def due_by(last_day: date, time_zone: str) -> datetime:
    """Return the instant a deadline ends: the midnight after its last local day, aware, UTC."""
    return day_start(last_day + timedelta(days=1), time_zone)


def days_past_due(due_on: date, today: date) -> int:
    """Return today minus the due date (DPD); negative before it."""
    return (today - due_on).days


def reached_step(steps: Sequence[int], days: int) -> int | None:
    """Return the highest step of an ascending ladder that is reached; None before the first."""
    position = bisect_right(steps, days)
    return steps[position - 1] if position else None


def survey_round(day: date, *, opens_on_day: int, open_days: int) -> SurveyRound:
    """Return the survey of the day's quarter, open in the quarter's last month."""
    quarter = (day.month - 1) // _MONTHS_A_QUARTER + 1
    opens_on = date(day.year, quarter * _MONTHS_A_QUARTER, opens_on_day)
    return SurveyRound(
        name=f"{day.year}-Q{quarter}",
        opens_on=opens_on,
        closes_on=opens_on + timedelta(days=open_days),
    )
