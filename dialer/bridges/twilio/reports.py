"""Reads what Twilio tells of a call, in a callback's form or as the API's resource."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from twilio.rest.api.v2010.account.call import CallInstance

from dialer.bridges.twilio.book import Told
from dialer.bridges.twilio.results import (
    OVER,
    CallStatus,
    Gone,
    answered_by,
    instant_of,
    number_of,
    status_of,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A call in a list of Twilio's; instants are aware, UTC."""

    sid: str
    to: str
    shown: str
    is_created: bool  # over the API; others came in, or were dialled by a document
    placed_at: datetime
    told: Told


def told_by_form(form: Mapping[str, str], *, at: datetime) -> Told:
    """Return what a request for a document or a status callback tells of its call.

    Args:
        form: its fields.
        at: when it came in, aware, UTC; late ones say themselves when it happened.
    """
    status = status_of(form.get("CallStatus"))
    happened_at = instant_of(form.get("Timestamp"), at=at)
    return Told(
        sid=form.get("CallSid") or None,
        ringing_at=happened_at if status is CallStatus.RINGING else None,
        answered_at=happened_at if status is CallStatus.IN_PROGRESS else None,
        answered_by=answered_by(form.get("AnsweredBy")),
        gone=Gone(
            at=happened_at,
            status=status,
            duration_s=number_of(form.get("CallDuration")),
            sip_code=number_of(form.get("SipResponseCode")),
            error_code=number_of(form.get("ErrorCode")),
        )
        if status is not None and status in OVER
        else None,
    )


def told_by_resource(call: CallInstance, *, at: datetime) -> Told:
    """Return what the API tells of a call that was asked about at an instant.

    It knows neither when the phone began to ring nor the SIP code of a call that failed.
    """
    status = status_of(str(call.status))
    started_at, ended_at = _utc(call.start_time), _utc(call.end_time)
    return Told(
        sid=call.sid,
        answered_at=(started_at or at) if status is CallStatus.IN_PROGRESS else None,
        answered_by=answered_by(call.answered_by),
        price=price_of(call.price),
        gone=Gone(at=min(ended_at or at, at), status=status, duration_s=number_of(call.duration))
        if status is not None and status in OVER
        else None,
    )


def listed(call: CallInstance, *, at: datetime) -> Listed:
    """Return a call of a list that was asked for at an instant."""
    return Listed(
        sid=str(call.sid),
        to=call.to or "",
        shown=call._from or "",  # noqa: SLF001 - its name in the SDK
        is_created=call.direction == "outbound-api",
        placed_at=_utc(call.date_created) or _utc(call.start_time) or at,
        told=told_by_resource(call, at=at),
    )


def price_of(told: str | None) -> Decimal | None:
    """Return what a call costs: Twilio tells a charge below zero; None: not billed yet."""
    try:
        return -Decimal(told) if told else None
    except InvalidOperation:
        return None


def _utc(instant: datetime | None) -> datetime | None:
    return instant.replace(tzinfo=UTC) if instant and instant.tzinfo is None else instant
