"""What Twilio's words mean to us: call statuses, SIP codes, who answered, errors (decision 0035).

By the documentation of the Call resource, its callbacks and its errors:
https://www.twilio.com/docs/voice/api/call-resource, https://www.twilio.com/docs/api/errors and
https://www.twilio.com/docs/voice/answering-machine-detection#answeredby.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

from dialer.bridges.causes import RESULT_BY_SIP_CODE, HangupCause
from dialer.model import AnsweredBy, TelephonyResult


class CallStatus(StrEnum):
    """Where a call stands at Twilio."""

    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"


OVER = frozenset(
    {
        CallStatus.COMPLETED,
        CallStatus.BUSY,
        CallStatus.FAILED,
        CallStatus.NO_ANSWER,
        CallStatus.CANCELED,
    }
)

# Of a create that is refused, or of a call that failed: the number is none that can be rung.
# 13224 and 21217: no such number; 21211: no valid number; 21214: To is none that can be reached.
INVALID_NUMBERS = frozenset({13223, 13224, 21211, 21214, 21217})

_RESULT_BY_ERROR: Mapping[int, TelephonyResult] = {
    **dict.fromkeys(INVALID_NUMBERS, TelephonyResult.INVALID_NUMBER),
    10004: TelephonyResult.CONGESTION,  # more calls at once than the account may have
    32016: TelephonyResult.NO_ANSWER,  # no carrier on the route said anything within 60 s
}
_BY_STATUS: Mapping[CallStatus, tuple[TelephonyResult, HangupCause]] = {
    CallStatus.BUSY: (TelephonyResult.BUSY, HangupCause.USER_BUSY),
    CallStatus.NO_ANSWER: (TelephonyResult.NO_ANSWER, HangupCause.NO_ANSWER),
    # «Most likely the number does not exist»: most likely is not enough to give a number up.
    CallStatus.FAILED: (TelephonyResult.CARRIER_ERROR, HangupCause.NORMAL_UNSPECIFIED),
    CallStatus.CANCELED: (TelephonyResult.CANCELLED, HangupCause.NORMAL_CLEARING),
    CallStatus.COMPLETED: (TelephonyResult.ANSWERED, HangupCause.NORMAL_CLEARING),
}
# RFC 3398, section 8.2.6.1; but 503 says congestion as on Asterisk, and 487 of a phone that rang
# is no answer.
_CAUSE_BY_SIP_CODE: Mapping[int, HangupCause] = {
    400: HangupCause.TEMPORARY_FAILURE,
    401: HangupCause.REJECTED,
    402: HangupCause.REJECTED,
    403: HangupCause.REJECTED,
    404: HangupCause.UNALLOCATED,
    407: HangupCause.REJECTED,
    408: HangupCause.RECOVERY_ON_TIMER,
    410: HangupCause.NUMBER_CHANGED,
    480: HangupCause.NO_USER_RESPONDING,
    484: HangupCause.INVALID_FORMAT,
    486: HangupCause.USER_BUSY,
    487: HangupCause.NO_ANSWER,
    500: HangupCause.TEMPORARY_FAILURE,
    502: HangupCause.NETWORK_OUT_OF_ORDER,
    503: HangupCause.SWITCH_CONGESTION,
    504: HangupCause.RECOVERY_ON_TIMER,
    600: HangupCause.USER_BUSY,
    603: HangupCause.REJECTED,
    604: HangupCause.UNALLOCATED,
    607: HangupCause.REJECTED,
    608: HangupCause.REJECTED,
}
_CAUSE_BY_RESULT: Mapping[TelephonyResult, HangupCause] = {
    TelephonyResult.INVALID_NUMBER: HangupCause.INVALID_FORMAT,
    TelephonyResult.CONGESTION: HangupCause.SWITCH_CONGESTION,
    TelephonyResult.NO_ANSWER: HangupCause.NO_USER_RESPONDING,
}
_FINAL_SIP_CODES = 300  # below them nothing has failed
# A callback of the present is told more finely by our own clock than by its whole seconds.
_PRESENT = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gone:
    """A call's end as Twilio tells it; what came of it depends on what was told before."""

    at: datetime
    status: CallStatus
    duration_s: float | None = None  # whole seconds; None: not told
    sip_code: int | None = None
    error_code: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Before:
    """What is known of a call whose end is judged."""

    answered_at: datetime | None
    answered_by: AnsweredBy | None
    is_abandoned: bool
    is_cut: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How a call ended, in the dialer's words; `answered_at`: None when nobody picked up."""

    result: TelephonyResult
    hangup_cause: int
    answered_at: datetime | None
    seconds: float


