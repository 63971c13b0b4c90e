"""What a process says of itself on start: what it is, where it listens, what keeps it silent."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.model import DueCallState
from callback.tables import DueCall
from core.settings import BridgeName
from customers.tables import Community
from dialer.control import switches
from ownerline.runtime import Runtime


async def obstacles(runtime: Runtime) -> list[str]:
    """Return what keeps owners from being rung at this moment; empty when nothing does."""
    found = []
    async with runtime.sessions() as session:
        turned = await switches(session)
        if turned.stopped:
            found.append("stopped (ownerline resume)")
        if not turned.reconciled:
            found.append("restored and not reconciled yet")
        if runtime.settings.bridge is not BridgeName.SIMULATED and not turned.armed:
            found.append("disarmed, so only test numbers ring (ownerline arm)")
        if turned.paused_campaigns:
            found.append(f"paused: {', '.join(sorted(turned.paused_campaigns))}")
        if (lacking := await _lacking(session)) is not None:
            found.append(lacking)
    return found


async def _lacking(session: AsyncSession) -> str | None:
    if await session.scalar(sa.select(~sa.exists().select_from(Community))):
        return "no community yet (ownerline import)"
    waits = sa.exists().where(DueCall.state == DueCallState.WAITING)
    if not await session.scalar(sa.select(waits)):
        return "no call is due (ownerline lists build)"
    return None
