"""Money, phone numbers and ids keep their promises."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import VirtualClock
from core.ids import IdSource
from core.money import CurrencyMismatchError, Money
from core.phone import PhoneKind, PhoneNumber, PhoneNumberError

_START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["CNY", "USD", "JPY", "BHD"]))
def test_money_survives_the_way_over_decimal(amount_minor: int, currency: str) -> None:
    money = Money(amount_minor=amount_minor, currency=currency)
    assert Money.from_decimal(money.to_decimal(), currency) == money


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("1234.505", "CNY", 123451),
        ("-0.005", "CNY", -1),
        ("99.5", "JPY", 100),
        ("1.2345", "BHD", 1235),
    ],
)
def test_money_is_rounded_half_up_to_its_own_minor_unit(
    amount: str, currency: str, minor: int
) -> None:
    assert Money.from_decimal(Decimal(amount), currency).amount_minor == minor


def test_money_of_two_currencies_is_not_added() -> None:
    yuan, dollar = Money(amount_minor=1, currency="CNY"), Money(amount_minor=1, currency="USD")
    with pytest.raises(CurrencyMismatchError, match=r"0\.01 CNY.*0\.01 USD|0\.01 USD.*0\.01 CNY"):
        _ = yuan + dollar


@pytest.mark.parametrize(
    ("text", "region", "e164", "kind"),
    [
        ("138 0013 8000", "CN", "+8613800138000", PhoneKind.MOBILE),
        ("0086-13800138000", "CN", "+8613800138000", PhoneKind.MOBILE),
        ("0755-12345678", "CN", "+8675512345678", PhoneKind.FIXED),
        ("020 7946 0018", "GB", "+442079460018", PhoneKind.FIXED),
        ("(202) 456-1111", "US", "+12024561111", PhoneKind.FIXED_OR_MOBILE),
        ("+881612345678", "CN", "+881612345678", PhoneKind.SATELLITE),
        ("0909 879 0879", "GB", "+449098790879", PhoneKind.PREMIUM),
    ],
)
def test_a_number_is_read_in_its_region(text: str, region: str, e164: str, kind: PhoneKind) -> None:
    number = PhoneNumber.parse(text, region)
    assert number.e164 == e164
    assert number.kind is kind


@pytest.mark.parametrize("text", ["", "无", "110", "13800", "138001380001234"])
def test_what_is_no_number_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(PhoneNumberError, match="region CN"):
        PhoneNumber.parse(text, "CN")


def test_a_number_that_may_be_in_many_zones_names_them_all() -> None:
    assert PhoneNumber("+8613800138000").time_zones == ("Asia/Shanghai",)
    assert len(PhoneNumber("+18005550199").time_zones) > 1


async def test_ids_are_ordered_by_time_and_equal_for_equal_seeds() -> None:
    def made(seed: int) -> list[str]:
        early = IdSource(VirtualClock(_START), random.Random(seed))
        late = IdSource(VirtualClock(_START + timedelta(milliseconds=1)), random.Random(seed))
        return [early.new().hex, late.new().hex]

    assert made(7) == made(7)
    assert made(7) == sorted(made(7))
    assert made(7) != made(8)


async def test_an_id_is_a_version_seven_uuid_of_the_variant_of_the_rfc() -> None:
    value = IdSource(VirtualClock(_START), random.Random(1)).new()
    assert value.version == 7
    assert value.variant == "specified in RFC 4122"
    assert value.int >> 80 == int(_START.timestamp() * 1000)
