"""Callers' numbers as trunks write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bridges.asterisk.callers import caller_number

SHENZHEN = "075586010000"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("13800138000", "+8613800138000"),
        ("013800138000", "+8613800138000"),
        ("8613800138000", "+8613800138000"),
        ("+8613800138000", "+8613800138000"),
        ("008613800138000", "+8613800138000"),
        ("075512345678", "+8675512345678"),
        ("75512345678", "+8675512345678"),
        ("86012345", "+8675586012345"),
        ("02087654321", "+862087654321"),
        ("442079460123", "+442079460123"),
        ("00442079460123", "+442079460123"),
        ("+85223456789", "+85223456789"),
        ("10086", None),
        ("", None),
        ("anonymous", None),
        ("0", None),
    ],
)
def test_a_chinese_trunk_writes_numbers_in_many_ways(written: str, number: str | None) -> None:
    found = caller_number(written, presentation="allowed", region="CN", dialled=SHENZHEN)

    assert (found and found.e164) == number


def test_a_number_without_area_is_nobodys_where_the_area_is_not_known() -> None:
    assert caller_number("86012345", presentation="allowed", region="CN") is None


@pytest.mark.parametrize("presentation", ["prohib_passed_screen", "prohib", "unavailable"])
def test_a_withheld_number_is_not_known_even_where_the_trunk_tells_it(presentation: str) -> None:
    assert caller_number("13800138000", presentation=presentation, region="CN") is None


@given(st.text(max_size=20), st.sampled_from(["CN", "GB", "US"]))
def test_whatever_a_trunk_writes_is_a_number_or_nobody(written: str, region: str) -> None:
    found = caller_number(written, presentation="allowed", region=region, dialled=written)

    assert found is None or found.e164.startswith("+")
