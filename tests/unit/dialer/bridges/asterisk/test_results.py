"""What a call came to, by what Asterisk 22 was seen to say of its end."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bridges.asterisk.results import LineEnd, verdict_of
from dialer.model import AnsweredBy, TelephonyResult

pytestmark = pytest.mark.unit

REFUSED = LineEnd(cause=None, far_end=True)


@pytest.mark.parametrize(
    ("cause", "sip_code", "result", "told_cause"),
    [
        (17, 486, TelephonyResult.BUSY, 17),
        (17, 600, TelephonyResult.BUSY, 17),
        (1, 404, TelephonyResult.INVALID_NUMBER, 1),
        (22, 410, TelephonyResult.INVALID_NUMBER, 22),
        (28, 484, TelephonyResult.INVALID_NUMBER, 28),
        (21, 603, TelephonyResult.REJECTED, 21),
        (21, 403, TelephonyResult.REJECTED, 21),
        (21, 401, TelephonyResult.CARRIER_ERROR, 21),
        (21, 407, TelephonyResult.CARRIER_ERROR, 21),
        (19, 480, TelephonyResult.NO_ANSWER, 20),
        (18, 408, TelephonyResult.NO_ANSWER, 18),
        (127, 487, TelephonyResult.NO_ANSWER, 127),
        (34, 503, TelephonyResult.CONGESTION, 34),
        (38, 500, TelephonyResult.CARRIER_ERROR, 38),
        (27, 502, TelephonyResult.CARRIER_ERROR, 27),
        (58, 488, TelephonyResult.CARRIER_ERROR, 58),
        # Trunks that give no SIP code.
        (1, None, TelephonyResult.INVALID_NUMBER, 1),
        (17, None, TelephonyResult.BUSY, 17),
        (20, None, TelephonyResult.NO_ANSWER, 20),
        (21, None, TelephonyResult.REJECTED, 21),
        (28, None, TelephonyResult.INVALID_NUMBER, 28),
        (34, None, TelephonyResult.CONGESTION, 34),
        (38, None, TelephonyResult.CONGESTION, 38),
        (42, None, TelephonyResult.CONGESTION, 42),
        (3, None, TelephonyResult.CARRIER_ERROR, 3),  # a wrong route kills no owner's number
        (0, None, TelephonyResult.CARRIER_ERROR, 0),
        (41, None, TelephonyResult.CARRIER_ERROR, 41),
        (111, None, TelephonyResult.CARRIER_ERROR, 111),
    ],
)
def test_the_networks_word_becomes_a_telephony_result(
    cause: int, sip_code: int | None, result: TelephonyResult, told_cause: int
) -> None:
    verdict = verdict_of(replace(REFUSED, cause=cause, sip_code=sip_code))
    assert (verdict.result, verdict.hangup_cause, verdict.sip_code) == (
        result,
        told_cause,
        sip_code,
    )


@pytest.mark.parametrize(
    ("end", "result"),
    [
        (LineEnd(cause=19, sip_code=480, heard_of=True), TelephonyResult.NO_ANSWER),
        (LineEnd(cause=19, sip_code=480, heard_of=False), TelephonyResult.CARRIER_ERROR),
        (
            LineEnd(cause=18, sip_code=408, far_end=True, seconds=32.0),
            TelephonyResult.CARRIER_ERROR,
        ),
        (
            LineEnd(cause=18, sip_code=408, far_end=True, heard_of=True, seconds=32.0),
            TelephonyResult.NO_ANSWER,
        ),
        (LineEnd(cause=16, cut=True, heard_of=True), TelephonyResult.CANCELLED),
        (LineEnd(cause=17, sip_code=486, cut=True, far_end=True), TelephonyResult.BUSY),
        (LineEnd(cause=None, heard_of=True), TelephonyResult.LOST),
        (LineEnd(cause=None, up=True), TelephonyResult.ANSWERED),
        (LineEnd(cause=16, up=True), TelephonyResult.ANSWERED),
        (LineEnd(cause=16, up=True, cut=True), TelephonyResult.ANSWERED),
        (LineEnd(cause=16, up=True, abandoned=True), TelephonyResult.ABANDONED),
        (LineEnd(cause=16, up=True, met=AnsweredBy.MACHINE), TelephonyResult.MACHINE),
        (LineEnd(cause=16, up=True, met=AnsweredBy.UNSURE), TelephonyResult.ANSWERED),
        (
            LineEnd(cause=16, cut=True, said=TelephonyResult.INVALID_NUMBER),
            TelephonyResult.INVALID_NUMBER,
        ),
        (
            LineEnd(cause=16, up=True, said=TelephonyResult.INVALID_NUMBER),
            TelephonyResult.ANSWERED,
        ),
    ],
    ids=[
        "rings out",
        "silence of the network until our ring timeout",
        "silence of the network until timer B",
        "rings until the network gives up",
        "hung up by us while it rings",
        "busy at the moment we hang up",
        "ended unheard while it rang",
        "ended unheard in a talk",
        "talk",
        "talk that we end",
        "nobody of ours was there in time",
        "machine",
        "nobody knows who",
        "an announcement says that the number is empty",
        "answered while an announcement was judged",
    ],
)
def test_what_the_line_did_before_decides(end: LineEnd, result: TelephonyResult) -> None:
    assert verdict_of(end).result is result


def test_a_phone_that_never_rang_was_not_alerted() -> None:
    assert verdict_of(LineEnd(cause=19, sip_code=480)).hangup_cause == 18
    assert verdict_of(LineEnd(cause=19, sip_code=480, heard_of=True)).hangup_cause == 19


@given(
    cause=st.integers(0, 127),
    sip_code=st.none() | st.integers(300, 699),
    heard_of=st.booleans(),
    far_end=st.booleans(),
)
def test_only_an_unallocated_number_is_given_up(
    cause: int, sip_code: int | None, heard_of: bool, far_end: bool
) -> None:
    end = LineEnd(cause=cause, sip_code=sip_code, heard_of=heard_of, far_end=far_end)
    if verdict_of(end).result is TelephonyResult.INVALID_NUMBER:
        assert cause in {1, 22, 28} or sip_code in {404, 410, 484, 604}
