"""The life of an attempt: every event in every state, late and repeated ones among them."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bridges.port import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallRinging,
    CallSubmitted,
    RecordingReady,
)
from dialer.model import AnsweredBy, AttemptState, TelephonyResult
from dialer.states import WORD, Answered, Attempt, Claimed, Ended, Ringing, Submitted, after

ID = UUID(int=1)
NOON = datetime(2026, 5, 20, 4, tzinfo=UTC)


def at(second: int) -> datetime:
    return NOON + timedelta(seconds=second)


CLAIMED = Claimed(attempt_id=ID, started_at=at(0))
SUBMITTED = CLAIMED.submitted(at(1))
RINGING = SUBMITTED.ringing(at(2))
ANSWER = CallAnswered(attempt_id=ID, at=at(3), answered_by=AnsweredBy.HUMAN)
ANSWERED = RINGING.answered(ANSWER)
END = CallEnded(
    attempt_id=ID,
    at=at(9),
    result=TelephonyResult.ANSWERED,
    hangup_cause=16,
    sip_code=200,
    seconds=6.0,
)
ENDED = ANSWERED.ended(END)

SUBMIT = CallSubmitted(attempt_id=ID, at=at(11))
RING = CallRinging(attempt_id=ID, at=at(12))
ANSWER_LATE = CallAnswered(attempt_id=ID, at=at(13), answered_by=AnsweredBy.UNSURE)
RECORDED = RecordingReady(attempt_id=ID, at=at(14), name="a", location="b", seconds=1.0)

STATES: dict[str, Attempt] = {
    "claimed": CLAIMED,
    "submitted": SUBMITTED,
    "ringing": RINGING,
    "answered": ANSWERED,
    "ended": ENDED,
}
EVENTS: dict[str, CallEvent] = {
    "submit": SUBMIT,
    "ring": RING,
    "answer": ANSWER_LATE,
    "recording": RECORDED,
    "end": END,
}
TABLE: dict[str, dict[str, type[Attempt]]] = {
    "claimed": {"submit": Submitted, "ring": Ringing, "answer": Answered, "end": Ended},
    "submitted": {"ring": Ringing, "answer": Answered, "end": Ended},
    "ringing": {"answer": Answered, "end": Ended},
    "answered": {"end": Ended},
    "ended": {},
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_an_event_leads_on_or_changes_nothing(state: str, event: str) -> None:
    before = STATES[state]
    following = after(before, EVENTS[event])
    expected = TABLE[state].get(event)
    if expected is None:
        assert following is before
    else:
        assert type(following) is expected


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_the_same_event_twice_changes_nothing_more(state: str, event: str) -> None:
    once = after(STATES[state], EVENTS[event])
    assert after(once, EVENTS[event]) == once


def test_a_step_the_carrier_left_out_is_as_old_as_the_next_one() -> None:
    answered = after(CLAIMED, ANSWER_LATE)
    assert isinstance(answered, Answered)
    assert answered.submitted_at == answered.ringing_at == answered.answered_at == at(13)


@pytest.mark.parametrize(
    ("state", "known"),
    [
        (CLAIMED, (None, None, None)),
        (SUBMITTED, (at(1), None, None)),
        (RINGING, (at(1), at(2), None)),
        (ANSWERED, (at(1), at(2), at(3))),
    ],
    ids=["claimed", "submitted", "ringing", "answered"],
)
def test_the_end_keeps_what_was_heard_before(
    state: Attempt, known: tuple[datetime | None, ...]
) -> None:
    ended = after(state, END)
    assert isinstance(ended, Ended)
    assert (ended.submitted_at, ended.ringing_at, ended.answered_at) == known
    assert (ended.result, ended.hangup_cause, ended.sip_code) == (END.result, 16, 200)
    assert ended.ended_at == END.at


def test_a_second_end_does_not_change_the_first() -> None:
    other = replace(END, result=TelephonyResult.LOST, at=at(99))
    assert after(ENDED, other) is ENDED


def test_every_state_has_its_word_and_only_one() -> None:
    assert sorted(WORD.values()) == sorted(AttemptState)


@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=12))
def test_no_order_of_events_leads_backwards_or_forgets_an_instant(events: list[str]) -> None:
    order = [Claimed, Submitted, Ringing, Answered, Ended]
    state: Attempt = CLAIMED
    for event in events:
        following = after(state, EVENTS[event])
        assert order.index(type(following)) >= order.index(type(state))
        known = {each.name for each in fields(state) if getattr(state, each.name) is not None}
        assert all(getattr(following, name) == getattr(state, name) for name in known)
        state = following


@given(st.lists(st.tuples(st.sampled_from(sorted(EVENTS)), st.integers(-60, 60)), max_size=8))
def test_a_carrier_whose_clock_is_wrong_cannot_turn_the_instants_round(
    heard: list[tuple[str, int]],
) -> None:
    state: Attempt = CLAIMED
    for event, second in heard:
        state = after(state, replace(EVENTS[event], at=at(second)))
    names = ("started_at", "submitted_at", "ringing_at", "answered_at", "ended_at")
    instants = [getattr(state, name, None) for name in names]
    known = [instant for instant in instants if instant is not None]
    assert known == sorted(known)
