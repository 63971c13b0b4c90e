"""The life of an attempt as types: each state knows only the steps that may follow it.

    Claimed → Submitted → Ringing → Answered → Ended

Steps may be skipped forwards (a carrier need not say that a phone rings), never taken backwards:
what comes late or twice finds no method to call and changes nothing. A carrier's clock may be
wrong: no step is dated before the one it follows.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from dialer.bridges.port import CallAnswered, CallEnded, CallEvent, CallRinging, CallSubmitted
from dialer.model import AnsweredBy, AttemptState, TelephonyResult


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """The line is gone; final."""

    attempt_id: UUID
    started_at: datetime
    submitted_at: datetime | None
    ringing_at: datetime | None
    answered_at: datetime | None
    answered_by: AnsweredBy | None
    ended_at: datetime
    result: TelephonyResult
    hangup_cause: int | None
    sip_code: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """Committed and not yet known to the carrier."""

    attempt_id: UUID
    started_at: datetime

    def submitted(self, at: datetime) -> "Submitted":
        """The carrier took it."""
        return Submitted(
            attempt_id=self.attempt_id,
            started_at=self.started_at,
            submitted_at=max(at, self.started_at),
        )

    def ended(self, event: CallEnded) -> Ended:
        """It never reached a phone, or its end is all that was heard."""
        return _ended(event, started_at=self.started_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Submitted:
    """With the carrier; nothing rings yet."""

    attempt_id: UUID
    started_at: datetime
    submitted_at: datetime

    def ringing(self, at: datetime) -> "Ringing":
        """The phone rings."""
        return Ringing(
            attempt_id=self.attempt_id,
            started_at=self.started_at,
            submitted_at=self.submitted_at,
            ringing_at=max(at, self.submitted_at),
        )

    def answered(self, event: CallAnswered) -> "Answered":
        """Picked up without a word about ringing."""
        return self.ringing(event.at).answered(event)

    def ended(self, event: CallEnded) -> Ended:
        """Gone without an answer."""
        return _ended(event, started_at=self.started_at, submitted_at=self.submitted_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ringing:
    """The called phone rings."""

    attempt_id: UUID
    started_at: datetime
    submitted_at: datetime
    ringing_at: datetime

    def answered(self, event: CallAnswered) -> "Answered":
        """Somebody or something picked up."""
        return Answered(
            attempt_id=self.attempt_id,
            started_at=self.started_at,
            submitted_at=self.submitted_at,
            ringing_at=self.ringing_at,
            answered_at=max(event.at, self.ringing_at),
            answered_by=event.answered_by,
        )

    def ended(self, event: CallEnded) -> Ended:
        """Gone without an answer."""
        return _ended(
            event,
            started_at=self.started_at,
            submitted_at=self.submitted_at,
            ringing_at=self.ringing_at,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """The line is open."""

    attempt_id: UUID
    started_at: datetime
    submitted_at: datetime
    ringing_at: datetime
    answered_at: datetime
    answered_by: AnsweredBy

    def ended(self, event: CallEnded) -> Ended:
        """The talk is over."""
        ended = _ended(
            event,
            started_at=self.started_at,
            submitted_at=self.submitted_at,
            ringing_at=self.ringing_at,
        )
        return replace(
            ended,
            answered_at=self.answered_at,
            answered_by=self.answered_by,
            ended_at=max(ended.ended_at, self.answered_at),
        )


Live = Claimed | Submitted | Ringing | Answered
Attempt = Live | Ended

WORD = {
    Claimed: AttemptState.CLAIMED,
    Submitted: AttemptState.SUBMITTED,
    Ringing: AttemptState.RINGING,
    Answered: AttemptState.ANSWERED,
    Ended: AttemptState.ENDED,
}


def after(state: Attempt, event: CallEvent) -> Attempt:
    """Return the state an event leads to; the same state when it comes late or twice."""
    following = state
    match event, state:
        case CallEnded(), Claimed() | Submitted() | Ringing() | Answered():
            following = state.ended(event)
        case CallSubmitted(), Claimed():
            following = state.submitted(event.at)
        case CallRinging(), Claimed():
            following = state.submitted(event.at).ringing(event.at)
        case CallRinging(), Submitted():
            following = state.ringing(event.at)
        case CallAnswered(), Claimed():
            following = state.submitted(event.at).answered(event)
        case CallAnswered(), Submitted() | Ringing():
            following = state.answered(event)
    return following


def _ended(
    event: CallEnded,
    *,
    started_at: datetime,
    submitted_at: datetime | None = None,
    ringing_at: datetime | None = None,
) -> Ended:
    return Ended(
        attempt_id=event.attempt_id,
        started_at=started_at,
        submitted_at=submitted_at,
        ringing_at=ringing_at,
        answered_at=None,
        answered_by=None,
        ended_at=max(event.at, ringing_at or submitted_at or started_at),
        result=event.result,
        hangup_cause=event.hangup_cause,
        sip_code=event.sip_code,
    )
