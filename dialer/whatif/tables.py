"""Rehearsals of days to come that were asked for on the console, at rest for a while."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import one_of
from core.database import Base


class RehearsalState(StrEnum):
    """How far a rehearsal is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # `trouble` says why
    STOPPED = "stopped"  # by somebody


class Rehearsal(Base):
    """A day that was asked about and what it comes to; one runs at a time.

    `said_at` is the last word of the process that plays it, in the database's real time.
    """

    __tablename__ = "rehearsal"

    rehearsal_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    asked_at: Mapped[datetime]
    asked_by: Mapped[str] = mapped_column(sa.Text)
    asked: Mapped[dict[str, object]] = mapped_column(JSONB)
    state: Mapped[RehearsalState] = mapped_column(
        one_of(RehearsalState), server_default=RehearsalState.RUNNING.value
    )
    played: Mapped[int] = mapped_column(server_default="0")  # replications
    stop_asked: Mapped[bool] = mapped_column(server_default=sa.false())
    said_at: Mapped[datetime]
    trouble: Mapped[str | None] = mapped_column(sa.Text)
    answer: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    __table_args__ = (
        sa.Index(
            "uq_rehearsal_one_runs", "state", unique=True, postgresql_where="state = 'running'"
        ),
        sa.CheckConstraint(
            "(state = 'failed') = (trouble IS NOT NULL)", name="failed_for_a_reason"
        ),
        sa.CheckConstraint("(state = 'done') = (answer IS NOT NULL)", name="done_with_an_answer"),
    )
