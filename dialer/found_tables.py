"""Rings that a restored database learnt of from the carrier, at rest."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class FoundRing(Base):
    """Marks an attempt that the carrier's book had and the restored database had not.

    What it was for and what was said are lost with the database it was made from, so it has no due
    calls and counts for every one of its person, also for those made later: none is rung before
    `held_until`.
    """

    __tablename__ = "found_ring"

    attempt_id: Mapped[UUID] = mapped_column(sa.ForeignKey("attempt.attempt_id"), primary_key=True)
    found_at: Mapped[datetime]
    held_until: Mapped[datetime]
