"""Hours in which calls may be placed: local, half-open, exact on the days the clocks change.

A `Schedule` says which pieces of a local day are open. An instant is open when its wall-clock time
lies in such a piece, in every zone asked about; so an hour that the clocks repeat counts both
times, and one that they skip never comes.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from core.errors import OwnerlineError

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_MIDNIGHT = time(0)
_DAYS_A_WEEK = 7
_SATURDAY = 5


class HoursError(OwnerlineError):
    """A piece of a day is written `HH:MM-HH:MM`, its end after its start, 24:00 the latest."""


@dataclass(frozen=True, slots=True, order=True)
class LocalPeriod:
    """A half-open piece of a local day; an end of 00:00 means the end of the day."""

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.end != _MIDNIGHT and self.end <= self.start:
            message = f"{self} ends before it starts; write a night as two periods, of two days"
            raise HoursError(message)

    @classmethod
    def parse(cls, text: str) -> "LocalPeriod":
        """Read `09:00-12:00`; the end may be `24:00`.

        Raises:
            HoursError: the text is no such period.
        """
        start, _, end = text.partition("-")
        try:
            return cls(
                time.fromisoformat(start.strip()),
                _MIDNIGHT if end.strip() == "24:00" else time.fromisoformat(end.strip()),
            )
        except ValueError as err:
            message = f"{text!r} is no period of a day; write it like 09:00-12:00 or 20:00-24:00"
            raise HoursError(message) from err

    @classmethod
    def parse_daily(cls, text: str) -> "tuple[LocalPeriod, ...]":
        """Read a daily period that may run over midnight: `22:00-08:00` is two pieces of a day.

        Raises:
            HoursError: the text is no period.
        """
        start, _, end = text.partition("-")
        if start.strip() and end.strip() and end.strip() <= start.strip():
            early = () if end.strip() == "00:00" else (cls.parse(f"00:00-{end}"),)
            return (*early, cls.parse(f"{start}-24:00"))
        return (cls.parse(text),)

    def covers(self, at: time) -> bool:
        """Say whether the wall-clock time lies in the period."""
        return self.start <= at and (self.end == _MIDNIGHT or at < self.end)

    def __str__(self) -> str:
        end = "24:00" if self.end == _MIDNIGHT else f"{self.end:%H:%M}"
        return f"{self.start:%H:%M}-{end}"


Periods = tuple[LocalPeriod, ...]
WeekHours = tuple[Periods, ...]  # Monday first, seven days

ALL_DAY: Periods = (LocalPeriod(_MIDNIGHT, _MIDNIGHT),)
ALL_WEEK: WeekHours = (ALL_DAY,) * _DAYS_A_WEEK


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """The public holidays of a country, or of a part of it, by the `holidays` library."""

    country: str
    subdivision: str | None = None
    weekends_between: bool = (
        False  # a weekend between two holidays belongs to them (China's weeks off)
    )

    def name_of(self, day: date) -> str | None:
        """Return the holiday's name, or None on any other day."""
        named = self._named(day)
        if named is None and self.weekends_between and day.weekday() >= _SATURDAY:
            saturday = day - _DAY * (day.weekday() - _SATURDAY)
            before = self._named(saturday) or self._named(saturday - _DAY)
            after = self._named(saturday + _DAY) or self._named(saturday + 2 * _DAY)
            return before if after else None
        return named

    def _named(self, day: date) -> str | None:
        return _holidays_of_year(self, day.year).get(day)


@lru_cache(maxsize=256)
def _holidays_of_year(calendar: HolidayCalendar, year: int) -> dict[date, str]:
    found = holidays.country_holidays(
        calendar.country, subdiv=calendar.subdivision, years=year, language="en_US"
    )
    return dict(found.items())


@dataclass(frozen=True, kw_only=True, eq=False)
class Schedule:
    """Open hours by weekday and on public holidays; compared by identity, made once and kept."""

    week: WeekHours = ALL_WEEK
    calendar: HolidayCalendar | None = None
    on_holidays: Periods | None = None  # None: a holiday is a day like any other
    _windows: dict[tuple[tzinfo, date], tuple[tuple[datetime, ...], tuple[datetime, ...]]] = field(
        default_factory=dict, repr=False, init=False
    )

    def periods_on(self, day: date) -> Periods:
        """Return the open pieces of a local day, in order."""
        if self.on_holidays is not None and self.holiday_on(day) is not None:
            return self.on_holidays
        return self.week[day.weekday()]

    def holiday_on(self, day: date) -> str | None:
        """Return the name of the public holiday that changes these hours, or None."""
        if self.calendar is None or self.on_holidays is None:
            return None
        return self.calendar.name_of(day)

    def is_open(self, at: datetime, zone: tzinfo) -> bool:
        """Say whether the instant is open in the zone."""
        wall = at.astimezone(zone)
        at_time = wall.time()
        return any(period.covers(at_time) for period in self.periods_on(wall.date()))

    def opens_at(self, at: datetime, zone: tzinfo, horizon: datetime) -> datetime | None:
        """Return the first open instant from `at` on, or None when there is none before horizon."""
        day = at.astimezone(zone).date()
        while True:
            starts, ends = self._windows_on(day, zone)
            nth = bisect_right(ends, at)
            if nth < len(starts):
                opening = max(at, starts[nth])
                return opening if opening < horizon else None
            day += _DAY
            if _day_starts(day, zone) >= horizon:
                return None

    def _windows_on(
        self, day: date, zone: tzinfo
    ) -> tuple[tuple[datetime, ...], tuple[datetime, ...]]:
        key = (zone, day)
        found = self._windows.get(key)
        if found is None:
            if len(self._windows) > _KEPT_DAYS:
                self._windows.clear()
            windows = _windows(self.periods_on(day), day, zone)
            found = (
                tuple(start for start, _ in windows),
                tuple(end for _, end in windows),
            )
            self._windows[key] = found
        return found