def judge(gone: Gone, before: Before) -> Verdict:
    """Judge an end."""
    answered_at = before.answered_at or _answered_unheard(gone, before)
    if answered_at is not None:
        return Verdict(
            result=_answered(before),
            hangup_cause=HangupCause.NORMAL_CLEARING.value,
            answered_at=answered_at,
            seconds=_seconds(gone, answered_at),
        )
    result, cause = _unanswered(gone, before)
    return Verdict(result=result, hangup_cause=cause.value, answered_at=None, seconds=0.0)


def answered_by(word: str | None) -> AnsweredBy | None:
    """Return who picked up by Twilio's word; None: nothing was detected, or not yet."""
    if not word:
        return None
    if word == "human":
        return AnsweredBy.HUMAN
    return AnsweredBy.UNSURE if word == "unknown" else AnsweredBy.MACHINE


def status_of(word: str | None) -> CallStatus | None:
    """Return a status by its word; None: it is none, or one that is not known here."""
    try:
        return CallStatus(word or "")
    except ValueError:
        return None


def instant_of(told: str | None, *, at: datetime) -> datetime:
    """Return the instant of an RFC 2822 time; without one, or of the present, `at`.

    Args:
        told: as Twilio writes it: `Tue, 01 Nov 2016 01:59:13 +0000`.
        at: when we were told, aware, UTC.
    """
    second = second_of(told)
    if second is None or abs(at - second) <= _PRESENT:
        return at
    return min(second, at)


def second_of(told: str | None) -> datetime | None:
    """Return the second that an RFC 2822 time names; None: it is none."""
    try:
        instant = parsedate_to_datetime(told or "")
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def number_of(told: str | None) -> int | None:
    """Return a whole number that is told as text; None: none is."""
    return int(told) if told and told.isascii() and told.isdecimal() else None


def _answered_unheard(gone: Gone, before: Before) -> datetime | None:
    """Return when somebody picked up whose answer was not told, by the call's duration."""
    if gone.status is not CallStatus.COMPLETED:
        return None
    if not gone.duration_s and before.is_cut and before.answered_by is None:
        return None  # we hung up while it rang
    return gone.at - timedelta(seconds=gone.duration_s or 1.0)


def _answered(before: Before) -> TelephonyResult:
    if before.answered_by is AnsweredBy.MACHINE:
        return TelephonyResult.MACHINE
    return TelephonyResult.ABANDONED if before.is_abandoned else TelephonyResult.ANSWERED


def _seconds(gone: Gone, answered_at: datetime) -> float:
    """Return how long the call was up: by our clock, where Twilio's whole seconds agree."""
    own = (gone.at - answered_at).total_seconds()
    told = gone.duration_s
    if told is not None and abs(own - told) > _PRESENT.total_seconds():
        own = told
    return max(own, 0.001)  # an answered call lasted


def _unanswered(gone: Gone, before: Before) -> tuple[TelephonyResult, HangupCause]:
    result, cause = _BY_STATUS[gone.status]
    if before.is_cut or gone.status in {CallStatus.CANCELED, CallStatus.COMPLETED}:
        return TelephonyResult.CANCELLED, HangupCause.NORMAL_CLEARING
    code = gone.sip_code if gone.sip_code and gone.sip_code >= _FINAL_SIP_CODES else 0
    by_error = _RESULT_BY_ERROR.get(gone.error_code or 0)
    by_code = RESULT_BY_SIP_CODE.get(code)
    if by_error is not None:
        return by_error, _CAUSE_BY_SIP_CODE.get(code, _CAUSE_BY_RESULT[by_error])
    return by_code or result, _CAUSE_BY_SIP_CODE.get(code, cause)
