"""The carrier's book on a file: whole after a kill, small in memory after any number of calls."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from dialer.bridges.simulated.book import Book, open_book, read_calls
from dialer.bridges.simulated.ledger import CarrierCall, line_of
from dialer.model import TelephonyResult

START = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
AT_HAND = 10


def placed(number: int) -> CarrierCall:
    at = START + timedelta(seconds=number)
    return CarrierCall(
        call_id=UUID(int=number), e164=f"+86138{number:08}", person=None, trunk="a", placed_at=at
    )


def ended(call: CarrierCall) -> CarrierCall:
    return replace(call, ended_at=call.placed_at, result=TelephonyResult.BUSY, hangup_cause=17)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.jsonl"


def test_what_has_ended_long_ago_is_known_and_not_kept_in_memory(path: Path) -> None:
    calls = [ended(placed(number)) for number in range(1, 101)]
    with path.open("a", buffering=1) as file:
        book = Book(path, file, at_hand=AT_HAND)
        book.write(placed(1_000))
        for call in calls:
            book.write(placed(call.call_id.int))
            book.write(call)
            assert len(book._latest) <= 2 * AT_HAND + 1  # noqa: SLF001 - its memory is the point
        assert [book.get(call.call_id) for call in calls] == calls
        assert book.get(UUID(int=1_000)) == placed(1_000)
        assert book.get(UUID(int=0)) is None
        assert book.get(UUID(int=5_000)) is None
        assert book.live() == (placed(1_000),)
        assert book.calls() == (placed(1_000), *calls)


def test_a_book_that_is_opened_again_is_as_small_and_as_whole(path: Path) -> None:
    calls = [ended(placed(number)) for number in range(1, 101)]
    path.write_text("".join(line_of(call) for call in calls))
    with path.open("a", buffering=1) as file:
        book = Book(path, file, at_hand=AT_HAND)
        assert book.get(UUID(int=1)) == calls[0]
        assert book.calls() == tuple(calls)


def test_calls_that_were_up_when_the_carrier_was_killed_have_ended_with_it(path: Path) -> None:
    talking = replace(placed(2), answered_at=START + timedelta(seconds=9))
    whole = line_of(placed(1)) + line_of(placed(2)) + line_of(talking)
    path.write_text(whole + line_of(ended(placed(1)))[:40])
    now = START + timedelta(minutes=1)
    with open_book(path, now=now) as book:
        first, second = book.calls()
        assert book.live() == ()
    assert (first.result, first.ended_at) == (TelephonyResult.CARRIER_ERROR, now)
    assert (second.result, second.ended_at) == (TelephonyResult.ANSWERED, now)


@pytest.mark.parametrize(
    "half", ["", "{", '{"call_id"', "x" * 200_000], ids=["no line", "a brace", "a key", "very long"]
)
def test_half_a_line_is_cut_off_and_no_more(path: Path, half: str) -> None:
    path.write_text(half)
    with open_book(path, now=START) as book:
        book.write(ended(placed(1)))
    path.write_text(path.read_text() + half)
    with open_book(path, now=START) as book:
        assert book.calls() == (ended(placed(1)),)


def test_a_part_of_a_book_is_read_behind_an_offset(path: Path) -> None:
    first, second = ended(placed(1)), ended(placed(2))
    path.write_text(line_of(placed(1)) + line_of(first))
    offset = path.stat().st_size
    path.write_text(path.read_text() + line_of(placed(2)) + line_of(second))
    assert list(read_calls(path)) == [first, second]
    assert list(read_calls(path, offset)) == [second]
