"""Waivers at rest: what is forgiven of a charge, within an agent's limit or by a superior."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import one_of
from core.database import Base


class WaiverKind(StrEnum):
    """What is forgiven."""

    LATE_FEE = "late_fee"
    ROUNDING = "rounding"  # the small end of an amount (抹零)


class WaiverState(StrEnum):
    """What became of a waiver that was asked for."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"


class Waiver(Base):
    """Something forgiven, or asked to be; above `limit_minor` a superior decides, once.

    `forgiven_minor` is what the charge lost in the end: a late fee that was paid meanwhile cannot
    be forgiven any more.
    """

    __tablename__ = "waiver"

    waiver_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.person_id"), index=True)
    charge_id: Mapped[int] = mapped_column(sa.ForeignKey("charge.charge_id"), index=True)
    attempt_id: Mapped[UUID | None]
    kind: Mapped[WaiverKind] = mapped_column(one_of(WaiverKind))
    amount_minor: Mapped[int] = mapped_column(sa.BigInteger)
    currency: Mapped[str] = mapped_column(sa.String(3))
    because: Mapped[str] = mapped_column(sa.Text)
    limit_minor: Mapped[int] = mapped_column(sa.BigInteger)
    asked_at: Mapped[datetime]
    asked_by: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[WaiverState] = mapped_column(one_of(WaiverState))
    forgiven_minor: Mapped[int | None] = mapped_column(sa.BigInteger)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(sa.Text)
    decided_because: Mapped[str | None] = mapped_column(sa.Text)
    booked_at: Mapped[datetime | None]  # when a file of finance first went by it
    __table_args__ = (
        sa.CheckConstraint("amount_minor > 0", name="of_something"),
        sa.CheckConstraint("limit_minor >= 0", name="limit_not_negative"),
        sa.CheckConstraint(
            "(state = 'requested') = (decided_at IS NULL)"
            " AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="decided_by_somebody",
        ),
        sa.CheckConstraint(
            "(state = 'approved') = (forgiven_minor IS NOT NULL)", name="approved_forgives"
        ),
        sa.CheckConstraint("booked_at IS NULL OR state = 'approved'", name="booked_when_approved"),
        sa.Index(
            "uq_waiver_asked",
            "charge_id",
            "kind",
            unique=True,
            postgresql_where="state = 'requested'",
        ),
    )
