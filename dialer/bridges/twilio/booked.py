"""A call as the book has it, and what is told of one at once."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from core.columns import AnyRow
from dialer.bridges.port import OutboundCall
from dialer.bridges.twilio import orders, pages
from dialer.bridges.twilio.pages import Page
from dialer.bridges.twilio.results import Gone
from dialer.bridges.twilio.tables import TwilioCall
from dialer.model import AnsweredBy, Direction, TelephonyResult


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """How a call ended; `seconds` since the answer, 0 when nobody answered."""

    at: datetime
    result: TelephonyResult
    seconds: float = 0.0
    hangup_cause: int | None = None
    sip_code: int | None = None
    error_code: int | None = None  # Twilio's own


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What was told of a call at once; None, and False: nothing of that."""

    sid: str | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    answered_by: AnsweredBy | None = None
    room: str | None = None
    in_room_at: datetime | None = None
    is_abandoned: bool = False
    is_cut: bool = False
    gone: Gone | None = None  # the end as Twilio tells it: judged by what was told before
    ended: End | None = None  # the end as somebody here judges it
    price: Decimal | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BookedCall:
    """A row of the book; see the table for what each column means."""

    call_id: UUID
    sid: str | None
    direction: Direction
    trunk: str
    e164: str | None
    shown: str
    order: OutboundCall | None  # None: the call came in
    placed_at: datetime
    ends_by: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    answered_by: AnsweredBy | None
    room: str | None
    in_room_at: datetime | None
    is_abandoned: bool
    is_cut: bool
    ended: End | None
    price: Decimal | None
    turn_no: int
    document: str | None
    token: str | None
    page: Page | None
    is_asking: bool
    told_ringing: bool
    told_answered: bool
    told_in_room: str | None
    told_ended: bool


def booked(row: TwilioCall | AnyRow) -> BookedCall:
    """Return a row as the rest of the bridge reads it."""
    return BookedCall(
        call_id=row.call_id,
        sid=row.sid,
        direction=row.direction,
        trunk=row.trunk,
        e164=row.e164,
        shown=row.shown,
        order=orders.read(row.order, call_id=row.call_id, e164=row.e164, trunk=row.trunk),
        placed_at=row.placed_at,
        ends_by=row.ends_by,
        ringing_at=row.ringing_at,
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        room=row.room,
        in_room_at=row.in_room_at,
        is_abandoned=row.is_abandoned,
        is_cut=row.is_cut,
        ended=_ended(row),
        price=row.price,
        turn_no=row.turn_no,
        document=row.document,
        token=row.token,
        page=None if row.page is None else pages.read(row.page),
        is_asking=row.is_asking,
        told_ringing=row.told_ringing,
        told_answered=row.told_answered,
        told_in_room=row.told_in_room,
        told_ended=row.told_ended,
    )


def _ended(row: TwilioCall | AnyRow) -> End | None:
    if row.ended_at is None or row.result is None or row.seconds is None:
        return None
    return End(
        at=row.ended_at,
        result=row.result,
        seconds=row.seconds,
        hangup_cause=row.hangup_cause,
        sip_code=row.sip_code,
        error_code=row.error_code,
    )
