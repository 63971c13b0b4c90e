"""Dates entered by keys, as a table."""

from datetime import date

import pytest

from scripts.answers import nearest_date


@pytest.mark.parametrize(
    ("keys", "today", "meant"),
    [
        ("0310", date(2026, 3, 5), date(2026, 3, 10)),
        ("0304", date(2026, 3, 5), date(2026, 3, 4)),
        ("0105", date(2026, 12, 28), date(2027, 1, 5)),
        ("1228", date(2027, 1, 5), date(2026, 12, 28)),
        ("0229", date(2028, 2, 20), date(2028, 2, 29)),
        ("0229", date(2026, 2, 20), None),
        ("20260310", date(2026, 3, 5), date(2026, 3, 10)),
        ("20250310", date(2026, 3, 5), date(2025, 3, 10)),
        ("00000101", date(2026, 3, 5), None),
        ("0231", date(2026, 3, 5), None),
        ("1301", date(2026, 3, 5), None),
        ("310", date(2026, 3, 5), None),
        ("03*10", date(2026, 3, 5), None),
        ("٠٣١٠", date(2026, 3, 5), None),
    ],
)
def test_month_and_day_mean_the_nearest_such_date(
    keys: str, today: date, meant: date | None
) -> None:
    assert nearest_date(keys, today) == meant
