"""The switches of an installation and of its campaigns; each turn goes on the audit."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from customers.service import audit
from dialer import control
from ownerline.runtime import Runtime, operator


class Turn(StrEnum):
    """What can be turned on an installation."""

    ARM = "arm"
    DISARM = "disarm"
    STOP = "stop"
    RESUME = "resume"


_SAID = {
    (Turn.ARM, True): "armed: this installation may ring owners on a real bridge from now on",
    (Turn.ARM, False): "already armed",
    (Turn.DISARM, True): "disarmed: on a real bridge only the test numbers ring",
    (Turn.DISARM, False): "already disarmed",
    (Turn.STOP, True): "stopped: nothing is dialled until `ownerline resume`",
    (Turn.STOP, False): "already stopped",
    (Turn.RESUME, True): "resumed: what is due is dialled again",
    (Turn.RESUME, False): "not stopped; nothing to resume",
}


async def turn_installation(runtime: Runtime, turn: Turn) -> str:
    """Turn the switch and return what is said about it."""
    now, by = runtime.clock.now(), operator()
    async with runtime.sessions.begin() as session:
        changed = await _turn(session, turn, by=by, now=now)
        await audit(session, now=now, actor=by, action=turn.value, subject="installation")
    return _SAID[turn, changed]


async def _turn(session: AsyncSession, turn: Turn, *, by: str, now: datetime) -> bool:
    match turn:
        case Turn.ARM:
            return await control.arm(session, by=by, now=now)
        case Turn.DISARM:
            return await control.disarm(session)
        case Turn.STOP:
            return await control.stop(session, by=by, now=now)
        case Turn.RESUME:
            return await control.resume(session)


async def turn_campaign(runtime: Runtime, name: str, *, pause: bool) -> None:
    """Pause the campaign or let it go on."""
    now, by = runtime.clock.now(), operator()
    async with runtime.sessions.begin() as session:
        if pause:
            await control.pause_campaign(session, campaign=name, by=by, now=now)
        else:
            await control.resume_campaign(session, campaign=name)
        await audit(
            session,
            now=now,
            actor=by,
            action="campaign_paused" if pause else "campaign_resumed",
            subject=f"campaign:{name}",
        )


async def is_paused(runtime: Runtime, name: str) -> bool:
    """Return whether the campaign's calls wait for somebody to let it go on."""
    async with runtime.sessions() as session:
        return name in (await control.switches(session)).paused_campaigns
