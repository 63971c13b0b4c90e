"""What is owed, repaired and asked at rest: charges, payments, promises, work orders, surveys."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import one_of
from core.database import Base
from customers.model import ExtensionState, PromiseState, WorkOrderCategory


class Charge(Base):
    """Something billed with a due date; open is amount minus paid, the late fee apart.

    `paid_minor` is the sum of its payments, kept by whoever writes one, in the same transaction.
    """

    __tablename__ = "charge"

    charge_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.community_id"))
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("unit.unit_id"), index=True)
    liable_person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.person_id"))
    reference: Mapped[str] = mapped_column(sa.Text, index=True)
    kind: Mapped[str] = mapped_column(sa.Text)
    amount_minor: Mapped[int] = mapped_column(sa.BigInteger)
    paid_minor: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    late_fee_minor: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    currency: Mapped[str] = mapped_column(sa.String(3))
    due_on: Mapped[date]
    disputed_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(sa.Text)
    __table_args__ = (
        sa.UniqueConstraint("community_id", "reference"),
        sa.CheckConstraint("amount_minor >= 0 AND paid_minor >= 0", name="not_negative"),
        sa.CheckConstraint("late_fee_minor >= 0", name="late_fee_not_negative"),
        sa.Index(
            "ix_charge_open_by_person",
            "liable_person_id",
            "due_on",
            postgresql_where="amount_minor > paid_minor",
        ),
        sa.Index("ix_charge_liable", "liable_person_id", "due_on"),
        sa.Index(
            "ix_charge_reference_head",
            sa.func.upper(sa.text("reference")).label("key"),
            postgresql_ops={"key": "text_pattern_ops"},
        ),
    )


class Payment(Base):
    """Money received for a charge; a correction by finance may be negative."""

    __tablename__ = "payment"

    payment_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    charge_id: Mapped[int] = mapped_column(sa.ForeignKey("charge.charge_id"), index=True)
    amount_minor: Mapped[int] = mapped_column(sa.BigInteger)
    received_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(sa.String(32))
    reference: Mapped[str | None] = mapped_column(sa.Text)
    __table_args__ = (
        sa.CheckConstraint("amount_minor <> 0", name="of_something"),
        sa.UniqueConstraint("source", "reference"),
    )


class Promise(Base):
    """Amount and date an owner promised on a call; kept, broken or open."""

    __tablename__ = "promise"

    promise_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.person_id"), index=True)
    attempt_id: Mapped[UUID | None]
    amount_minor: Mapped[int] = mapped_column(sa.BigInteger)
    currency: Mapped[str] = mapped_column(sa.String(3))
    promised_on: Mapped[date]
    pay_by: Mapped[str | None] = mapped_column(sa.Text)  # of customers/pay_ways.yaml
    made_at: Mapped[datetime]
    state: Mapped[PromiseState] = mapped_column(one_of(PromiseState))
    settled_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("amount_minor > 0", name="of_something"),
        sa.CheckConstraint("(state = 'open') = (settled_at IS NULL)", name="settled_or_open"),
        sa.Index("ix_promise_open", "promised_on", postgresql_where="state = 'open'"),
    )


class PromiseCharge(Base):
    """A charge a promise is about, with what was paid on it when the promise was made."""

    __tablename__ = "promise_charge"

    promise_id: Mapped[int] = mapped_column(sa.ForeignKey("promise.promise_id"), primary_key=True)
    charge_id: Mapped[int] = mapped_column(
        sa.ForeignKey("charge.charge_id"), primary_key=True, index=True
    )
    paid_minor_before: Mapped[int] = mapped_column(sa.BigInteger)


class Extension(Base):
    """A payment extension asked for on a call; holds reminders back while asked or approved."""

    __tablename__ = "extension"

    extension_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.person_id"), index=True)
    charge_id: Mapped[int] = mapped_column(sa.ForeignKey("charge.charge_id"), index=True)
    attempt_id: Mapped[UUID | None]
    asked_at: Mapped[datetime]
    until: Mapped[date]
    state: Mapped[ExtensionState] = mapped_column(one_of(ExtensionState))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(sa.Text)
    decided_because: Mapped[str | None] = mapped_column(sa.Text)


class WorkOrder(Base):
    """A repair; each completion starts a cycle that owes one callback."""

    __tablename__ = "work_order"

    work_order_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.community_id"))
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("unit.unit_id"), index=True)
    reference: Mapped[str] = mapped_column(sa.Text, index=True)
    category: Mapped[WorkOrderCategory] = mapped_column(one_of(WorkOrderCategory))
    category_as_given: Mapped[str] = mapped_column(sa.Text)
    reported_on: Mapped[date]
    completed_on: Mapped[date | None]
    previous_completed_on: Mapped[date | None]
    reopened_at: Mapped[datetime | None]
    cycle: Mapped[int] = mapped_column(server_default="1")
    contractor: Mapped[str | None] = mapped_column(sa.Text)
    in_warranty: Mapped[bool | None]
    description: Mapped[str | None] = mapped_column(sa.Text)
    __table_args__ = (
        sa.UniqueConstraint("community_id", "reference"),
        sa.CheckConstraint("completed_on >= reported_on", name="completed_after_reported"),
        sa.CheckConstraint("cycle >= 1", name="cycle_from_one"),
        sa.Index(
            "ix_work_order_reference_head",
            sa.func.upper(sa.text("reference")).label("key"),
            postgresql_ops={"key": "text_pattern_ops"},
        ),
    )


class ReworkNotice(Base):
    """Written notice to the repairer that a callback found the work wanting."""

    __tablename__ = "rework_notice"

    rework_notice_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    work_order_id: Mapped[int] = mapped_column(sa.ForeignKey("work_order.work_order_id"))
    cycle: Mapped[int]
    attempt_id: Mapped[UUID | None]
    found_at: Mapped[datetime]
    issue_by: Mapped[datetime]
    issued_at: Mapped[datetime]
    finding: Mapped[str | None] = mapped_column(sa.Text)
    __table_args__ = (sa.UniqueConstraint("work_order_id", "cycle"),)


class Survey(Base):
    """One round of questions to a drawn sample, from its opening to its closing date."""

    __tablename__ = "survey"

    survey_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text, unique=True)
    opens_on: Mapped[date]
    closes_on: Mapped[date]
    seed: Mapped[int] = mapped_column(sa.BigInteger)
    share: Mapped[float]
    drawn_at: Mapped[datetime]
    __table_args__ = (sa.CheckConstraint("opens_on < closes_on", name="opens_before_it_closes"),)


class SurveyTarget(Base):
    """An owner drawn into a survey, in the stratum of one community."""

    __tablename__ = "survey_target"

    survey_target_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    survey_id: Mapped[int] = mapped_column(sa.ForeignKey("survey.survey_id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.person_id"), index=True)
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.community_id"))
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("unit.unit_id"))
    drawn_on: Mapped[date]
    __table_args__ = (sa.UniqueConstraint("survey_id", "person_id"),)


class SurveyAnswer(Base):
    """One answer of one drawn owner: a score 1-5, or the name of a recording."""

    __tablename__ = "survey_answer"

    survey_target_id: Mapped[int] = mapped_column(
        sa.ForeignKey("survey_target.survey_target_id"), primary_key=True
    )
    question: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    score: Mapped[int | None]
    recording: Mapped[str | None] = mapped_column(sa.Text)
    answered_at: Mapped[datetime]
    detail: Mapped[dict[str, object]] = mapped_column(JSONB, server_default=sa.text("'{}'"))
    __table_args__ = (
        sa.CheckConstraint("score BETWEEN 1 AND 5", name="score_1_to_5"),
        sa.CheckConstraint("num_nonnulls(score, recording) = 1", name="one_answer"),
    )
