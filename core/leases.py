"""One holder where one is needed: a lease by name, in the database's real time."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class NamedLease(Base):
    """Who holds a name, and until when nobody else may."""

    __tablename__ = "named_lease"

    name: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    holder: Mapped[str] = mapped_column(sa.Text)
    lease_until: Mapped[datetime]


_HOLD = sa.text("""
    INSERT INTO named_lease AS held (name, holder, lease_until)
    VALUES (:name, :holder, clock_timestamp() + make_interval(secs => :for_s))
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, lease_until = excluded.lease_until
    WHERE held.holder = excluded.holder OR held.lease_until <= clock_timestamp()
    RETURNING true
""")
_LET_GO = sa.text("DELETE FROM named_lease WHERE name = :name AND holder = :holder")


async def hold(session: AsyncSession, name: str, holder: str, for_s: float) -> bool:
    """Hold a name for so many seconds from now, or hold it on; False while another one has it.

    It counts once the caller's transaction has committed; keep that short, others wait for it.
    """
    held = await session.execute(_HOLD, {"name": name, "holder": holder, "for_s": for_s})
    return held.first() is not None


async def let_go(session: AsyncSession, name: str, holder: str) -> None:
    """Give a name up before its time; one that another holds changes nothing."""
    await session.execute(_LET_GO, {"name": name, "holder": holder})
