"""Who rings, in Twilio's words: a number that can be rung back, or nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bridges.twilio.callers import caller_of


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+8613955550001", "+8613955550001"),
        ("+862151082000", "+862151082000"),
        ("13955550001", "+8613955550001"),
        ("sip:+8613955550001@trunk.example.com", "+8613955550001"),
        ("sips:13955550001@trunk.example.com:5061", "+8613955550001"),
        ("sip:anonymous@anonymous.invalid", None),
        ("client:agent-7", None),
        ("whatsapp:+8613955550001", None),
        ("anonymous", None),
        ("Anonymous", None),
        ("unknown", None),
        ("", None),
        ("+266696687", None),
        ("266696687", None),
        ("+7378742833", None),
        ("+2562533", None),
        ("+8656696", None),
        ("+86282452253", None),
        ("+7748283", None),
        ("10086", None),
        ("+8613955550001; DROP", None),
    ],
)
def test_a_caller_is_a_number_or_nobody(written: str, number: str | None) -> None:
    found = caller_of(written, region="CN")
    assert (None if found is None else found.e164) == number


@given(st.text(max_size=64))
def test_nothing_that_comes_as_a_caller_does_harm(written: str) -> None:
    found = caller_of(written, region="CN")
    assert found is None or found.e164.startswith("+")
