"""A seal gives a sentence back for an hour or two, and nothing to anybody else."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.model import Language
from dialer.bridges.twilio.seals import LONGEST_SEAL, Sealed, Seals

NOW = datetime(2026, 3, 5, 10, 20, tzinfo=UTC)
SEALS = Seals("the account's token")


@given(
    sentence=st.text(st.characters(exclude_categories=["Cs"]), max_size=100),
    language=st.sampled_from(list(Language)),
    later_s=st.integers(min_value=0, max_value=3_600),
)
def test_a_seal_holds_its_sentence_for_an_hour(
    sentence: str, language: Language, later_s: int
) -> None:
    seal = SEALS.seal(sentence, language, now=NOW)
    assert seal is not None
    opened = SEALS.open(seal, now=NOW + timedelta(seconds=later_s))
    assert opened == Sealed(sentence=sentence, language=language, left_s=6_000 - later_s)


def test_a_seal_is_the_same_within_its_hour_so_that_a_cache_knows_it_again() -> None:
    first, later, next_hour = (
        SEALS.seal("您好", Language.MANDARIN, now=NOW + timedelta(minutes=minutes))
        for minutes in (0, 39, 40)
    )
    assert first == later != next_hour


@pytest.mark.parametrize("later", [timedelta(minutes=100), timedelta(days=400)])
def test_a_seal_is_good_for_no_longer_than_two_hours(later: timedelta) -> None:
    seal = SEALS.seal("您好", Language.MANDARIN, now=NOW)
    assert seal is not None
    assert SEALS.open(seal, now=NOW + later) is None


def test_another_installation_cannot_read_it() -> None:
    seal = SEALS.seal("您好", Language.MANDARIN, now=NOW)
    assert seal is not None
    assert Seals("another token").open(seal, now=NOW) is None


@given(st.text(max_size=60) | st.binary(max_size=60).map(bytes.hex))
def test_what_is_no_seal_opens_nothing(made_up: str) -> None:
    assert SEALS.open(made_up, now=NOW) is None


@given(at=st.integers(min_value=0), other=st.sampled_from("Aa0-_"))
def test_a_seal_with_one_character_changed_opens_nothing(at: int, other: str) -> None:
    seal = SEALS.seal("您欠物业费1234.05元", Language.MANDARIN, now=NOW)
    assert seal is not None
    at %= len(seal) - 1  # the last has bits that mean nothing
    changed = seal[:at] + other + seal[at + 1 :]
    assert (SEALS.open(changed, now=NOW) is None) == (changed != seal)


def test_a_sentence_too_long_for_an_address_has_no_seal() -> None:
    long = "".join(chr(0x4E00 + n * 37 % 20_000) for n in range(2_000))
    assert SEALS.seal(long, Language.MANDARIN, now=NOW) is None
    assert SEALS.open("A" * (LONGEST_SEAL + 1), now=NOW) is None
