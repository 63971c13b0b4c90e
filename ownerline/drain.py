"""`dialer --drain`: place what is due and end when nothing is left or live."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import VirtualClock
from core.errors import OwnerlineError
from core.settings import BridgeName, Settings
from dialer.engine.engine import Engine
from dialer.tables import Attempt
from ownerline.carrier import real_bridge, simulated_bridge
from ownerline.instants import day_end
from ownerline.runtime import open_runtime
from ownerline.summary import DialingSummary, summarize
from ownerline.wiring import make_engine, make_fleet

# Calls placed in the day's last minutes are seen to their end.
_AFTER_MIDNIGHT = timedelta(hours=1)
_LAST_INSTANT = datetime.max.replace(tzinfo=UTC)


class BridgeNotSimulatedError(OwnerlineError):
    """A virtual clock goes with a simulated carrier of our own: others ring in real time."""


class DrainStuckError(OwnerlineError):
    """The engine still waits though nothing more can happen; calls were left live."""


async def drain(
    settings: Settings,
    *,
    at: datetime | None,
    seed: int,
) -> DialingSummary:
    """Place what is due; with `at` on a virtual clock from there to the end of that day.

    Raises:
        BridgeNotSimulatedError: `at` was given for a real bridge, or a carrier apart.
        BridgeUnavailableError: the settings name a bridge this program has not.
    """
    is_real = settings.bridge is not BridgeName.SIMULATED
    if is_real and at is not None:
        message = f"--at needs the simulated bridge, and the settings say {settings.bridge}"
        raise BridgeNotSimulatedError(message)
    if at is not None and settings.simulated_carrier is not None:
        message = (
            f"--at plays on a clock of its own, and the carrier at {settings.simulated_carrier} "
            "has its own too; leave simulated_carrier unset"
        )
        raise BridgeNotSimulatedError(message)
    clock, rng = (None, None) if at is None else (VirtualClock(at), random.Random(seed))
    async with (
        open_runtime(settings, clock=clock, rng=rng) as runtime,
        real_bridge(runtime) if is_real else simulated_bridge(runtime, seed=seed) as bridge,
    ):
        started_at = runtime.clock.now()
        async with runtime.sessions.begin() as session:
            before = await summarize(session, since=started_at, now=_LAST_INSTANT, idle=None)
            if rng is not None:
                # Not only of the seed: a second run from the same instant makes ids of its own.
                rng.seed(f"{seed}:{started_at.isoformat()}:{await _attempts_on_file(session)}")
        if clock is None:
            fleet = make_fleet(runtime, bridge, returns_slowly=False)
            engine = make_engine(runtime, bridge, fleet=fleet)
            try:
                await engine.start()
                await engine.run(drain=True)
            finally:
                await engine.close()  # what is up may be taken over at once
        else:
            engine = make_engine(runtime, bridge, poll=None)
            try:
                await drive_day(clock, engine, until=day_end(started_at, settings.time_zone))
            finally:
                await clock.cancel_all()  # while the carrier's book is still open
        async with runtime.sessions.begin() as session:
            after = await summarize(
                session, since=started_at, now=_LAST_INSTANT, idle=engine.idle_reason
            )
        return after.without(before)


async def _attempts_on_file(session: AsyncSession) -> int:
    return await session.scalar(sa.select(sa.func.count()).select_from(Attempt)) or 0


async def drive_day(clock: VirtualClock, engine: Engine, *, until: datetime) -> None:
    """Run the engine on the virtual clock until the instant, and its last calls to their end."""

    async def day() -> None:
        await engine.start()
        await engine.run(until=until, drain=True)

    task: Any = clock.spawn(day())
    await clock.drive(until + _AFTER_MIDNIGHT)
    if not task.done():
        task.cancel()
        message = f"{len(engine.live)} calls are still live an hour after the day's end"
        raise DrainStuckError(message)
    await task
