"""A daily job comes once a local day, in whatever zone and whenever the clocks change."""

from datetime import UTC, date, datetime, time, timedelta

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownerline.services.occasions import daily

# Zone, wall time, the day, and the instant it is due at: tz database 2026a.
_DUE = {
    "an ordinary morning": ("Asia/Shanghai", "06:00", "2026-11-23", "2026-11-22T22:00"),
    "the furthest east": ("Pacific/Kiritimati", "06:00", "2026-11-23", "2026-11-22T16:00"),
    "the furthest west": ("Pacific/Pago_Pago", "06:00", "2026-11-23", "2026-11-23T17:00"),
    "the morning after an hour was left out": (
        "America/New_York",
        "06:00",
        "2026-03-08",
        "2026-03-08T10:00",
    ),
    "the morning after an hour came twice": (
        "America/New_York",
        "06:00",
        "2026-11-01",
        "2026-11-01T11:00",
    ),
    "in the hour that is left out": (
        "America/New_York",
        "02:30",
        "2026-03-08",
        "2026-03-08T07:30",
    ),
    "in the hour that comes twice, the first time": (
        "America/New_York",
        "01:30",
        "2026-11-01",
        "2026-11-01T05:30",
    ),
    "in a half hour that is left out": (
        "Australia/Lord_Howe",
        "02:15",
        "2026-10-04",
        "2026-10-03T15:45",
    ),
    "in a half hour that comes twice": (
        "Australia/Lord_Howe",
        "01:45",
        "2026-04-05",
        "2026-04-04T14:45",
    ),
    "on a day without a midnight": ("Asia/Beirut", "00:00", "2026-03-29", "2026-03-28T22:00"),
}


@pytest.mark.parametrize(("zone", "wall", "day", "instant"), _DUE.values(), ids=_DUE)
def test_a_daily_job_is_due_at(zone: str, wall: str, day: str, instant: str) -> None:
    timing = daily(time.fromisoformat(wall))
    due = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    before = timing.nearest(due - timedelta(seconds=1), zone)
    assert before.coming is not None
    assert (before.coming.key, before.coming.at) == (day, due)
    after = timing.nearest(due, zone)
    assert after.past is not None
    assert (after.past.key, after.past.at) == (day, due)


_CHANGES = {
    "clocks go forward": ("America/New_York", date(2026, 3, 8)),
    "clocks go back": ("America/New_York", date(2026, 11, 1)),
    "half an hour forward": ("Australia/Lord_Howe", date(2026, 10, 4)),
    "half an hour back": ("Australia/Lord_Howe", date(2026, 4, 5)),
    "midnight left out": ("America/Santiago", date(2026, 9, 6)),
    "no change, fourteen hours east": ("Pacific/Kiritimati", date(2026, 3, 8)),
    "no change, eleven hours west": ("Pacific/Pago_Pago", date(2026, 3, 8)),
}


@pytest.mark.parametrize(("zone", "day"), _CHANGES.values(), ids=_CHANGES)
@hypothesis.settings(max_examples=8)
@given(wall=st.times())
def test_each_day_has_one_occasion_however_often_it_is_looked(
    wall: time, zone: str, day: date
) -> None:
    timing = daily(wall)
    seen: dict[str, datetime] = {}
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    for quarters in range(0, 3 * 96, 5):
        past = timing.nearest(start + timedelta(minutes=15 * quarters), zone).past
        assert past is not None
        assert seen.setdefault(past.key, past.at) == past.at
    days = [date.fromisoformat(key) for key in seen]
    assert days == [days[0] + timedelta(days=nth) for nth in range(len(days))]
    assert list(seen.values()) == sorted(seen.values())


def test_of_a_long_outage_the_last_occasion_is_named() -> None:
    nearest = daily(time(6)).nearest(datetime(2026, 11, 23, 4, tzinfo=UTC), "Asia/Shanghai")
    assert nearest.past is not None
    assert nearest.past.key == "2026-11-23"
    assert nearest.coming is not None
    assert nearest.coming.key == "2026-11-24"
