"""What a house may say of its day: the hours in which all rules of its packs allow calls."""

from datetime import date

import pytest

from callback.day_hours import hours_by_purposes, hours_of_day
from callback.packs import shipped_packs
from customers.model import Purpose

_WEDNESDAY, _SATURDAY, _NEW_YEAR = date(2026, 5, 20), date(2026, 5, 23), date(2026, 1, 1)


def _hours(names: tuple[str, ...], purpose: Purpose, day: date) -> list[str]:
    packs = [shipped_packs().named(name) for name in names]
    return [str(period) for period in hours_of_day(packs, purpose, day)]


@pytest.mark.parametrize("purpose", Purpose)
def test_in_china_owners_rest_at_noon_and_from_eight_in_the_evening(purpose: Purpose) -> None:
    assert _hours(("CN",), purpose, _WEDNESDAY) == ["09:00-12:00", "14:00-20:00"]


def test_on_a_public_holiday_the_house_calls_nobody() -> None:
    assert _hours(("CN",), Purpose.DEBT, _NEW_YEAR) == []


def test_every_pack_of_a_house_must_allow_an_hour() -> None:
    both = _hours(("CN", "UK"), Purpose.DEBT, _SATURDAY)
    assert both == _hours(("UK", "CN"), Purpose.DEBT, _SATURDAY) == ["09:00-12:00", "14:00-17:00"]


def test_a_rehearsal_is_open_all_day() -> None:
    assert _hours(("rehearsal",), Purpose.DEBT, _NEW_YEAR) == ["00:00-24:00"]


def test_purposes_with_the_same_hours_stand_together() -> None:
    found = hours_by_purposes([shipped_packs().named("CN")], _WEDNESDAY)
    assert list(found.values()) == [tuple(Purpose)]
