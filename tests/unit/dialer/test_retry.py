"""What follows an attempt: the campaigns' retry table, its limits, and what ends a due call."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback.campaigns import shipped_campaigns
from callback.model import DueCallState
from customers.model import WrapUpCode
from dialer.model import TelephonyResult
from dialer.retry import (
    DEAD_NUMBER,
    FINAL_CODES,
    NO_CONVERSATION_CODES,
    Next,
    decide,
    is_conversation,
    word_of,
)

ENDED = datetime(2026, 5, 20, 4, tzinfo=UTC)
REPAIR = shipped_campaigns().repair
ANSWERED = TelephonyResult.ANSWERED


def following(
    result: TelephonyResult = ANSWERED, code: WrapUpCode | None = None, **changes: Any
) -> Next:
    known: dict[str, Any] = {
        "attempts": 1,
        "same_before": 0,
        "ended_at": ENDED,
        "campaign": REPAIR,
    }
    return decide(result=result, code=code, **known | changes)


@pytest.mark.parametrize(
    ("result", "code", "minutes", "next_phone"),
    [
        (TelephonyResult.NO_ANSWER, None, 240, True),
        (TelephonyResult.BUSY, None, 15, False),
        (TelephonyResult.REJECTED, None, 1440, False),
        (TelephonyResult.MACHINE, None, 240, True),
        (TelephonyResult.MACHINE, WrapUpCode.MESSAGE_LEFT, 240, False),
        (TelephonyResult.INVALID_NUMBER, None, 5, True),
        (TelephonyResult.CONGESTION, None, 5, False),
        (TelephonyResult.CARRIER_ERROR, None, 10, False),
        (TelephonyResult.CANCELLED, None, 5, False),
        (TelephonyResult.LOST, None, 240, False),
        (ANSWERED, WrapUpCode.WRONG_NUMBER, 5, True),
        (ANSWERED, WrapUpCode.HUNG_UP, 1440, False),
        (ANSWERED, WrapUpCode.NO_REPLY, 240, False),
        (ANSWERED, WrapUpCode.NOT_THE_OWNER, 240, False),
    ],
)
def test_the_table_says_when_it_is_tried_again_and_on_which_phone(
    result: TelephonyResult, code: WrapUpCode | None, minutes: int, next_phone: bool
) -> None:
    assert following(result, code) == Next(
        state=DueCallState.WAITING,
        because=word_of(result, code),
        retry_at=ENDED + timedelta(minutes=minutes),
        next_phone=next_phone,
    )


@pytest.mark.parametrize("code", sorted(FINAL_CODES))
def test_a_talk_that_settled_the_matter_ends_it_whatever_was_tried_before(
    code: WrapUpCode,
) -> None:
    assert following(ANSWERED, code, attempts=99, same_before=99) == Next(
        state=DueCallState.DONE, because=code
    )


def test_every_word_of_a_talk_either_settles_it_or_has_a_wait() -> None:
    for code in WrapUpCode:
        state = following(ANSWERED, code).state
        assert (state is DueCallState.DONE) == (code in FINAL_CODES)


def test_the_last_attempt_exhausts_it() -> None:
    most = REPAIR.max_attempts
    assert following(TelephonyResult.BUSY, attempts=most - 1).state is DueCallState.WAITING
    last = following(TelephonyResult.BUSY, attempts=most)
    assert (last.state, last.because) == (DueCallState.EXHAUSTED, "max_attempts:busy")
    assert last.retry_at is None


def test_the_same_word_too_often_exhausts_it() -> None:
    times = REPAIR.retry["rejected"].times
    assert following(TelephonyResult.REJECTED, same_before=times - 1).retry_at is not None
    last = following(TelephonyResult.REJECTED, same_before=times)
    assert (last.state, last.because) == (DueCallState.EXHAUSTED, "tries:rejected")


@pytest.mark.parametrize("word", sorted(DEAD_NUMBER))
def test_dead_numbers_are_no_tries_of_the_person(word: str) -> None:
    died = (
        following(TelephonyResult.INVALID_NUMBER, same_before=50)
        if word == "invalid_number"
        else following(ANSWERED, WrapUpCode.WRONG_NUMBER, same_before=50)
    )
    assert died.state is DueCallState.WAITING
    assert died.next_phone


def test_a_word_the_table_does_not_know_waits_as_the_campaign_says_otherwise() -> None:
    unknown = REPAIR.model_copy(update={"retry": {}})
    wait = following(TelephonyResult.BUSY, campaign=unknown).retry_at
    assert wait == ENDED + REPAIR.otherwise.after


def test_a_conversation_is_a_talk_about_the_matter() -> None:
    assert not is_conversation(None)
    for code in WrapUpCode:
        assert is_conversation(code) == (code not in NO_CONVERSATION_CODES)


@given(
    st.sampled_from(TelephonyResult),
    st.one_of(st.none(), st.sampled_from(WrapUpCode)),
    st.integers(1, 50),
    st.integers(0, 50),
    st.sampled_from(shipped_campaigns().all),
)
def test_what_waits_has_an_instant_ahead_and_what_ends_has_none(
    result: TelephonyResult, code: WrapUpCode | None, attempts: int, same: int, campaign: Any
) -> None:
    decided = following(result, code, attempts=attempts, same_before=same, campaign=campaign)
    assert decided.because
    if decided.state is DueCallState.WAITING:
        assert decided.retry_at is not None
        assert decided.retry_at > ENDED
        assert attempts < campaign.max_attempts
    else:
        assert decided.state in {DueCallState.DONE, DueCallState.EXHAUSTED}
        assert decided.retry_at is None
