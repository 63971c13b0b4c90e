"""Quality samples at rest: what was drawn and how, each call's score sheet, every correction.

Calls, agents and due calls are kept a floor above, so that their ids are no foreign keys here.
"""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import one_of
from core.database import Base
from customers.model import Reason


class QualitySample(Base):
    """The calls drawn of a month, once: with this seed and these rules they are drawn again."""

    __tablename__ = "quality_sample"

    sample_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    month: Mapped[date] = mapped_column(unique=True)  # its first day
    until: Mapped[datetime]  # calls that had ended by then
    seed: Mapped[int] = mapped_column(sa.BigInteger)
    share: Mapped[float]
    least: Mapped[int]
    most: Mapped[int]
    rules: Mapped[str] = mapped_column(sa.String(64))  # their version
    population: Mapped[int]  # calls it was drawn from
    drawn_at: Mapped[datetime]
    drawn_by: Mapped[str] = mapped_column(sa.Text)
    survey_id: Mapped[int | None] = mapped_column(sa.ForeignKey("survey.survey_id"))
    __table_args__ = (
        sa.CheckConstraint("extract(day FROM month) = 1", name="of_a_whole_month"),
        sa.CheckConstraint("population >= 0 AND least >= 1 AND most >= 1", name="counts"),
    )


class QualityItem(Base):
    """A drawn call; with a survey target, the owner is asked again."""

    __tablename__ = "quality_item"

    item_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    sample_id: Mapped[int] = mapped_column(sa.ForeignKey("quality_sample.sample_id"), index=True)
    attempt_id: Mapped[UUID] = mapped_column(unique=True)
    due_call_id: Mapped[int] = mapped_column(sa.BigInteger)
    agent_id: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.person_id"))
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.community_id"))
    reason: Mapped[Reason] = mapped_column(one_of(Reason))
    talked_at: Mapped[datetime]
    survey_target_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("survey_target.survey_target_id")
    )


class QualityScore(Base):
    """A call's score sheet: saved while it is filled in, finished once."""

    __tablename__ = "quality_score"

    item_id: Mapped[int] = mapped_column(
        sa.ForeignKey("quality_item.item_id"), primary_key=True, autoincrement=False
    )
    sheet: Mapped[str] = mapped_column(sa.String(64))  # its version
    answers: Mapped[dict[str, str]] = mapped_column(JSONB)
    comment: Mapped[str] = mapped_column(sa.Text)
    revision: Mapped[int]
    saved_at: Mapped[datetime]
    saved_by: Mapped[str] = mapped_column(sa.Text)
    editor: Mapped[str] = mapped_column(sa.String(64))  # the page it was saved from
    finished_at: Mapped[datetime | None]
    finished_by: Mapped[str | None] = mapped_column(sa.Text)
    total: Mapped[float | None]
    __table_args__ = (
        sa.CheckConstraint("revision >= 1", name="saved"),
        sa.CheckConstraint("num_nonnulls(finished_at, finished_by, total) IN (0, 3)", name="ends"),
        sa.CheckConstraint("total BETWEEN 0 AND 100", name="total_of_a_hundred"),
    )


class QualityCorrection(Base):
    """What a finished sheet said before somebody corrected it, and why; append-only."""

    __tablename__ = "quality_correction"

    correction_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("quality_score.item_id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.Text)
    why: Mapped[str] = mapped_column(sa.Text)
    sheet: Mapped[str] = mapped_column(sa.String(64))
    answers: Mapped[dict[str, str]] = mapped_column(JSONB)
    comment: Mapped[str] = mapped_column(sa.Text)
    total: Mapped[float]
