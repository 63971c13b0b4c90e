"""Due calls, what they rest on, and every verdict on them, at rest."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from callback.model import Decision, DueCallState
from core.columns import one_of
from core.database import Base
from customers.model import CallMode, Purpose, Reason


class DueCall(Base):
    """One person, one reason, one deadline, with the facts that made it due.

    (reason, subject, cycle) is the natural key: building twice changes nothing. `next_at` is when
    it may enter the ready window again (a deferral, a retry). `settled_because` says why a final
    state was reached. A prospect's call is about no unit.
    """

    __tablename__ = "due_call"

    due_call_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.person_id"))
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.community_id"))
    unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("unit.unit_id"))
    reason: Mapped[Reason] = mapped_column(one_of(Reason))
    purpose: Mapped[Purpose] = mapped_column(one_of(Purpose))
    mode: Mapped[CallMode] = mapped_column(one_of(CallMode))
    campaign: Mapped[str] = mapped_column(sa.String(64))
    script: Mapped[str] = mapped_column(sa.String(64))
    subject: Mapped[str] = mapped_column(sa.Text)
    cycle: Mapped[str] = mapped_column(sa.Text)
    facts: Mapped[dict[str, object]] = mapped_column(JSONB)
    appointment: Mapped[bool] = mapped_column(server_default=sa.false())
    not_before: Mapped[datetime]
    due_by: Mapped[datetime]
    next_at: Mapped[datetime]
    priority: Mapped[int]
    agent_id: Mapped[int | None] = mapped_column(sa.BigInteger)  # who promised it; else anybody
    attempts: Mapped[int] = mapped_column(server_default="0")
    state: Mapped[DueCallState] = mapped_column(one_of(DueCallState), server_default="waiting")
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_because: Mapped[str | None] = mapped_column(sa.Text)
    __table_args__ = (
        sa.UniqueConstraint("reason", "subject", "cycle"),
        sa.CheckConstraint("not_before <= due_by", name="window_not_empty"),
        sa.CheckConstraint(
            "(state IN ('waiting', 'claimed')) = (settled_at IS NULL)"
            " AND (settled_at IS NULL) = (settled_because IS NULL)",
            name="settled_with_a_reason",
        ),
        sa.Index("ix_due_call_person", "person_id"),
        sa.Index("ix_due_call_due_by", "due_by", postgresql_using="brin"),  # for reports
        sa.Index(
            "ix_due_call_waiting",
            "next_at",
            "due_by",
            postgresql_where="state = 'waiting' AND mode = 'automatic'",
        ),
        sa.Index(
            "ix_due_call_lane",
            "campaign",
            "priority",
            "due_by",
            "due_call_id",
            postgresql_where="state = 'waiting' AND mode = 'automatic'",
        ),
        sa.Index(
            "ix_due_call_agents",
            "next_at",
            postgresql_where="state = 'waiting' AND mode = 'agent'",
        ),
        sa.Index("ix_due_call_settled", "settled_at", postgresql_where="settled_at IS NOT NULL"),
        sa.Index("ix_due_call_live_reason", "reason", postgresql_where="settled_at IS NULL"),
        sa.Index(
            "uq_due_call_one_overdue_a_person",
            "person_id",
            unique=True,
            postgresql_where="reason = 'overdue' AND settled_at IS NULL",
        ),
    )


class DueCallCharge(Base):
    """A charge that an overdue call, or a promised call about a debt, speaks of."""

    __tablename__ = "due_call_charge"

    due_call_id: Mapped[int] = mapped_column(
        sa.ForeignKey("due_call.due_call_id"), primary_key=True
    )
    charge_id: Mapped[int] = mapped_column(
        sa.ForeignKey("charge.charge_id"), primary_key=True, index=True
    )
    step: Mapped[int]


class LadderProgress(Base):
    """The highest reminder step done for a debt; lower ones count as skipped."""

    __tablename__ = "ladder_progress"

    charge_id: Mapped[int] = mapped_column(sa.ForeignKey("charge.charge_id"), primary_key=True)
    step: Mapped[int]
    due_call_id: Mapped[int] = mapped_column(sa.ForeignKey("due_call.due_call_id"))
    done_at: Mapped[datetime]


class VerdictRow(Base):
    """What the rules said of a due call, kept whenever decision, rule or until changed."""

    __tablename__ = "verdict"

    verdict_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    at: Mapped[datetime]
    due_call_id: Mapped[int] = mapped_column(sa.ForeignKey("due_call.due_call_id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.person_id"))
    e164: Mapped[str | None] = mapped_column(sa.String(17))
    decision: Mapped[Decision] = mapped_column(one_of(Decision))
    rule: Mapped[str] = mapped_column(sa.String(64))
    layer: Mapped[str] = mapped_column(sa.String(16))
    pack: Mapped[str | None] = mapped_column(sa.String(64))
    pack_version: Mapped[str | None] = mapped_column(sa.String(64))
    until: Mapped[datetime | None]
    facts: Mapped[dict[str, object]] = mapped_column(JSONB)
    # The look it was given in, as the dialer recorded it; kept longer than the record.
    claim_record_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    __table_args__ = (
        sa.CheckConstraint("(decision = 'defer') = (until IS NOT NULL)", name="defer_says_until"),
        sa.Index("ix_verdict_due_call", "due_call_id", "verdict_id"),
        sa.Index("ix_verdict_person", "person_id"),
        sa.Index("ix_verdict_claim_record", "claim_record_id"),
        sa.Index("ix_verdict_at", "at", postgresql_using="brin"),  # for a day's replay
    )
