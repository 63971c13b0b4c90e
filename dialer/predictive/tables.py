"""Pacing at rest: who paces a campaign, its runs with every decision, what it learned, what binds.

A run is one pacer's work on one day. Started with `learned` and asked with the glances and limits
of its decisions in their order, a pacer decides the same again.
"""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base
from dialer.pacing.model import Bound


class PacingHolder(Base):
    """The one dialer that paces a campaign; it holds on as long as its lease runs."""

    __tablename__ = "pacing_holder"

    campaign: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    dialer_id: Mapped[UUID]


class PacingRun(Base):
    """One pacer's work on one day of a campaign."""

    __tablename__ = "pacing_run"

    pacing_run_id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign: Mapped[str] = mapped_column(sa.String(64))
    day: Mapped[date]  # local, of the house
    began_at: Mapped[datetime]
    epoch: Mapped[datetime]  # the instant of `now_s` 0
    day_ends_s: Mapped[float | None]  # None: calling has no end today
    learned: Mapped[dict[str, object]] = mapped_column(JSONB)  # before the first decision
    dialer_id: Mapped[UUID | None]  # None: a dialer that is in no fleet
    __table_args__ = (sa.Index("ix_pacing_run_campaign", "campaign", "began_at"),)


class PacingDecision(Base):
    """One decision: what the pacer was told, what it said, and how many calls were placed."""

    __tablename__ = "pacing_decision"

    pacing_run_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("pacing_run.pacing_run_id"), primary_key=True
    )
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    glance: Mapped[dict[str, object]] = mapped_column(JSONB)
    limits: Mapped[dict[str, object]] = mapped_column(JSONB)
    dial: Mapped[int]
    placed: Mapped[int]  # fewer where rules refuse, the list is empty or a trunk takes no more
    bound: Mapped[str] = mapped_column(sa.Text)
    odds: Mapped[float | None]
    odds_limit: Mapped[float | None]
    chance: Mapped[float]
    free_soon: Mapped[float]
    due: Mapped[float]
    __table_args__ = (
        sa.Index("ix_pacing_decision_at", "at"),
        sa.CheckConstraint("placed >= 0 AND placed <= dial", name="placed_as_decided"),
        sa.CheckConstraint(
            "bound IN ({})".format(", ".join(f"'{each.value}'" for each in Bound)),
            name="bound_is_known",
        ),
    )


class PacingLearned(Base):
    """What a day has taught a campaign's pacer, as far as it has come."""

    __tablename__ = "pacing_learned"

    campaign: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    learned: Mapped[dict[str, object]] = mapped_column(JSONB)
    kept_at: Mapped[datetime]


class PacingTightening(Base):
    """What a supervisor has tightened of a campaign's pacing; no row: the rule packs alone bind."""

    __tablename__ = "pacing_tightening"

    campaign: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    target: Mapped[float | None]  # abandoned by answered; None: the packs' ceiling
    one_line_each: Mapped[bool]
    set_at: Mapped[datetime]
    set_by: Mapped[str] = mapped_column(sa.Text)
    why: Mapped[str] = mapped_column(sa.Text)
    __table_args__ = (
        sa.CheckConstraint("target > 0 AND target < 1", name="target_is_a_share"),
        sa.CheckConstraint("one_line_each OR target IS NOT NULL", name="tightens"),
    )
