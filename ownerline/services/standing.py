"""What a process says of itself on start: what it is, where it listens, what keeps it silent."""

from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from api.users import somebody_can_sign_in
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
        if (lacking := await _lacking(session, runtime)) is not None:
            found.append(lacking)
    return found


async def lacking_at_the_door(runtime: Runtime) -> str | None:
    """Return how the first admin is made, while nobody could sign in and make one."""
    async with runtime.sessions() as session:
        if await somebody_can_sign_in(session):
            return None
    return "nobody can sign in yet (ownerline user add NAME --role admin --password)"


async def _lacking(session: AsyncSession, runtime: Runtime) -> str | None:
    if await session.scalar(sa.select(~sa.exists().select_from(Community))):
        return "no community yet (ownerline import)"
    waits = sa.select(sa.func.min(DueCall.next_at)).where(DueCall.state == DueCallState.WAITING)
    next_at = await session.scalar(waits)
    if next_at is None:
        return "no call is due (ownerline lists build)"
    if next_at > runtime.clock.now():
        local = next_at.astimezone(ZoneInfo(runtime.settings.time_zone))
        return f"no call may be tried before {local:%Y-%m-%d %H:%M} (ownerline explain says why)"
    return None
