"""Amounts and days as agents type them in both languages."""

import pytest

from api.console.typed import read_amount, read_day


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("60", "60"),
        (" 1 138.56 ", "1138.56"),
        ("1,138.56", "1138.56"),
        ("１，１３８．５６", "1138.56"),
        ("１２３。５", "123.5"),
        ("¥60.5", "60.5"),
        ("￥60", "60"),
        ("cny 60.00", "60.00"),
        ("60元", "60"),
        ("60元整", "60"),
        ("60.", "60"),
        ("£1,000,000.01", "1000000.01"),
    ],
)
def test_an_amount_is_read_however_it_is_written(typed: str, read: str) -> None:
    assert read_amount(typed) == read


@pytest.mark.parametrize(
    "typed",
    [
        *("", "-", "-5", "+5", "1万", "1.5万", "六十", "60,5", "1,2345", ",60", "12.345", "1e5"),
        *("1E+99", "NaN", "Infinity", "0x10", "1234567890", "60 or 70", "60 70", "60.5.1", "٣٠"),
    ],
)
def test_what_could_be_read_in_two_ways_is_no_amount(typed: str) -> None:
    assert read_amount(typed) is None


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("2026-05-25", "2026-05-25"),
        ("2026/5/25", "2026-05-25"),
        ("2026年5月25日", "2026-05-25"),
        ("２０２６－０５－２５", "2026-05-25"),
        ("2026.5.25", "2026-05-25"),
        ("25/05/2026", None),
        ("05-25", None),
        ("2026-005-25", None),
        ("", None),
    ],
)
def test_a_day_is_read_in_either_form(typed: str, read: str | None) -> None:
    assert read_day(typed) == read
