"""The fleet at rest: who dials, until when it may, and what its trunks were asked for lately."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class DialerLease(Base):
    """A process that dials; every instant here is the database's own real time.

    It may claim until `lease_until`, and moves that on at every beat. A row stays a while after
    its dialer has left, so that a pause of all dialling can be told from a first start.
    """

    __tablename__ = "dialer_lease"

    dialer_id: Mapped[UUID] = mapped_column(primary_key=True)
    bridge: Mapped[str] = mapped_column(sa.String(32))
    host: Mapped[str] = mapped_column(sa.Text)
    pid: Mapped[int]
    joined_at: Mapped[datetime]
    lease_until: Mapped[datetime]
    left_at: Mapped[datetime | None]  # by itself, or because others took its calls over
    returned_at: Mapped[datetime | None]  # after an outage; the rate grows from here
    live: Mapped[dict[str, int]] = mapped_column(JSONB, server_default="{}")  # calls up by trunk


class TrunkPlaces(Base):
    """The places that were taken last in a trunk's rate, while several dialers share it."""

    __tablename__ = "trunk_places"

    bridge: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    trunk: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    taken: Mapped[list[datetime]] = mapped_column(ARRAY(sa.DateTime(timezone=True)))
