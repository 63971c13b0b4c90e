"""A restored installation: disarmed, new, and silent until the carrier was asked what happened."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.live import Topic, tell
from dialer.control import ensure_installation
from dialer.tables import Installation

RESTORE = "restore"  # stands in stopped_by where else the person stands who said `ownerline stop`


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


async def mark_reconciled(session: AsyncSession, *, now: datetime) -> None:
    """Let the queue go on: what was rung since the backup is known, or waited for."""
    await session.execute(
        sa.update(Installation)
        .where(Installation.restored_at.is_not(None))
        .values(reconciled_at=sa.func.coalesce(Installation.reconciled_at, now))
    )
    await tell(session, Topic.SWITCHES, "installation")
