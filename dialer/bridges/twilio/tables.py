"""The bridge's own book: calls, agents' phones and recordings at Twilio, as far as they were told.

Webhooks reach any process of the installation and write here; the dialer that carries a call reads
what it has not told its engine yet. Every column is only ever filled, so that a callback told
twice, late or out of order changes nothing.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import one_of
from core.database import Base
from customers.model import RecordingConsent
from dialer.bridges.floor import PhoneTrouble
from dialer.model import AnsweredBy, Direction, TelephonyResult

_SID = sa.String(34)


class TwilioCall(Base):
    """One call of an owner, in either direction; `call_id` is the attempt's, or the inbound call's.

    `sid` is None until Twilio's name of it is known. `order` is what webhooks need of the
    `OutboundCall`. `turn_no` numbers the turn that is being heard, `document` is its TwiML,
    `page` what it waits for (`pages`) and `token` the request that got it. `told_*`: the
    engine has heard of it.
    """

    __tablename__ = "twilio_call"

    call_id: Mapped[UUID] = mapped_column(primary_key=True)
    sid: Mapped[str | None] = mapped_column(_SID, unique=True)
    direction: Mapped[Direction] = mapped_column(one_of(Direction, name="twilio_call_direction"))
    trunk: Mapped[str] = mapped_column(sa.String(64))
    e164: Mapped[str | None] = mapped_column(sa.String(17))  # of the owner; None: withheld
    shown: Mapped[str] = mapped_column(sa.Text)  # our number
    order: Mapped[dict[str, object]] = mapped_column(JSONB)
    placed_at: Mapped[datetime]
    ends_by: Mapped[datetime]  # a call that is not over by then is asked about
    ringing_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[AnsweredBy | None] = mapped_column(
        one_of(AnsweredBy, name="twilio_call_answered_by")
    )
    room: Mapped[str | None] = mapped_column(sa.Text)
    in_room_at: Mapped[datetime | None]
    is_abandoned: Mapped[bool] = mapped_column(server_default=sa.false())
    is_cut: Mapped[bool] = mapped_column(server_default=sa.false())  # we have hung up
    ended_at: Mapped[datetime | None]
    result: Mapped[TelephonyResult | None] = mapped_column(
        one_of(TelephonyResult, name="twilio_call_result")
    )
    hangup_cause: Mapped[int | None]
    sip_code: Mapped[int | None]
    error_code: Mapped[int | None]  # Twilio's own
    seconds: Mapped[float | None]
    price: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 5))  # as Twilio bills it
    turn_no: Mapped[int] = mapped_column(server_default=sa.text("0"))
    document: Mapped[str | None] = mapped_column(sa.Text)
    token: Mapped[str | None] = mapped_column(sa.Text)
    page: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    is_asking: Mapped[bool] = mapped_column(server_default=sa.false())  # the turn waits for a reply
    is_recorded_turn: Mapped[bool | None]  # what the last turn wants; None: none said yet
    is_silenced: Mapped[bool] = mapped_column(server_default=sa.false())  # an agent wants it
    recording_at: Mapped[datetime | None]  # whoever wrote it began the call's own recording
    announced_at: Mapped[datetime | None]  # its announcement to owner and agent was sent for
    told_ringing: Mapped[bool] = mapped_column(server_default=sa.false())
    told_answered: Mapped[bool] = mapped_column(server_default=sa.false())
    told_in_room: Mapped[str | None] = mapped_column(sa.Text)  # the room that was told
    told_ended: Mapped[bool] = mapped_column(server_default=sa.false())
    __table_args__ = (
        sa.CheckConstraint(
            "(ended_at IS NULL) = (result IS NULL) AND (ended_at IS NULL) = (seconds IS NULL)",
            name="ended_with_a_result",
        ),
        sa.Index("ix_twilio_call_open", "ends_by", postgresql_where=sa.text("NOT told_ended")),
        sa.Index("ix_twilio_call_placed", "placed_at"),
        sa.Index("ix_twilio_call_ended", "ended_at"),
    )


class TwilioSeat(Base):
    """An agent's phone, a guest's or a supervisor's, on its way into a room, in it, or gone."""

    __tablename__ = "twilio_seat"

    seat_id: Mapped[UUID] = mapped_column(primary_key=True)
    room: Mapped[str] = mapped_column(sa.Text)
    part: Mapped[str] = mapped_column(sa.String(16))  # seat, guest, listen, whisper, join
    endpoint: Mapped[str] = mapped_column(sa.Text)
    sid: Mapped[str | None] = mapped_column(_SID, unique=True)
    conference_sid: Mapped[str | None] = mapped_column(_SID)
    call_id: Mapped[UUID | None]  # of a guest: the owner's call
    rung_at: Mapped[datetime]
    seated_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]  # Twilio, whether it is still there
    trouble: Mapped[PhoneTrouble | None] = mapped_column(one_of(PhoneTrouble))
    price: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 5))  # as Twilio bills it
    __table_args__ = (
        sa.Index(
            "uq_twilio_seat_room",
            "room",
            unique=True,
            postgresql_where=sa.text("part = 'seat' AND gone_at IS NULL"),
        ),
        sa.Index("ix_twilio_seat_room", "room", "rung_at"),
        sa.Index("ix_twilio_seat_rung", "rung_at"),
        sa.Index("ix_twilio_seat_gone", "gone_at"),
    )


class TwilioRecording(Base):
    """A recording at Twilio; `name` is `call`, or as the script's reply names it.

    It is owed in the transaction that learns of it, so that the engine need not be told.
    """

    __tablename__ = "twilio_recording"

    sid: Mapped[str] = mapped_column(_SID, primary_key=True)
    call_id: Mapped[UUID] = mapped_column(sa.ForeignKey("twilio_call.call_id"))
    name: Mapped[str] = mapped_column(sa.Text)
    started_at: Mapped[datetime]
    consent: Mapped[RecordingConsent | None] = mapped_column(
        one_of(RecordingConsent, name="twilio_recording_consent")
    )
    is_paused: Mapped[bool] = mapped_column(server_default=sa.false())
    ready_at: Mapped[datetime | None]
    seconds: Mapped[float | None]
    failed_at: Mapped[datetime | None]  # there is none (absent); without ready_at: thrown away
    __table_args__ = (sa.Index("ix_twilio_recording_call", "call_id"),)
