"""A time of day on the command line is of the house's zone, or is refused in a sentence."""

from datetime import UTC, date, datetime

import pytest

from ownerline.instants import InstantError, parse_clock

_DAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "hour", "minute", "second"),
    [("10:42", 2, 42, 0), ("10:42:31", 2, 42, 31), ("08:00", 0, 0, 0)],
)
def test_a_time_is_read_on_the_clock_of_the_zone(
    text: str, hour: int, minute: int, second: int
) -> None:
    expected = datetime(2026, 11, 23, hour, minute, second, tzinfo=UTC)
    assert parse_clock(text, _DAY, "Asia/Shanghai") == expected


@pytest.mark.parametrize("text", ["25:00", "", "ten", "10:42+05:00", "10:42Z", "10h42"])
def test_what_is_no_time_of_a_day_is_refused(text: str) -> None:
    with pytest.raises(InstantError, match="10:42"):
        parse_clock(text, _DAY, "Asia/Shanghai")
