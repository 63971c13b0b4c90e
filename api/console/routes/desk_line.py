"""A deadline as a line with a now: from when a call could be made to when it is late."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from callback.hours import LocalPeriod
from callback.packs import Packs
from core.columns import AnyRow

_WHOLE = 100.0
_MOST_DAYS = 3  # of longer lines gaps would be specks
_MIDNIGHT = time(0)
_END_OF_LINE = 98.6  # the mark of the end has a width


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A deadline in per cent of its line; `now` is None where it lies before the line."""

    now: float
    rests: Sequence[tuple[float, float]]  # where it begins, how wide it is
    due_by: datetime
    left: timedelta

    @property
    def is_late(self) -> bool:
        """Whether it has passed."""
        return self.left <= timedelta(0)

    @property
    def is_soon(self) -> bool:
        """Whether it is at risk: less than an hour is left."""
        return not self.is_late and self.left < timedelta(hours=1)


def line_of(due_call: AnyRow, *, packs: Packs, now: datetime) -> Line:
    """Return the line of a due call; its gaps are when its owner rests."""
    end: datetime = due_call.due_by
    start: datetime = max(due_call.not_before, end - timedelta(days=30))
    start = min(start, end - timedelta(minutes=1), now)
    if end - start > timedelta(days=1) and end - now < timedelta(hours=12) and end > now:
        local = now.astimezone(ZoneInfo(due_call.time_zone))
        start = max(start, local.replace(hour=0, minute=0, second=0).astimezone(UTC))
    whole = (end - start).total_seconds()

    def at(when: datetime) -> float:
        share = (when - start).total_seconds() / whole * _WHOLE
        return round(min(max(share, 0.0), _END_OF_LINE), 1)

    rests: Sequence[tuple[float, float]] = ()
    if end - start <= timedelta(days=_MOST_DAYS):
        rests = tuple(
            (at(since), round(at(until) - at(since), 1))
            for since, until in _rests(due_call, packs=packs, start=start, end=end)
        )
    return Line(now=at(now), rests=rests, due_by=end, left=end - now)


def _rests(
    due_call: AnyRow, *, packs: Packs, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    zone = ZoneInfo(due_call.time_zone)
    periods = _periods(due_call, packs)
    day = start.astimezone(zone).date()
    while datetime.combine(day, _MIDNIGHT, zone) < end:
        for period in periods:
            since = datetime.combine(day, period.start, zone)
            last = day if period.end != _MIDNIGHT else day + timedelta(days=1)
            until = datetime.combine(last, period.end, zone)
            if until > start and since < end:
                yield max(since, start), min(until, end)
        day += timedelta(days=1)


def _periods(due_call: AnyRow, packs: Packs) -> Sequence[LocalPeriod]:
    if due_call.rest_hours is not None:
        return [
            period
            for each in due_call.rest_hours
            for period in LocalPeriod.parse_daily(f"{each['from']}-{each['until']}")
        ]
    applying = packs.applying(tuple(due_call.packs), due_call.region, due_call.region)
    return applying[0].house.rest_hours.periods if applying else ()
