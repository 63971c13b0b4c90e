"""The ledger of the scheduler and the marks of retention, at rest."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class ScheduledRun(Base):
    """One occasion of a scheduled job that was fired; its key makes a second one impossible."""

    __tablename__ = "scheduled_run"

    job: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    key: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    fired_at: Mapped[datetime]
    __table_args__ = (sa.Index("ix_scheduled_run_fired", "fired_at"),)


class RetentionMark(Base):
    """How far, by key, something that is emptied with age has been emptied."""

    __tablename__ = "retention_mark"

    kept: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    reached: Mapped[str] = mapped_column(sa.Text)
