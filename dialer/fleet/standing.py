"""Who dials now: the processes that hold a lease, and how many calls each trunk has up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import table_of
from dialer.fleet.tables import DialerLease

_LEASE = table_of(DialerLease)
_ALIVE = (
    sa.select(_LEASE)
    .where(
        _LEASE.c.bridge == sa.bindparam("bridge"),
        _LEASE.c.left_at.is_(None),
        _LEASE.c.lease_until > sa.func.clock_timestamp(),
    )
    .order_by(_LEASE.c.joined_at, _LEASE.c.dialer_id)
    .limit(100)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DialerShown:
    """A process that dials; its instants are the database's real time."""

    dialer_id: UUID
    host: str
    pid: int
    joined_at: datetime
    live: Mapping[str, int]  # calls up by trunk


async def dialers(session: AsyncSession, bridge: str) -> Sequence[DialerShown]:
    """Return the processes that dial over a bridge now, the longest first."""
    return [
        DialerShown(
            dialer_id=row.dialer_id,
            host=row.host,
            pid=row.pid,
            joined_at=row.joined_at,
            live=row.live,
        )
        for row in await session.execute(_ALIVE, {"bridge": bridge})
    ]
