"""The carrier's book: append-only, whole at every instant, the same to whoever reads it next."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from dialer.bridges.simulated.ledger import CarrierCall, Ledger, LedgerError, calls_in, line_of
from dialer.model import AnsweredBy, TelephonyResult

START = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
PLACED = CarrierCall(
    call_id=UUID(int=1), e164="+8613800138001", person="p-1", trunk="a", placed_at=START
)
RINGING = replace(PLACED, ringing_at=START)
ENDED = replace(
    RINGING,
    answered_at=START,
    answered_by=AnsweredBy.HUMAN,
    ended_at=START,
    result=TelephonyResult.ANSWERED,
    hangup_cause=16,
    sip_code=200,
)
OTHER = replace(PLACED, call_id=UUID(int=2), person=None)


def written(*lines: CarrierCall) -> Ledger:
    ledger = Ledger()
    for line in lines:
        ledger.write(line)
    return ledger


def test_a_call_stands_as_its_last_line_says_in_the_order_it_was_placed() -> None:
    ledger = written(PLACED, OTHER, RINGING, ENDED)
    assert ledger.calls() == (ENDED, OTHER)
    assert ledger.live() == (OTHER,)
    assert ledger.get(UUID(int=1)) == ENDED
    assert ledger.get(UUID(int=9)) is None


def test_nothing_follows_the_end_of_a_call() -> None:
    with pytest.raises(LedgerError, match="nothing may follow"):
        written(ENDED, RINGING)


def test_a_line_of_text_holds_everything_known_of_a_call() -> None:
    text = written(PLACED, OTHER, ENDED).jsonl().splitlines()
    assert len(text) == 2
    assert Ledger.parse(text).calls() == (ENDED, OTHER)


def test_a_book_kept_elsewhere_is_whole_to_whoever_reads_it_next() -> None:
    kept: list[str] = []
    first = Ledger(kept.append)
    for line in (PLACED, OTHER, RINGING):
        first.write(line)
    second = Ledger.parse(list(kept), kept.append)
    assert second.calls() == first.calls()
    assert len(kept) == 3
    second.write(ENDED)
    assert Ledger.parse(kept).calls() == (ENDED, OTHER)


def test_a_book_is_read_line_by_line_in_the_order_the_calls_were_placed() -> None:
    lines = [line_of(call) for call in (PLACED, OTHER, RINGING, ENDED)]
    reading = calls_in(lines)
    assert next(reading) == ENDED
    assert list(reading) == [OTHER]
    assert list(calls_in(lines[:1])) == [PLACED]
