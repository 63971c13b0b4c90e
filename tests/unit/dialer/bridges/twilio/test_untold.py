"""What the engine is told of a call as the book has it: everything once, in the order of a life."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bridges.port import CallAnswered, CallEnded, CallInRoom, CallRinging
from dialer.bridges.twilio.booked import BookedCall, End
from dialer.bridges.twilio.teller import untold
from dialer.model import AnsweredBy, Direction, TelephonyResult
from tests.unit.dialer.bridges.stand_ins import call as order_of

AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
NEVER = AT - timedelta(days=1)
LIFE = [CallRinging, CallAnswered, CallInRoom, CallEnded]
ORDER = order_of(1)

PLACED = BookedCall(
    call_id=ORDER.attempt_id,
    sid=None,
    direction=Direction.OUTBOUND,
    trunk="twilio",
    e164=ORDER.to.e164,
    shown="+12025550100",
    order=ORDER,
    placed_at=AT,
    ends_by=AT + timedelta(seconds=300),
    ringing_at=None,
    answered_at=None,
    answered_by=None,
    room=None,
    in_room_at=None,
    is_abandoned=False,
    is_cut=False,
    ended=None,
    price=None,
    turn_no=0,
    document=None,
    token=None,
    page=None,
    is_asking=False,
    told_ringing=False,
    told_answered=False,
    told_in_room=None,
    told_ended=False,
)
OVER = End(at=AT + timedelta(seconds=60), result=TelephonyResult.ANSWERED, seconds=50.0)
LIVED = replace(
    PLACED,
    ringing_at=AT + timedelta(seconds=2),
    answered_at=AT + timedelta(seconds=10),
    answered_by=AnsweredBy.HUMAN,
    room="agent-1",
    in_room_at=AT + timedelta(seconds=11),
    ended=OVER,
)


def kinds(call: BookedCall, detected_by: datetime = NEVER) -> list[type]:
    return [type(event) for event in untold(call, detected_by=detected_by)]


def test_a_life_is_told_in_its_order() -> None:
    assert kinds(LIVED) == LIFE
    assert kinds(PLACED) == []


def test_what_was_told_is_not_told_again() -> None:
    told = replace(LIVED, told_ringing=True, told_answered=True, told_in_room="agent-1")
    assert kinds(told) == [CallEnded]
    assert kinds(replace(told, told_ended=True)) == []


def test_ringing_that_is_told_after_the_answer_is_not_told() -> None:
    assert kinds(replace(LIVED, told_answered=True, ended=None)) == [CallInRoom]


def test_what_was_picked_up_has_rung() -> None:
    assert kinds(replace(LIVED, ringing_at=None)) == LIFE


def test_an_answer_waits_for_who_it_is() -> None:
    rings = replace(LIVED, answered_by=None, room=None, in_room_at=None, ended=None)
    assert kinds(rings) == [CallRinging]
    assert kinds(replace(rings, answered_by=AnsweredBy.UNSURE)) == [CallRinging, CallAnswered]


@pytest.mark.parametrize(
    "known",
    [
        replace(LIVED, answered_by=None, order=replace(ORDER, detect_machine=False)),
        replace(LIVED, answered_by=None, ended=OVER),
    ],
    ids=["nothing is detected", "it is over"],
)
def test_an_answer_does_not_wait_for_what_will_not_come(known: BookedCall) -> None:
    assert kinds(known) == LIFE


def test_an_answer_does_not_wait_for_ever() -> None:
    waits = replace(LIVED, answered_by=None, ended=None)
    assert kinds(waits, detected_by=AT + timedelta(seconds=10)) == LIFE[:3]
    answered = untold(waits, detected_by=AT + timedelta(seconds=10))[1]
    assert isinstance(answered, CallAnswered)
    assert answered.answered_by is AnsweredBy.UNSURE


def test_a_call_that_goes_to_another_room_is_told_again() -> None:
    moved = replace(LIVED, told_answered=True, told_in_room="agent-2", ended=None)
    assert kinds(moved) == [CallInRoom]


@given(
    call=st.builds(
        replace,
        st.just(LIVED),
        ringing_at=st.sampled_from([None, LIVED.ringing_at]),
        answered_at=st.sampled_from([None, LIVED.answered_at]),
        answered_by=st.sampled_from([None, *AnsweredBy]),
        ended=st.sampled_from([None, OVER]),
        told_ringing=st.booleans(),
        told_answered=st.booleans(),
        told_in_room=st.sampled_from([None, "agent-1", "agent-2"]),
        told_ended=st.booleans(),
    )
)
def test_nothing_is_told_after_the_end_nor_before_its_turn(call: BookedCall) -> None:
    told = kinds(call)
    assert told == [kind for kind in LIFE if kind in told]
    assert (CallEnded in told) == (call.ended is not None and not call.told_ended)
    assert all(
        event.attempt_id == UUID(str(call.call_id)) for event in untold(call, detected_by=AT)
    )
