"""What Twilio's words of an end come to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bridges.twilio.results import (
    OVER,
    Before,
    CallStatus,
    Gone,
    answered_by,
    instant_of,
    judge,
    number_of,
    status_of,
)
from dialer.model import AnsweredBy, TelephonyResult

AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
ANSWERED_AT = AT - timedelta(seconds=30)
NOTHING = Before(answered_at=None, answered_by=None, is_abandoned=False, is_cut=False)
CUT = Before(answered_at=None, answered_by=None, is_abandoned=False, is_cut=True)


def met(who: AnsweredBy | None, *, is_abandoned: bool = False, is_cut: bool = False) -> Before:
    return Before(
        answered_at=ANSWERED_AT, answered_by=who, is_abandoned=is_abandoned, is_cut=is_cut
    )


@pytest.mark.parametrize(
    ("status", "sip_code", "error_code", "result", "cause"),
    [
        ("busy", None, None, TelephonyResult.BUSY, 17),
        ("busy", 486, None, TelephonyResult.BUSY, 17),
        ("busy", 600, None, TelephonyResult.BUSY, 17),
        ("busy", 603, None, TelephonyResult.REJECTED, 21),
        ("no-answer", None, None, TelephonyResult.NO_ANSWER, 19),
        ("no-answer", 487, None, TelephonyResult.NO_ANSWER, 19),
        ("no-answer", 603, None, TelephonyResult.REJECTED, 21),
        ("failed", None, None, TelephonyResult.CARRIER_ERROR, 31),
        ("failed", 200, None, TelephonyResult.CARRIER_ERROR, 31),
        ("failed", 403, None, TelephonyResult.REJECTED, 21),
        ("failed", 404, None, TelephonyResult.INVALID_NUMBER, 1),
        ("failed", 408, None, TelephonyResult.NO_ANSWER, 102),
        ("failed", 410, None, TelephonyResult.INVALID_NUMBER, 22),
        ("failed", 480, None, TelephonyResult.NO_ANSWER, 18),
        ("failed", 484, None, TelephonyResult.INVALID_NUMBER, 28),
        ("failed", 500, None, TelephonyResult.CARRIER_ERROR, 41),
        ("failed", 502, None, TelephonyResult.CARRIER_ERROR, 38),
        ("failed", 503, None, TelephonyResult.CONGESTION, 42),
        ("failed", 607, None, TelephonyResult.REJECTED, 21),
        ("failed", 999, None, TelephonyResult.CARRIER_ERROR, 31),
        ("failed", None, 13224, TelephonyResult.INVALID_NUMBER, 28),
        ("failed", 404, 21217, TelephonyResult.INVALID_NUMBER, 1),
        ("failed", None, 10004, TelephonyResult.CONGESTION, 42),
        ("failed", None, 32016, TelephonyResult.NO_ANSWER, 18),
        ("failed", None, 99999, TelephonyResult.CARRIER_ERROR, 31),
        ("canceled", None, None, TelephonyResult.CANCELLED, 16),
        ("canceled", 487, None, TelephonyResult.CANCELLED, 16),
    ],
)
def test_every_end_without_an_answer_has_its_telephony_result(
    status: str,
    sip_code: int | None,
    error_code: int | None,
    result: TelephonyResult,
    cause: int,
) -> None:
    gone = Gone(at=AT, status=CallStatus(status), sip_code=sip_code, error_code=error_code)
    verdict = judge(gone, NOTHING)
    assert (verdict.result, verdict.hangup_cause) == (result, cause)
    assert (verdict.answered_at, verdict.seconds) == (None, 0.0)


@pytest.mark.parametrize(
    ("before", "result"),
    [
        (met(AnsweredBy.HUMAN), TelephonyResult.ANSWERED),
        (met(AnsweredBy.UNSURE), TelephonyResult.ANSWERED),
        (met(None), TelephonyResult.ANSWERED),
        (met(AnsweredBy.MACHINE), TelephonyResult.MACHINE),
        (met(AnsweredBy.MACHINE, is_cut=True), TelephonyResult.MACHINE),
        (met(AnsweredBy.HUMAN, is_abandoned=True), TelephonyResult.ABANDONED),
        (met(AnsweredBy.HUMAN, is_cut=True), TelephonyResult.ANSWERED),
    ],
)
def test_every_end_after_an_answer_has_its_telephony_result(
    before: Before, result: TelephonyResult
) -> None:
    verdict = judge(Gone(at=AT, status=CallStatus.COMPLETED, duration_s=30), before)
    assert (verdict.result, verdict.hangup_cause) == (result, 16)
    assert (verdict.answered_at, verdict.seconds) == (ANSWERED_AT, 30.0)


def test_an_answer_that_was_not_told_is_known_by_the_duration() -> None:
    verdict = judge(Gone(at=AT, status=CallStatus.COMPLETED, duration_s=12), NOTHING)
    assert verdict.result is TelephonyResult.ANSWERED
    assert verdict.answered_at == AT - timedelta(seconds=12)
    assert verdict.seconds == 12


def test_a_call_that_was_hung_up_by_us_while_it_rang_is_cancelled() -> None:
    for status in OVER:
        verdict = judge(Gone(at=AT, status=status, duration_s=0), CUT)
        assert verdict.result is TelephonyResult.CANCELLED
        assert verdict.seconds == 0


def test_twilios_duration_wins_where_our_clock_does_not_agree() -> None:
    gone = Gone(at=AT, status=CallStatus.COMPLETED, duration_s=12)
    assert judge(gone, met(AnsweredBy.HUMAN)).seconds == 12


@given(
    status=st.sampled_from(sorted(OVER)),
    duration_s=st.none() | st.integers(0, 7200),
    sip_code=st.none() | st.integers(100, 699),
    error_code=st.none() | st.integers(10000, 70000),
    before=st.builds(
        Before,
        answered_at=st.none() | st.just(ANSWERED_AT),
        answered_by=st.none() | st.sampled_from(AnsweredBy),
        is_abandoned=st.booleans(),
        is_cut=st.booleans(),
    ),
)
def test_seconds_are_counted_if_and_only_if_somebody_answered(
    status: CallStatus,
    duration_s: int | None,
    sip_code: int | None,
    error_code: int | None,
    before: Before,
) -> None:
    gone = Gone(
        at=AT, status=status, duration_s=duration_s, sip_code=sip_code, error_code=error_code
    )
    verdict = judge(gone, before)
    of_people = {TelephonyResult.ANSWERED, TelephonyResult.MACHINE, TelephonyResult.ABANDONED}
    assert (verdict.seconds > 0) == (verdict.result in of_people)
    assert (verdict.answered_at is not None) == (verdict.result in of_people)


@pytest.mark.parametrize(
    ("word", "who"),
    [
        ("human", AnsweredBy.HUMAN),
        ("unknown", AnsweredBy.UNSURE),
        ("machine_start", AnsweredBy.MACHINE),
        ("machine_end_beep", AnsweredBy.MACHINE),
        ("machine_end_silence", AnsweredBy.MACHINE),
        ("machine_end_other", AnsweredBy.MACHINE),
        ("machine", AnsweredBy.MACHINE),
        ("fax", AnsweredBy.MACHINE),
        ("", None),
        (None, None),
    ],
)
def test_who_answered_is_read_by_twilios_word(word: str | None, who: AnsweredBy | None) -> None:
    assert answered_by(word) is who


@pytest.mark.parametrize(
    ("told", "instant"),
    [
        ("Mon, 09 Mar 2026 01:59:30 +0000", AT - timedelta(seconds=30)),
        ("Mon, 09 Mar 2026 01:59:30", AT - timedelta(seconds=30)),
        ("Mon, 09 Mar 2026 01:59:59 +0000", AT),
        ("Mon, 09 Mar 2026 02:00:30 +0000", AT),
        ("yesterday", AT),
        ("", AT),
        (None, AT),
    ],
    ids=["late", "without zone", "of the present", "of the future", "no time", "empty", "none"],
)
def test_what_is_told_late_happened_when_it_says(told: str | None, instant: datetime) -> None:
    assert instant_of(told, at=AT) == instant


def test_words_and_numbers_that_are_none_are_not_known() -> None:
    assert status_of("in-progress") is CallStatus.IN_PROGRESS
    assert [status_of(word) for word in (None, "", "exploded")] == [None, None, None]
    assert number_of("42") == 42
    assert [number_of(word) for word in (None, "", "-1", "4.2", "４２")] == [None] * 5
