"""What was learned of when people answer, at rest."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import one_of
from core.database import Base
from core.phone import PhoneKind


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


class AnswerKind(Base):
    """What the kind of a phone adds to the log odds of an answer."""

    __tablename__ = "answer_kind"

    kind: Mapped[PhoneKind] = mapped_column(one_of(PhoneKind), primary_key=True)
    attempts: Mapped[int]
    answers: Mapped[int]
    effect: Mapped[float] = mapped_column(sa.REAL)


class AnswerOwner(Base):
    """How somebody who was rung differs: log odds become slope times them, plus shift.

    Both hold a figure for each part of the day, as `dialer.answering.owners.Part` numbers them.
    """

    __tablename__ = "answer_owner"

    person_id: Mapped[int] = mapped_column(
        sa.ForeignKey("person.person_id"), primary_key=True, autoincrement=False
    )
    attempts: Mapped[int]
    answers: Mapped[int]
    slopes: Mapped[list[float]] = mapped_column(ARRAY(sa.REAL))
    shifts: Mapped[list[float]] = mapped_column(ARRAY(sa.REAL))
    __table_args__ = (
        sa.CheckConstraint(
            "cardinality(slopes) = 3 AND cardinality(shifts) = 3", name="each_part_of_a_day"
        ),
    )


class AnswerFit(Base):
    """The one row of what was learned of everybody together; before the first night there is none.

    `slope` and `shift` hold for who was never rung. `spread` and `taste` are how far owners differ,
    in log odds, all day and by its part. The Brier scores are of the days held out.
    """

    __tablename__ = "answer_fit"

    singleton: Mapped[bool] = mapped_column(primary_key=True, server_default=sa.true())
    learned_at: Mapped[datetime]
    attempts: Mapped[int]
    owners: Mapped[int]
    spread: Mapped[float]
    taste: Mapped[float]
    slope: Mapped[float]
    shift: Mapped[float]
    held_out: Mapped[int]
    brier: Mapped[float | None]
    brier_place: Mapped[float | None]  # of the community's hour alone
    __table_args__ = (sa.CheckConstraint("singleton", name="one_row"),)
