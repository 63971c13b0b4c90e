"""What a call came to, by what Asterisk says of its end: pure tables (decision 0029).

By Hangup's Cause and TechCause and what the line did before; never by OriginateResponse's Reason
or the CDR's disposition, which are the same for nearly every failure.
"""

from dataclasses import dataclass

from dialer.bridges.causes import RESULT_BY_SIP_CODE, HangupCause
from dialer.model import AnsweredBy, TelephonyResult

_BY_CAUSE: dict[int, TelephonyResult] = {
    HangupCause.UNALLOCATED: TelephonyResult.INVALID_NUMBER,
    HangupCause.NUMBER_CHANGED: TelephonyResult.INVALID_NUMBER,
    HangupCause.INVALID_FORMAT: TelephonyResult.INVALID_NUMBER,
    HangupCause.USER_BUSY: TelephonyResult.BUSY,
    HangupCause.REJECTED: TelephonyResult.REJECTED,
    HangupCause.NORMAL_CLEARING: TelephonyResult.NO_ANSWER,
    HangupCause.NO_USER_RESPONDING: TelephonyResult.NO_ANSWER,
    HangupCause.NO_ANSWER: TelephonyResult.NO_ANSWER,
    HangupCause.SUBSCRIBER_ABSENT: TelephonyResult.NO_ANSWER,
    HangupCause.NORMAL_UNSPECIFIED: TelephonyResult.NO_ANSWER,
    HangupCause.NO_CIRCUIT: TelephonyResult.CONGESTION,
    HangupCause.NETWORK_OUT_OF_ORDER: TelephonyResult.CONGESTION,
    HangupCause.SWITCH_CONGESTION: TelephonyResult.CONGESTION,
    HangupCause.CIRCUIT_UNAVAILABLE: TelephonyResult.CONGESTION,
    HangupCause.RESOURCE_UNAVAILABLE: TelephonyResult.CONGESTION,
}
# RFC 3261, 17.1.1.2: a server that sends no provisional response is given up after timer B.
_TIMER_B_S = 31.5
_TIMED_OUT = 408
_UNAVAILABLE = 480


@dataclass(frozen=True, kw_only=True, slots=True)
class LineEnd:
    """What is known of a line that has gone."""

    cause: int | None  # None: its end went unheard
    sip_code: int | None = None
    seconds: float = 0.0  # since it was placed
    heard_of: bool = False  # it rang, or the network spoke: somebody was there
    far_end: bool = False  # the other side ended it, not our ring timeout
    up: bool = False
    met: AnsweredBy | None = None
    cut: bool = False  # we hung up
    abandoned: bool = False
    said: TelephonyResult | None = None  # what an announcement in early media said


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How a call ended, in the dialer's words."""

    result: TelephonyResult
    hangup_cause: int | None
    sip_code: int | None


def verdict_of(end: LineEnd) -> Verdict:
    """Judge an end."""
    sip_code = end.sip_code or None
    return Verdict(result=_result(end), hangup_cause=_cause(end), sip_code=sip_code)


def _result(end: LineEnd) -> TelephonyResult:
    if end.up:
        return _answered(end)
    if end.said is not None:
        return end.said
    if end.cut and not end.far_end:
        return TelephonyResult.CANCELLED
    return TelephonyResult.LOST if end.cause is None else _unanswered(end, end.cause)


def _answered(end: LineEnd) -> TelephonyResult:
    if end.met is AnsweredBy.MACHINE:
        return TelephonyResult.MACHINE
    return TelephonyResult.ABANDONED if end.abandoned else TelephonyResult.ANSWERED


def _unanswered(end: LineEnd, cause: int) -> TelephonyResult:
    if _network_was_silent(end):
        return TelephonyResult.CARRIER_ERROR
    # The SIP code is the carrier's own word and wins: Asterisk folds many codes into one cause.
    by_code = RESULT_BY_SIP_CODE.get(end.sip_code or 0)
    return by_code or _BY_CAUSE.get(cause, TelephonyResult.CARRIER_ERROR)


def _network_was_silent(end: LineEnd) -> bool:
    """Say whether nobody answered our invitation at all: a dead trunk, not a silent owner."""
    if end.heard_of:
        return False
    if not end.far_end:
        return end.cause in {HangupCause.NO_ANSWER, HangupCause.NO_USER_RESPONDING}
    return end.sip_code == _TIMED_OUT and end.seconds >= _TIMER_B_S


def _cause(end: LineEnd) -> int | None:
    """Return the cause, where Asterisk's table says alerting of a phone that never rang."""
    if end.cause != HangupCause.NO_ANSWER or end.heard_of or end.up:
        return end.cause
    if end.sip_code == _UNAVAILABLE and end.far_end:
        return HangupCause.SUBSCRIBER_ABSENT.value  # RFC 3398, 8.2.6.1: cause 20 becomes 480
    return HangupCause.NO_USER_RESPONDING.value
