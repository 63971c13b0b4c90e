"""The judge finds what it is there to find: each fault planted in an honest run, and no other."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from customers.model import Language, Reason, WrapUpCode
from dialer.bridges.simulated.ledger import CarrierCall
from dialer.model import AnsweredBy, AttemptState, TelephonyResult
from scripts.interpreter import advance, start
from scripts.library import load_library
from scripts.model import Reply, ReplyKind, TalkState
from scripts.samples import situations
from scripts.state import dump_state
from tests.faults.judge import (
    AttemptOnFile,
    DueCallOnFile,
    Evidence,
    Fault,
    Served,
    judge,
    overtaken,
)
from tests.faults.outside import Arrival, ArrivalKind
from tests.faults.talks import TalkLine

START = datetime(2026, 12, 16, 6, 0, tzinfo=UTC)
PAYER, NEIGHBOR = 1, 2
LIBRARY = load_library()


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def made_at(minute: float, number: int) -> UUID:
    """Return an id of version 7 that was made at an instant."""
    unix_ms = int(at(minute).timestamp() * 1000)
    return UUID(int=(unix_ms << 80) | (7 << 76) | (2 << 62) | number)


FIRST, SECOND = made_at(0, 1), made_at(300, 2)


def rung(call_id: UUID, minute: float, **news: Any) -> CarrierCall:
    call = CarrierCall(
        call_id=call_id,
        e164="+8613800138001",
        person=str(PAYER),
        trunk="a",
        placed_at=at(minute),
        ended_at=at(minute + 1),
        result=TelephonyResult.NO_ANSWER,
    )
    return replace(call, **news)


def tried(attempt_id: UUID, minute: float, **news: Any) -> AttemptOnFile:
    attempt = AttemptOnFile(
        attempt_id=attempt_id,
        person_id=PAYER,
        state=AttemptState.ENDED,
        started_at=at(minute),
        submitted_at=at(minute),
        result=TelephonyResult.NO_ANSWER,
        talk=None,
        served=(
            Served(
                due_call_id=10,
                reason=Reason.OVERDUE,
                settled=True,
                result=TelephonyResult.NO_ANSWER,
                code=None,
                retry_at=at(minute + 240),
                next_phone=False,
            ),
        ),
    )
    return replace(attempt, **news)


def due(**news: Any) -> DueCallOnFile:
    known = DueCallOnFile(
        due_call_id=10, state="waiting", attempts=2, next_at=at(600), settled_at=None
    )
    return replace(known, **news)


def honest() -> Evidence:
    """Two tries of one due call, far enough apart."""
    return Evidence(
        now=at(420),
        calls=(rung(FIRST, 0), rung(SECOND, 300)),
        attempts={FIRST: tried(FIRST, 0), SECOND: tried(SECOND, 300)},
        due_calls={10: due()},
        on_the_way=timedelta(minutes=1),
    )


def with_second(**news: Any) -> Evidence:
    """Change the second attempt."""
    run = honest()
    return replace(run, attempts={**run.attempts, SECOND: tried(SECOND, 300, **news)})


def served(**news: Any) -> tuple[Served, ...]:
    return (replace(tried(SECOND, 300).served[0], **news),)


def came(kind: ArrivalKind, minute: float) -> Evidence:
    arrival = Arrival(kind=kind, person_id=PAYER, committed_at=at(minute))
    return replace(honest(), arrivals=(arrival,))


def test_an_honest_run_is_found_sound() -> None:
    assert judge(honest()) == []


@pytest.mark.parametrize(
    ("evidence", "faults"),
    [
        (
            lambda: replace(honest(), calls=(rung(FIRST, 0), rung(SECOND, 0.5))),
            {Fault.DOUBLE_CALL},
        ),
        (
            lambda: replace(honest(), calls=(rung(FIRST, 0), rung(SECOND, 200))),
            {Fault.DOUBLE_CALL},
        ),
        (
            lambda: replace(honest(), due_calls={10: due(state="done", settled_at=at(200))}),
            {Fault.DOUBLE_CALL},
        ),
        (
            lambda: replace(
                honest(), attempts={FIRST: tried(FIRST, 0)}, due_calls={10: due(attempts=1)}
            ),
            {Fault.UNKNOWN_CALL},
        ),
        (lambda: with_second(state=AttemptState.RINGING), {Fault.LIVE_ATTEMPT}),
        (lambda: with_second(served=served(settled=False)), {Fault.LOST_OUTCOME}),
        (
            lambda: with_second(served=served(result=TelephonyResult.BUSY)),
            {Fault.LOST_OUTCOME},
        ),
        (
            lambda: replace(with_second(served=()), due_calls={10: due(attempts=1)}),
            {Fault.LOST_OUTCOME},
        ),
        (
            lambda: with_second(
                result=TelephonyResult.LOST, served=served(result=TelephonyResult.LOST)
            ),
            {Fault.OTHER_RESULT},
        ),
        (
            lambda: replace(honest(), calls=(rung(FIRST, 0),), due_calls={10: due(attempts=1)}),
            {Fault.OTHER_RESULT},
        ),
        (lambda: with_second(submitted_at=None), {Fault.OTHER_TRIES}),
        (lambda: replace(honest(), due_calls={10: due(attempts=1)}), {Fault.OTHER_TRIES}),
        (lambda: replace(honest(), due_calls={10: due(state="claimed")}), {Fault.CLAIMED}),
        (lambda: replace(honest(), due_calls={10: due(next_at=at(419))}), {Fault.WAITING}),
        (
            lambda: replace(
                honest(), calls=(rung(FIRST, 0), rung(SECOND, 300, ended_at=None, result=None))
            ),
            {Fault.CALL_UP},
        ),
        (lambda: came(ArrivalKind.PAYMENT, 200), {Fault.AFTER_PAYING}),
        (lambda: came(ArrivalKind.LETTER, 200), {Fault.AFTER_LETTER}),
        (lambda: replace(honest(), promises={FIRST: 1}), {Fault.OTHER_FILE}),
        (
            lambda: with_second(served=served(code=WrapUpCode.PROMISE_TO_PAY)),
            {Fault.OTHER_FILE},
        ),
        (lambda: with_second(served=served(code=WrapUpCode.OPTED_OUT)), {Fault.OTHER_FILE}),
    ],
    ids=[
        "rung while a call lived",
        "rung inside the retry interval",
        "rung after the final outcome",
        "rung without an attempt",
        "an attempt left live",
        "an outcome not written",
        "an outcome other than the attempt's",
        "an attempt that serves nothing",
        "a result lost that the carrier knows",
        "a ring the carrier never rang",
        "a ring that counts as none",
        "a try not counted",
        "a due call nobody carries",
        "a due call nobody rings",
        "a line left up",
        "rung after paying",
        "rung after a letter",
        "a promise nobody made",
        "a promise not written down",
        "a wish not written down",
    ],
)
def test_each_fault_is_found_and_no_other(
    evidence: Callable[[], Evidence], faults: set[Fault]
) -> None:
    assert {finding.fault for finding in judge(evidence())} == faults


@pytest.mark.parametrize(
    ("committed", "placed", "fault"),
    [(299.0, 300.0, True), (300.0, 300.5, False), (300.1, 301.5, True)],
    ids=["claimed after it", "claimed before it, rang after it", "on the way for too long"],
)
def test_a_payment_binds_what_is_claimed_after_its_commit(
    committed: float, placed: float, fault: bool
) -> None:
    run = came(ArrivalKind.PAYMENT, committed)
    run = replace(run, calls=(rung(FIRST, 0), rung(SECOND, placed)))
    assert bool(judge(run)) == fault
    assert overtaken(run) == (committed >= 300)


def test_the_instant_of_the_claim_is_in_its_id_when_it_came_later() -> None:
    attempt = tried(made_at(5, 1), 0)
    assert attempt.claimed_at == at(5)
    assert tried(made_at(0, 1), 5).claimed_at == at(5)


@pytest.mark.parametrize(
    ("arrival", "reason"),
    [(ArrivalKind.PAYMENT, Reason.REPAIR), (ArrivalKind.LETTER, Reason.PROMISED)],
    ids=["a payment stops no callback after a repair", "an owner's appointment stands"],
)
def test_what_comes_in_stops_only_what_it_is_about(arrival: ArrivalKind, reason: Reason) -> None:
    about = served(reason=reason, retry_at=None)
    run = replace(came(arrival, 200), attempts={})
    attempts = {FIRST: tried(FIRST, 0, served=about), SECOND: tried(SECOND, 300, served=about)}
    assert judge(replace(run, attempts=attempts)) == []


# Talks.


def spoken(*keys: str) -> tuple[TalkState, list[TalkLine]]:
    """Speak a shipped script with somebody who presses these keys, and hangs up."""
    state, _ = start(LIBRARY, next(situations(LIBRARY.get("repair"), Language.ENGLISH)).plan)
    lines = [TalkLine(reply="open", value=AnsweredBy.HUMAN.value, taken=True)]
    replies = [Reply(kind=ReplyKind.KEYS, value=key) for key in keys]
    for reply in [*replies, Reply(kind=ReplyKind.HUNG_UP)]:
        if state.ended:
            break
        state, _ = advance(LIBRARY, state, reply)
        lines.append(TalkLine(reply=reply.kind.value, value=reply.value, taken=True))
    return state, lines


def talked(state: TalkState, lines: list[TalkLine]) -> list[Fault]:
    run = replace(
        with_second(talk={"state": dump_state(state)}),
        talks={SECOND: lines},
        library=LIBRARY,
    )
    return [finding.fault for finding in judge(run)]


def test_a_talk_on_file_as_it_was_spoken_is_sound() -> None:
    assert talked(*spoken("1", "1")) == []


def test_a_reply_that_was_taken_and_is_not_on_file_is_found() -> None:
    (early, _), (_, lines) = spoken("1"), spoken("1", "1", "1")
    assert talked(early, lines) == [Fault.LOST_REPLY]


def test_a_talk_that_is_not_on_file_at_all_is_found() -> None:
    _, lines = spoken("1")
    run = replace(honest(), talks={SECOND: lines}, library=LIBRARY)
    assert [finding.fault for finding in judge(run)] == [Fault.LOST_REPLY]


def test_another_key_on_file_than_the_one_that_was_pressed_is_found() -> None:
    (_, pressed), (other, _) = spoken("1", "1"), spoken("1", "9")
    assert talked(other, pressed) == [Fault.LOST_REPLY]


def test_a_reply_a_dialer_died_over_may_be_on_file_or_not() -> None:
    state, lines = spoken("1", "1")
    for nth in range(1, len(lines)):
        perhaps = [*lines[:nth], replace(lines[nth], taken=False), *lines[nth + 1 :]]
        assert talked(state, perhaps) == []


def test_a_talk_opened_again_counts_from_there() -> None:
    state, lines = spoken("1", "1")
    assert talked(state, [*lines[:2], *lines]) == []
