"""Instants and dates as people give them on the command line."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ownerline.usage import WrongUsageError

_YEARS = range(1970, 2200)  # phones were rung, and zones are known


class InstantError(WrongUsageError):
    """A date or an instant on the command line cannot be read."""


def parse_instant(text: str, zone: str) -> datetime:
    """Read `2026-11-23T09:00` with or without an offset; without one it is in the zone. Aware, UTC.

    Raises:
        InstantError: it is no instant.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as err:
        message = f"{text!r} is not an instant; write it like 2026-11-23T09:00+08:00"
        raise InstantError(message) from err
    _check_year(instant, text)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=ZoneInfo(zone))
    return instant.astimezone(UTC)


def parse_date(text: str) -> date:
    """Read `2026-11-23`.

    Raises:
        InstantError: it is no date.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as err:
        message = f"{text!r} is not a date; write it like 2026-11-23"
        raise InstantError(message) from err
    _check_year(day, text)
    return day


def _check_year(day: date, text: str) -> None:
    if day.year not in _YEARS:
        message = f"{text!r} lies outside the years {_YEARS.start} to {_YEARS.stop - 1}"
        raise InstantError(message)


def parse_clock(text: str, day: date, zone: str) -> datetime:
    """Read `10:42` or `10:42:30` on the clock of the zone on a day. Aware, UTC.

    Raises:
        InstantError: it is no time of a day.
    """
    try:
        clock = time.fromisoformat(text)
    except ValueError as err:
        message = f"{text!r} is not a time of day; write it like 10:42"
        raise InstantError(message) from err
    if clock.tzinfo is not None:
        message = f"{text!r} names a zone; the time is of {zone}: write it like 10:42"
        raise InstantError(message)
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)


def day_start(day: date, zone: str) -> datetime:
    """Return the instant a local day begins, UTC."""
    return datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)


def day_end(instant: datetime, zone: str) -> datetime:
    """Return the instant the local day of an instant ends, exclusive, UTC."""
    local = instant.astimezone(ZoneInfo(zone)).date()
    return day_start(local + timedelta(days=1), zone)


def build_instant(day: date | None, now: datetime, zone: str) -> datetime:
    """Return the instant lists of a day are built at: now, or that day's start in the zone."""
    return now if day is None else day_start(day, zone)
