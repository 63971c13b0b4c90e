"""Attempts and the switches of dialling, at rest."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import one_of
from core.database import Base
from customers.model import CallMode, WrapUpCode
from dialer.model import AnsweredBy, AttemptState, Direction, TelephonyResult


class Installation(Base):
    """The one row that says whether this very installation may ring, and whether it is stopped."""

    __tablename__ = "installation"

    singleton: Mapped[bool] = mapped_column(primary_key=True, server_default=sa.true())
    installation_id: Mapped[UUID]
    armed_at: Mapped[datetime | None]
    armed_by: Mapped[str | None] = mapped_column(sa.Text)
    stopped_at: Mapped[datetime | None]
    stopped_by: Mapped[str | None] = mapped_column(sa.Text)
    restored_at: Mapped[datetime | None]  # when it came out of a backup; None: it never did
    restored_from_at: Mapped[datetime | None]  # the instant of that backup
    reconciled_at: Mapped[datetime | None]  # when the carrier had been asked what happened since
    __table_args__ = (
        sa.CheckConstraint("singleton", name="one_row"),
        sa.CheckConstraint(
            "(restored_at IS NULL) = (restored_from_at IS NULL)"
            " AND (restored_at IS NOT NULL OR reconciled_at IS NULL)",
            name="reconciled_after_a_restore",
        ),
    )


class CampaignSwitch(Base):
    """A campaign somebody paused; no row means it runs."""

    __tablename__ = "campaign_switch"

    campaign: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    paused_at: Mapped[datetime]
    paused_by: Mapped[str] = mapped_column(sa.Text)


class ReadyCall(Base):
    """The ready window: the few due calls that come next, best score first."""

    __tablename__ = "ready_call"

    due_call_id: Mapped[int] = mapped_column(
        sa.ForeignKey("due_call.due_call_id"), primary_key=True
    )
    campaign: Mapped[str] = mapped_column(sa.String(64))
    score: Mapped[float]
    entered_at: Mapped[datetime]
    __table_args__ = (sa.Index("ix_ready_call_order", sa.desc("score"), "due_call_id"),)


class Attempt(Base):
    """One try at placing due calls of one person; its id is made by us before anything rings.

    A person who rings us about them has one too, of the other direction; it counts as no try.
    """

    __tablename__ = "attempt"

    attempt_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.person_id"))
    phone_id: Mapped[int] = mapped_column(sa.ForeignKey("phone.phone_id"))
    e164: Mapped[str] = mapped_column(sa.String(17))
    bridge: Mapped[str] = mapped_column(sa.String(32))
    trunk: Mapped[str] = mapped_column(sa.String(64))
    mode: Mapped[CallMode] = mapped_column(one_of(CallMode))
    campaign: Mapped[str] = mapped_column(sa.String(64))
    state: Mapped[AttemptState] = mapped_column(one_of(AttemptState))
    started_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    ringing_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    answered_by: Mapped[AnsweredBy | None] = mapped_column(one_of(AnsweredBy))
    telephony_result: Mapped[TelephonyResult | None] = mapped_column(one_of(TelephonyResult))
    hangup_cause: Mapped[int | None]
    sip_code: Mapped[int | None]
    fate_asks: Mapped[int] = mapped_column(server_default="0")
    talk: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    agent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("agent.agent_id"))
    met_at: Mapped[datetime | None]  # when the owner who answered and an agent met
    passed_on_at: Mapped[datetime | None]  # to an outside number, without an agent of ours
    dialer_id: Mapped[UUID | None]  # who carries it; None: a dialer that is in no fleet
    recording: Mapped[str | None] = mapped_column(sa.Text)
    direction: Mapped[Direction] = mapped_column(one_of(Direction), server_default="outbound")
    foretold: Mapped[float | None] = mapped_column(sa.REAL)  # chance of an answer, when claimed
    __table_args__ = (
        sa.Index(
            "uq_attempt_live_person", "person_id", unique=True, postgresql_where="state <> 'ended'"
        ),
        sa.Index("uq_attempt_live_phone", "e164", unique=True, postgresql_where="state <> 'ended'"),
        sa.Index("ix_attempt_live_dialer", "dialer_id", postgresql_where="state <> 'ended'"),
        sa.Index("ix_attempt_person", "person_id", "started_at"),
        sa.Index("ix_attempt_phone", "e164", "started_at"),
        sa.Index("ix_attempt_started", "started_at", postgresql_using="brin"),  # for reports
        sa.Index(
            "ix_attempt_agent",
            "agent_id",
            "started_at",
            postgresql_where="agent_id IS NOT NULL",
        ),
        sa.CheckConstraint(
            "(state = 'ended') = (ended_at IS NOT NULL)"
            " AND (ended_at IS NULL) = (telephony_result IS NULL)",
            name="ended_with_a_result",
        ),
        sa.CheckConstraint("foretold BETWEEN 0 AND 1", name="foretold_of_one"),
        sa.CheckConstraint(
            "started_at <= submitted_at AND started_at <= answered_at AND started_at <= ended_at",
            name="in_order",
        ),
    )


class AttemptDueCall(Base):
    """A due call an attempt serves, and once it has ended, its one outcome for that due call."""

    __tablename__ = "attempt_due_call"

    attempt_id: Mapped[UUID] = mapped_column(sa.ForeignKey("attempt.attempt_id"), primary_key=True)
    due_call_id: Mapped[int] = mapped_column(
        sa.ForeignKey("due_call.due_call_id"), primary_key=True, index=True
    )
    position: Mapped[int]
    settled_at: Mapped[datetime | None]
    telephony_result: Mapped[TelephonyResult | None] = mapped_column(one_of(TelephonyResult))
    wrap_up_code: Mapped[WrapUpCode | None] = mapped_column(one_of(WrapUpCode))
    outcome: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    retry_at: Mapped[datetime | None]
    next_phone: Mapped[bool] = mapped_column(server_default=sa.true())
    wrapped_up_at: Mapped[datetime | None]  # of an agent's call: when its outcome was given,
    wrapped_up_by: Mapped[str | None] = mapped_column(sa.Text)  # and by whom
    script_version: Mapped[int | None]  # that was spoken by; None: nobody was spoken to
    __table_args__ = (
        sa.Index("ix_attempt_due_call_open", "attempt_id", postgresql_where="settled_at IS NULL"),
        sa.Index(  # for reports
            "ix_attempt_due_call_dissatisfied",
            "settled_at",
            postgresql_where="wrap_up_code = 'dissatisfied'",
        ),
        sa.CheckConstraint(
            "(settled_at IS NULL) = (telephony_result IS NULL)"
            " AND (settled_at IS NULL) = (outcome IS NULL)",
            name="settled_with_an_outcome",
        ),
    )
