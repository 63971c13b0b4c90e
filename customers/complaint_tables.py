"""Complaints at rest: each once with where it stands, and every step it took; none is deleted."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import one_of
from core.database import Base


class ComplaintCategory(StrEnum):
    """What a complaint is about, as the register classifies it."""

    ATTITUDE = "attitude"  # how staff behaved
    QUALITY = "quality"  # of construction or a product
    LATE_HANDOVER = "late_handover"
    SERVICE = "service"  # of the property manager
    FEES = "fees"
    OTHER = "other"


class ComplaintChannel(StrEnum):
    """How a complaint came in."""

    HOTLINE = "hotline"
    OUR_CALL = "our_call"  # said when we rang
    VISIT = "visit"
    MESSAGE = "message"
    LETTER = "letter"


class ComplaintStepKind(StrEnum):
    """What was done about a complaint."""

    REPLIED = "replied"
    CLOSED = "closed"
    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"  # which opens it again
    MANAGER_TOLD = "manager_told"
    HANDED_OVER = "handed_over"


class Complaint(Base):
    """What somebody complains of, who answers for it, by when, and where it stands.

    A dissatisfied answer begins the next cycle: reply and closing are owed again; what was said
    and done before is in the steps. `rules` is the version of the figures that set the deadlines.
    """

    __tablename__ = "complaint"

    complaint_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.community_id"))
    unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("unit.unit_id"), index=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.person_id"), index=True)
    category: Mapped[ComplaintCategory] = mapped_column(one_of(ComplaintCategory))
    channel: Mapped[ComplaintChannel] = mapped_column(one_of(ComplaintChannel))
    words: Mapped[str] = mapped_column(sa.Text)
    serious: Mapped[bool]
    taken_at: Mapped[datetime]
    taken_by: Mapped[str] = mapped_column(sa.Text)
    accountable: Mapped[str] = mapped_column(sa.Text)
    agent_id: Mapped[int | None] = mapped_column(sa.BigInteger)  # where that is an agent
    rules: Mapped[str] = mapped_column(sa.String(64))
    cycle: Mapped[int] = mapped_column(server_default="1")
    reply_by: Mapped[datetime]
    replied_at: Mapped[datetime | None]
    manager_by: Mapped[datetime | None]  # of a serious one
    manager_told_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    done: Mapped[str | None] = mapped_column(sa.Text)
    satisfied_at: Mapped[datetime | None]
    callback_request_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("callback_request.callback_request_id")
    )  # the call that was promised last
    __table_args__ = (
        sa.CheckConstraint("words <> '' AND accountable <> ''", name="says_something"),
        sa.CheckConstraint("serious = (manager_by IS NOT NULL)", name="serious_has_manager"),
        sa.CheckConstraint("(closed_at IS NULL) = (done IS NULL)", name="closed_by_something_done"),
        sa.CheckConstraint("closed_at IS NULL OR replied_at IS NOT NULL", name="closed_is_replied"),
        sa.CheckConstraint("satisfied_at IS NULL OR closed_at IS NOT NULL", name="satisfied_after"),
        sa.CheckConstraint("cycle >= 1", name="cycle_counts"),
        sa.Index("ix_complaint_open", "reply_by", postgresql_where="closed_at IS NULL"),
        sa.Index("ix_complaint_taken_at", "taken_at"),
        sa.Index("ix_complaint_callback_request_id", "callback_request_id"),
    )


class ComplaintStep(Base):
    """One thing done about a complaint; a cycle's first reply carries the deadline it had."""

    __tablename__ = "complaint_step"

    complaint_step_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    complaint_id: Mapped[int] = mapped_column(sa.ForeignKey("complaint.complaint_id"), index=True)
    cycle: Mapped[int]
    kind: Mapped[ComplaintStepKind] = mapped_column(one_of(ComplaintStepKind))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.Text)
    words: Mapped[str] = mapped_column(sa.Text)
    due_by: Mapped[datetime | None]
