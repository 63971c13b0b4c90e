"""Test numbers, destinations and national do-not-call lists."""

from pathlib import Path

import pytest

from callback.never_rung import (
    DoNotCallListError,
    ListFile,
    Screens,
    is_test_number,
    never_rung,
    within_destinations,
)
from core.phone import PhoneNumber

MOBILE = PhoneNumber("+8613800138000")
LONDON = PhoneNumber("+442079460958")


@pytest.mark.parametrize("number", ["+8613800138000", "+861012345678", "+442079460958",
                                    "+12125550123", "+85291234567", "+6591234567"])  # fmt: skip
def test_ordinary_numbers_may_be_rung(number: str) -> None:
    assert never_rung(PhoneNumber(number)) is None


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("+8613800*", True),
        ("+8613800138000", True),
        ("+861380013800", False),
        ("+8613900*", False),
        ("*", False),  # a slip of the pen must not open every number
        ("+*", False),
        ("", False),
    ],
)
def test_a_test_number_is_named_whole_or_by_its_beginning(pattern: str, matches: bool) -> None:
    assert is_test_number(MOBILE, [pattern]) is matches


@pytest.mark.parametrize(
    ("entry", "within"), [("+86", True), ("CN", True), ("+861390", False), ("US", False)]
)
def test_destinations_are_prefixes_or_countries(entry: str, within: bool) -> None:
    assert within_destinations(MOBILE, "CN", [entry]) is within


def test_a_list_screens_numbers_of_its_country_only() -> None:
    registry = ListFile.parse("# TPS\n020 7946 0958\n\n", "GB", origin="tps.txt")
    assert registry.listed(LONDON) is True
    assert registry.listed(PhoneNumber("+442079460959")) is False
    assert registry.listed(MOBILE) is None
    both = Screens([ListFile("CN", frozenset()), registry])
    assert (both.listed(LONDON), both.listed(MOBILE)) == (True, False)
    assert both.listed(PhoneNumber("+12125550123")) is None


def test_a_list_that_cannot_be_read_says_where() -> None:
    with pytest.raises(DoNotCallListError, match="line 2"):
        ListFile.parse("+442079460958\nrubbish", "GB", origin="tps.txt")
    with pytest.raises(DoNotCallListError, match="cannot be read"):
        ListFile.read(Path("/nowhere/tps.txt"), "GB")
