"""Double calls: each kind found in the carrier's book, and nothing found in an honest one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from dialer.bridges.simulated.doubles import (
    AttemptFacts,
    DoubleCall,
    DoubleFinder,
    DoubleKind,
    double_calls,
)
from dialer.bridges.simulated.ledger import CarrierCall

START = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
HOME, MOBILE, NEIGHBOR = "+8675512345678", "+8613800138001", "+8613800138002"
OWNER, WIFE = 1, 2


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def rung(number: int, e164: str, *, placed: float, ended: float | None) -> CarrierCall:
    return CarrierCall(
        call_id=UUID(int=number),
        e164=e164,
        person=None,
        trunk="a",
        placed_at=at(placed),
        ended_at=None if ended is None else at(ended),
    )


def known(
    number: int, person_id: int, *due_call_ids: int, retry_at: dict[int, float] | None = None
) -> AttemptFacts:
    return AttemptFacts(
        call_id=UUID(int=number),
        person_id=person_id,
        due_call_ids=due_call_ids,
        retry_at={due: at(minute) for due, minute in (retry_at or {}).items()},
    )


def found(*kinds: DoubleKind) -> tuple[DoubleCall, ...]:
    """Return the second call as the double one."""
    return (DoubleCall(call_id=UUID(int=2), kinds=kinds),)


@pytest.mark.parametrize(
    ("second", "facts"),
    [
        (rung(2, MOBILE, placed=4, ended=6), known(2, WIFE, 20)),
        (rung(2, NEIGHBOR, placed=4, ended=6), known(2, OWNER, 20)),
        (rung(2, MOBILE, placed=0, ended=6), known(2, WIFE, 20)),
    ],
    ids=["same number", "same person elsewhere", "placed at the same instant"],
)
def test_a_ring_while_another_call_to_the_person_or_number_lives_is_double(
    second: CarrierCall, facts: AttemptFacts
) -> None:
    calls = [rung(1, MOBILE, placed=0, ended=5), second]
    assert double_calls(calls, [known(1, OWNER, 10), facts], final_at={}) == found(
        DoubleKind.WHILE_LIVE
    )


def test_a_call_that_never_ended_lives_for_good() -> None:
    calls = [rung(1, MOBILE, placed=0, ended=None), rung(2, MOBILE, placed=900, ended=901)]
    assert double_calls(calls, [], final_at={}) == found(DoubleKind.WHILE_LIVE)


def test_a_long_call_behind_a_short_one_still_lives() -> None:
    calls = [
        rung(1, MOBILE, placed=0, ended=60),
        rung(2, MOBILE, placed=1, ended=2),
        rung(3, MOBILE, placed=30, ended=31),
    ]
    assert [double.call_id.int for double in double_calls(calls, [], final_at={})] == [2, 3]


def test_a_ring_the_instant_the_line_is_free_is_not_double() -> None:
    calls = [rung(1, MOBILE, placed=0, ended=5), rung(2, MOBILE, placed=5, ended=6)]
    attempts = [known(1, OWNER, 10), known(2, OWNER, 11)]
    assert double_calls(calls, attempts, final_at={}) == ()


def test_two_people_at_two_numbers_are_rung_at_once() -> None:
    calls = [rung(1, MOBILE, placed=0, ended=5), rung(2, HOME, placed=1, ended=6)]
    attempts = [known(1, OWNER, 10), known(2, WIFE, 11)]
    assert double_calls(calls, attempts, final_at={}) == ()


@pytest.mark.parametrize(
    ("final", "expected"),
    [(5, found(DoubleKind.AFTER_FINAL)), (61, ())],
    ids=["settled before", "settled by this call"],
)
def test_a_ring_after_a_final_outcome_of_the_same_due_call_is_double(
    final: float, expected: tuple[DoubleCall, ...]
) -> None:
    calls = [rung(1, MOBILE, placed=0, ended=5), rung(2, MOBILE, placed=60, ended=61)]
    attempts = [known(1, OWNER, 10), known(2, OWNER, 10, 11)]
    assert double_calls(calls, attempts, final_at={10: at(final)}) == expected


def test_another_due_call_of_the_person_may_ring_after_the_first_is_settled() -> None:
    calls = [rung(1, MOBILE, placed=0, ended=5), rung(2, MOBILE, placed=60, ended=61)]
    attempts = [known(1, OWNER, 10), known(2, OWNER, 11)]
    assert double_calls(calls, attempts, final_at={10: at(5)}) == ()


@pytest.mark.parametrize(
    ("placed", "expected"),
    [(64.9, found(DoubleKind.INSIDE_RETRY)), (65, ())],
    ids=["inside", "at its end"],
)
def test_a_ring_inside_the_retry_interval_of_the_same_due_call_is_double(
    placed: float, expected: tuple[DoubleCall, ...]
) -> None:
    calls = [rung(1, MOBILE, placed=0, ended=5), rung(2, HOME, placed=placed, ended=70)]
    attempts = [known(1, OWNER, 10, retry_at={10: 65}), known(2, OWNER, 10)]
    assert double_calls(calls, attempts, final_at={}) == expected


def test_a_ring_is_counted_once_with_all_its_reasons() -> None:
    calls = [rung(1, MOBILE, placed=0, ended=5), rung(2, MOBILE, placed=4, ended=9)]
    attempts = [known(1, OWNER, 10, retry_at={10: 65}), known(2, OWNER, 10)]
    assert double_calls(calls, attempts, final_at={10: at(3)}) == found(*DoubleKind)


def test_the_book_may_be_read_in_any_order() -> None:
    calls = [rung(2, MOBILE, placed=4, ended=9), rung(1, MOBILE, placed=0, ended=5)]
    assert double_calls(calls, [], final_at={}) == found(DoubleKind.WHILE_LIVE)


@pytest.mark.parametrize(
    ("number", "expected"),
    [(HOME, ()), (MOBILE, found(DoubleKind.INSIDE_RETRY))],
    ids=["the next phone", "the same phone"],
)
def test_where_the_retry_rule_moves_on_only_the_same_number_must_wait(
    number: str, expected: tuple[DoubleCall, ...]
) -> None:
    calls = [rung(1, MOBILE, placed=0, ended=5), rung(2, number, placed=60, ended=61)]
    moves_on = replace(known(1, OWNER, 10, retry_at={10: 240}), other_numbers_free=frozenset({10}))
    assert double_calls(calls, [moves_on, known(2, OWNER, 10)], final_at={}) == expected


@pytest.mark.parametrize("cut", range(5), ids=lambda cut: f"{cut} calls in the first part")
def test_a_book_read_in_parts_shows_the_same_as_read_whole(cut: int) -> None:
    calls = [
        rung(1, MOBILE, placed=0, ended=60),
        rung(2, NEIGHBOR, placed=1, ended=3),
        rung(3, HOME, placed=30, ended=31),
        rung(4, NEIGHBOR, placed=50, ended=51),
        rung(5, MOBILE, placed=61, ended=None),
    ]
    attempts = [
        known(1, OWNER, 10, retry_at={10: 65}),
        known(2, WIFE, 20, retry_at={20: 55}),
        known(3, OWNER, 11),
        known(4, WIFE, 20),
        known(5, OWNER, 10, 11),
    ]
    final = {11: at(31)}
    facts = {each.call_id: each for each in attempts}
    finder = DoubleFinder()
    parts = [*finder.look(calls[:cut], facts, final_at=final)]
    parts += finder.look(calls[cut:], facts, final_at=final)
    assert tuple(parts) == double_calls(calls, attempts, final_at=final)
    assert [(double.call_id.int, double.kinds) for double in parts] == [
        (3, (DoubleKind.WHILE_LIVE,)),
        (4, (DoubleKind.INSIDE_RETRY,)),
        (5, (DoubleKind.AFTER_FINAL, DoubleKind.INSIDE_RETRY)),
    ]
