"""Local hours: how they are written, holidays, and openings against the wall clock."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback.hours import (
    ALL_WEEK,
    HolidayCalendar,
    HoursError,
    LocalPeriod,
    Schedule,
    first_opening,
    next_local_day,
    outside,
    weekly,
    zone_named,
)

ZONES = ["Asia/Shanghai", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Tehran",
         "America/Havana"]  # half-hour changes, half-hour zones, a change at midnight  # fmt: skip
instants = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - made UTC below
    datetime(2027, 1, 1),  # noqa: DTZ001
).map(lambda at: at.replace(tzinfo=UTC))


@st.composite
def weeks(draw: st.DrawFn) -> Schedule:
    """Return a week of up to two periods a day, on quarters of an hour."""
    quarters = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))
    days = []
    for _ in range(7):
        ends = sorted(draw(st.lists(quarters, min_size=4, max_size=4, unique=True)))
        pair = (LocalPeriod(ends[0], ends[1]), LocalPeriod(ends[2], ends[3]))
        days.append(pair[: draw(st.integers(0, 2))])
    return Schedule(week=tuple(days))


@given(weeks(), st.sampled_from(ZONES), instants)
def test_an_opening_is_open_and_nothing_before_it_is(
    schedule: Schedule, zone_name: str, at: datetime
) -> None:
    zone = zone_named(zone_name)
    assert zone is not None
    opening = first_opening([(schedule, zone)], at, at + timedelta(days=8))
    until = opening or at + timedelta(days=8)
    assert opening is None or schedule.is_open(opening, zone)
    probe = at
    while probe < until:
        assert not schedule.is_open(probe, zone)
        probe += timedelta(minutes=7)
    if opening is not None and opening > at:
        assert not schedule.is_open(opening - timedelta(microseconds=1), zone)


@given(st.lists(weeks(), min_size=2, max_size=3), instants)
def test_a_common_opening_is_open_everywhere(schedules: list[Schedule], at: datetime) -> None:
    zones = [zone for name in ZONES if (zone := zone_named(name))]
    sources = list(zip(schedules, zones, strict=False))
    opening = first_opening(sources, at, at + timedelta(days=30))
    if opening is not None:
        assert all(schedule.is_open(opening, zone) for schedule, zone in sources)
        assert opening == at or not all(
            schedule.is_open(opening - timedelta(microseconds=1), zone)
            for schedule, zone in sources
        )


@pytest.mark.parametrize(
    "text", ["", "9-12", "12:00-09:00", "25:00-26:00", "09:00", "09:00-09:00", "24:00-24:00"]
)
def test_a_period_that_is_none_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(HoursError, match=r"period|ends before"):
        LocalPeriod.parse(text)


def test_a_night_is_two_pieces_of_a_day() -> None:
    assert [str(period) for period in LocalPeriod.parse_daily("22:00-08:00")] == [
        "00:00-08:00",
        "22:00-24:00",
    ]
    assert [str(period) for period in LocalPeriod.parse_daily("20:00-00:00")] == ["20:00-24:00"]
    assert [str(period) for period in LocalPeriod.parse_daily("12:00-14:00")] == ["12:00-14:00"]


@given(st.lists(st.tuples(st.times(), st.times()), max_size=4), st.times())
def test_outside_is_open_exactly_where_no_period_is(
    pairs: list[tuple[time, time]], at: time
) -> None:
    closed = tuple(
        LocalPeriod(*sorted(pair)) for pair in pairs if pair[0] != pair[1] and max(pair) != time(0)
    )
    instant = datetime.combine(date(2026, 3, 4), at, UTC)
    assert outside(closed).is_open(instant, UTC) is not any(p.covers(at) for p in closed)


def test_a_week_has_seven_days() -> None:
    with pytest.raises(HoursError, match="seven days"):
        weekly(ALL_WEEK[:5])


def test_an_unknown_zone_is_none() -> None:
    assert zone_named("Mars/Olympus") is None
    assert zone_named("") is None
    assert zone_named("../etc/passwd") is None


@pytest.mark.parametrize(
    ("calendar", "day", "holiday"),
    [
        (HolidayCalendar("CN", weekends_between=True), date(2026, 10, 4), True),
        (HolidayCalendar("CN"), date(2026, 10, 4), False),
        (HolidayCalendar("CN", weekends_between=True), date(2026, 10, 10), False),
        (HolidayCalendar("GB", "ENG"), date(2026, 4, 4), False),
        (HolidayCalendar("GB", "ENG"), date(2026, 4, 6), True),
        (HolidayCalendar("US"), date(2026, 7, 3), True),
    ],
)
def test_public_holidays_are_those_of_the_place(
    calendar: HolidayCalendar, day: date, holiday: bool
) -> None:
    assert (calendar.name_of(day) is not None) is holiday


def test_the_next_local_day_starts_at_local_midnight() -> None:
    zone = zone_named("America/New_York")
    assert zone is not None
    evening = datetime(2026, 3, 8, 23, 30, tzinfo=zone)
    assert next_local_day(evening, zone) == datetime(2026, 3, 9, 4, tzinfo=UTC)