_KEPT_DAYS = (
    4096  # windows of a schedule kept before it starts afresh; a day and zone is ~200 bytes
)

Source = tuple[Schedule, tzinfo]


def first_opening(sources: Iterable[Source], at: datetime, horizon: datetime) -> datetime | None:
    """Return the first instant from `at` on that is open in every source, or None before horizon.

    Exact: every step moves to the opening of a source that was closed, which no common opening can
    precede.
    """
    asked = tuple(sources)
    candidate = at.astimezone(UTC)
    agreed = 0
    while agreed < len(asked):
        agreed = 0
        for schedule, zone in asked:
            opening = schedule.opens_at(candidate, zone, horizon)
            if opening is None:
                return None
            if opening == candidate:
                agreed += 1
            candidate = opening
    return candidate


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo | None:
    """Return the IANA zone, or None when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None  # an unknown zone is a named refusal of the verdict, not an error


@lru_cache(maxsize=4096)
def outside(closed: Periods) -> Schedule:
    """Return the schedule that is open whenever none of the daily periods is."""
    return Schedule(week=(_complement(closed),) * _DAYS_A_WEEK)


@lru_cache(maxsize=256)
def weekly(week: WeekHours) -> Schedule:
    """Return the schedule of a plain week."""
    if len(week) != _DAYS_A_WEEK:
        message = f"a week has seven days, Monday first, not {len(week)}"
        raise HoursError(message)
    return Schedule(week=week)


def next_local_day(at: datetime, zone: tzinfo) -> datetime:
    """Return the instant the next local day starts, UTC."""
    return _day_starts(at.astimezone(zone).date() + _DAY, zone)


def _complement(closed: Periods) -> Periods:
    opened: list[LocalPeriod] = []
    start = _MIDNIGHT
    for period in sorted(closed):
        if period.start > start:
            opened.append(LocalPeriod(start, period.start))
        if period.end == _MIDNIGHT:
            return tuple(opened)
        start = max(start, period.end)
    return (*opened, LocalPeriod(start, _MIDNIGHT))


def _day_starts(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, _MIDNIGHT, zone).astimezone(UTC)


def _windows(periods: Periods, day: date, zone: tzinfo) -> list[tuple[datetime, datetime]]:
    """Return the UTC windows of a local day's periods, one for each stretch of equal offset."""
    windows = [
        (
            max(since, _at_offset(day, period.start, offset)),
            min(until, _at_offset(_end_day(day, period), period.end, offset)),
        )
        for since, until, offset in _stretches(day, zone)
        for period in periods
    ]
    return sorted(window for window in windows if window[0] < window[1])


def _stretches(day: date, zone: tzinfo) -> list[tuple[datetime, datetime, timedelta]]:
    """Split a local day where its offset from UTC changes, at most once a day."""
    since, until = _day_starts(day, zone), _day_starts(day + _DAY, zone)
    before, after = _offset(since, zone), _offset(until - _SECOND, zone)
    if before == after:
        return [(since, until, before)]
    change = _first_second(lambda at: _offset(at, zone) != before, since, until)
    return [(since, change, before), (change, until, after)]


def _first_second(holds: Callable[[datetime], bool], since: datetime, until: datetime) -> datetime:
    """Return the first whole second in [since, until) that holds; the last one does."""
    low, high = 0, int((until - since).total_seconds()) - 1
    while low < high:
        middle = (low + high) // 2
        if holds(since + timedelta(seconds=middle)):
            high = middle
        else:
            low = middle + 1
    return since + timedelta(seconds=low)


def _offset(at: datetime, zone: tzinfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _at_offset(day: date, at: time, offset: timedelta) -> datetime:
    return datetime.combine(day, at, UTC) - offset


def _end_day(day: date, period: LocalPeriod) -> date:
    return day + _DAY if period.end == _MIDNIGHT else day
