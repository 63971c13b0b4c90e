"""A restored installation: disarmed, new, and silent until the carrier was asked what happened."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.live import Topic, tell
from dialer.control import ensure_installation
from dialer.fleet.tables import DialerLease
from dialer.tables import Installation

RESTORE = "restore"  # stands in stopped_by where else the person stands who said `ownerline stop`


# Nobody of the backup's fleet is there any more.
_LEAVE_ALL = sa.update(DialerLease).values(
    left_at=sa.func.coalesce(DialerLease.left_at, sa.func.clock_timestamp()),
    lease_until=sa.func.least(DialerLease.lease_until, sa.func.clock_timestamp()),
)
# Whoever joins takes over that the fleet returns from an outage; the stand-in is for an empty one.
_RETURN_SLOWLY = sa.text("""
    WITH dialling AS (
        UPDATE dialer_lease SET returned_at = clock_timestamp() WHERE bridge = :bridge
        RETURNING dialer_id
    )
    INSERT INTO dialer_lease
        (dialer_id, bridge, host, pid, joined_at, lease_until, left_at, returned_at)
    SELECT :stand_in, :bridge, :host, 0, now(), now(), now(), clock_timestamp()
    WHERE NOT EXISTS (SELECT FROM dialling)
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class Restoration:
    """When the database came out of a backup, and of which instant that backup was."""

    restored_at: datetime
    restored_from_at: datetime
    reconciled_at: datetime | None


async def mark_restored(
    session: AsyncSession, *, installation_id: UUID, now: datetime, taken_at: datetime
) -> None:
    """Make a loaded database an installation of its own that rings nobody.

    Of a backup that was itself restored and never reconciled, all since the first one is unknown.
    """
    await ensure_installation(session, installation_id)
    unreconciled = sa.and_(
        Installation.restored_at.is_not(None), Installation.reconciled_at.is_(None)
    )
    await session.execute(
        sa.update(Installation).values(
            installation_id=installation_id,
            armed_at=None,
            armed_by=None,
            # The restore that took the backup had stopped what it was about to replace.
            stopped_at=sa.case(
                (Installation.stopped_by == RESTORE, None), else_=Installation.stopped_at
            ),
            stopped_by=sa.func.nullif(Installation.stopped_by, RESTORE),
            restored_at=now,
            restored_from_at=sa.func.least(
                taken_at, sa.case((unreconciled, Installation.restored_from_at))
            ),
            reconciled_at=None,
        )
    )
    await session.execute(_LEAVE_ALL)


async def restoration(session: AsyncSession) -> Restoration | None:
    """Return where the database came from; None when it is nobody's copy."""
    row = (
        await session.execute(
            sa.select(
                Installation.restored_at, Installation.restored_from_at, Installation.reconciled_at
            )
        )
    ).one()
    if row.restored_at is None:
        return None
    return Restoration(
        restored_at=row.restored_at,
        restored_from_at=row.restored_from_at,
        reconciled_at=row.reconciled_at,
    )


async def mark_reconciled(
    session: AsyncSession, *, now: datetime, bridge: str, stand_in: UUID
) -> None:
    """Let the queue of the bridge go on, at first slowly: what was rung since the backup is known.

    `stand_in` is an id for a dialer that never was, from which the first one takes that over.
    """
    await session.execute(
        sa.update(Installation)
        .where(Installation.restored_at.is_not(None))
        .values(reconciled_at=sa.func.coalesce(Installation.reconciled_at, now))
    )
    await session.execute(
        _RETURN_SLOWLY, {"bridge": bridge, "stand_in": stand_in, "host": "reconcile"}
    )
    await tell(session, Topic.SWITCHES, "installation")
