"""Deadlines in local days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback.deadlines import (
    day_start,
    days_past_due,
    due_by,
    reached_step,
    survey_round,
)

LADDER = (-3, 1, 7, 15, 30, 60, 90)


@pytest.mark.parametrize(
    ("days", "step"),
    [
        (-4, None),
        (-3, -3),
        (0, -3),
        (1, 1),
        (6, 1),
        (7, 7),
        (29, 15),
        (30, 30),
        (90, 90),
        (999, 90),
    ],
)
def test_a_step_is_reached_when_its_days_have_passed(days: int, step: int | None) -> None:
    assert reached_step(LADDER, days) == step


@given(days=st.integers(-500, 5000))
def test_the_step_reached_never_falls_as_days_pass(days: int) -> None:
    lowest = LADDER[0] - 1
    assert (reached_step(LADDER, days) or lowest) <= (reached_step(LADDER, days + 1) or lowest)


def test_days_past_due_are_negative_before_the_due_date() -> None:
    assert days_past_due(date(2026, 5, 20), date(2026, 5, 17)) == -3


@pytest.mark.parametrize(
    ("last_day", "time_zone", "end"),
    [
        (date(2026, 5, 20), "Asia/Shanghai", datetime(2026, 5, 20, 16, tzinfo=UTC)),
        (date(2026, 5, 20), "America/New_York", datetime(2026, 5, 21, 4, tzinfo=UTC)),
        (date(2026, 3, 7), "America/New_York", datetime(2026, 3, 8, 5, tzinfo=UTC)),
        (date(2026, 3, 8), "America/New_York", datetime(2026, 3, 9, 4, tzinfo=UTC)),
        (date(2026, 11, 1), "America/New_York", datetime(2026, 11, 2, 5, tzinfo=UTC)),
    ],
    ids=["east", "west", "before-spring", "spring-forward", "fall-back"],
)
def test_a_deadline_ends_at_the_midnight_after_its_last_local_day(
    last_day: date, time_zone: str, end: datetime
) -> None:
    assert due_by(last_day, time_zone) == end


@given(
    day=st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    time_zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/London"]),
)
def test_days_follow_one_another_without_a_gap(day: date, time_zone: str) -> None:
    assert due_by(day, time_zone) == day_start(day + timedelta(days=1), time_zone)
    assert timedelta(hours=23) <= due_by(day, time_zone) - day_start(day, time_zone)


@pytest.mark.parametrize(
    ("day", "name", "opens_on", "closes_on", "is_open"),
    [
        (date(2026, 6, 14), "2026-Q2", date(2026, 6, 15), date(2026, 6, 30), False),
        (date(2026, 6, 15), "2026-Q2", date(2026, 6, 15), date(2026, 6, 30), True),
        (date(2026, 6, 30), "2026-Q2", date(2026, 6, 15), date(2026, 6, 30), True),
        (date(2026, 7, 1), "2026-Q3", date(2026, 9, 15), date(2026, 9, 30), False),
        (date(2026, 12, 31), "2026-Q4", date(2026, 12, 15), date(2026, 12, 30), False),
    ],
)
def test_a_survey_is_open_in_the_second_half_of_its_quarters_last_month(
    day: date, name: str, opens_on: date, closes_on: date, is_open: bool
) -> None:
    found = survey_round(day, opens_on_day=15, open_days=15)

    assert (found.name, found.opens_on, found.closes_on) == (name, opens_on, closes_on)
    assert found.is_open_on(day) is is_open


def test_a_surveys_default_seed_follows_from_its_name_and_fits_the_database() -> None:
    spring = survey_round(date(2026, 3, 15), opens_on_day=15, open_days=15)
    summer = survey_round(date(2026, 6, 15), opens_on_day=15, open_days=15)

    assert spring.default_seed == spring.default_seed
    assert spring.default_seed != summer.default_seed
    assert 0 <= spring.default_seed < 2**63
