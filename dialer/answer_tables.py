"""What was learned of when people answer, at rest."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class AnswerChance(Base):
    """The chance that somebody answers at a local hour; `community_id` None: in all communities.

    A slot without a row was never rung in; the next wider one holds for it.
    """

    __tablename__ = "answer_chance"

    answer_chance_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    community_id: Mapped[int | None] = mapped_column(sa.ForeignKey("community.community_id"))
    weekend: Mapped[bool]
    hour: Mapped[int] = mapped_column(sa.SmallInteger)
    attempts: Mapped[int]
    answers: Mapped[int]
    chance: Mapped[float]
    learned_at: Mapped[datetime]
    __table_args__ = (
        sa.UniqueConstraint("community_id", "weekend", "hour", postgresql_nulls_not_distinct=True),
        sa.CheckConstraint("hour BETWEEN 0 AND 23", name="hour_of_a_day"),
        sa.CheckConstraint("answers BETWEEN 0 AND attempts", name="answers_of_attempts"),
        sa.CheckConstraint("chance BETWEEN 0 AND 1", name="chance_of_one"),
    )
