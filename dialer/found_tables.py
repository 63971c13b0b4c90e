"""Rings that a restored database learnt of from the carrier, at rest."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class FoundRing(Base):
    """A ring that the carrier's book had and the restored database had not.

    What it was for and what was said are lost with the database that knew. It binds whoever has
    the number, also one who is imported later: they are not rung before `held_until`.
    """

    __tablename__ = "found_ring"

    call_id: Mapped[UUID] = mapped_column(primary_key=True)
    e164: Mapped[str] = mapped_column(sa.String(17), index=True)
    placed_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    held_until: Mapped[datetime]
    found_at: Mapped[datetime]
