"""The dialer: an engine on a bridge, told of every switch and account that changes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import structlog

from core import metrics
from core.clock import SystemClock
from core.live import News, Topic
from core.settings import BridgeName
from dialer.bridges.port import Bridge
from dialer.engine import Engine
from ownerline.carrier import simulated_bridge
from ownerline.drain import BridgeUnavailableError
from ownerline.runtime import Runtime
from ownerline.services.process import Process
from ownerline.wiring import make_engine

log = structlog.get_logger(__name__)

# A step of the engine takes milliseconds; one that hangs in the database is cut short.
_STEP_S = 5.0
_TO_LOOK_AT = frozenset({Topic.SWITCHES, Topic.DUE_CALL, Topic.AGENT, Topic.MISSED})
_TO_CUT_BY = frozenset({Topic.ACCOUNT, Topic.MISSED})


class DialerPart:
    """Places calls until the process ends; then claims nothing more.

    Calls that are up are waited for with `wait`, else left to another dialer or the next start.
    """

    name = "dialer"

    def __init__(self, *, seed: int = 1, wait: bool = False) -> None:
        self._seed = seed
        self._wait = wait
        self._dials = False

    async def run(self, process: Process) -> None:
        """Dial until the process ends."""
        dialing = asyncio.create_task(self._dial(process))
        told = asyncio.create_task(process.ending.wait())
        await asyncio.wait([dialing, told], return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not self._dials:  # it stands by for another dialer, or asks the carrier what became
            dialing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await dialing

    async def _dial(self, process: Process) -> None:
        self._dials = False
        clock = SystemClock()  # of this run alone: what it started ends with it
        runtime = replace(process.runtime, clock=clock)
        async with self._bridge(runtime) as bridge:
            engine = make_engine(runtime, bridge)
            try:
                await engine.start()
                self._dials = True
                process.is_up(self.name)
                with _measured(process, engine):
                    await self._place_calls(process, engine)
            finally:
                await clock.cancel_all()

    async def _place_calls(self, process: Process, engine: Engine) -> None:
        told = asyncio.create_task(process.ending.wait())
        running = asyncio.create_task(engine.run())
        cutting = asyncio.create_task(_cut_what_lost_its_reason(process, engine))
        await asyncio.wait([told, running, cutting], return_when=asyncio.FIRST_COMPLETED)
        engine.end()
        told.cancel()
        cutting.cancel()
        await asyncio.wait([running, cutting], timeout=_STEP_S)
        running.cancel()
        for end in await asyncio.gather(running, cutting, return_exceptions=True):
            if isinstance(end, Exception):
                raise end
        log.info("dialer_claims_nothing_more", live=len(engine.live))
        if self._wait:
            await engine.run(drain=True)

    @contextlib.asynccontextmanager
    async def _bridge(self, runtime: Runtime) -> AsyncIterator[Bridge]:
        name = runtime.settings.bridge
        if name is not BridgeName.SIMULATED:
            message = f'bridge {name} is not part of this version; set bridge = "simulated"'
            raise BridgeUnavailableError(message)
        async with simulated_bridge(runtime, seed=self._seed) as bridge:
            yield bridge


async def _cut_what_lost_its_reason(process: Process, engine: Engine) -> None:
    """Hand the news on to the engine; accounts that change in a burst are looked at once."""
    changed = asyncio.Event()

    def hear(news: News) -> None:
        if news.topic in _TO_LOOK_AT:
            engine.nudge()
        if news.topic in _TO_CUT_BY:
            changed.set()

    unsubscribe = process.feed.subscribe(hear)
    try:
        while True:
            await changed.wait()
            changed.clear()
            await engine.accounts_changed()
    finally:
        unsubscribe()


@contextlib.contextmanager
def _measured(process: Process, engine: Engine) -> Iterator[None]:
    """Show the engine's figures for the block."""

    def measure() -> None:
        metrics.LIVE_CALLS.set(len(engine.live))
        metrics.IDLE.clear()
        if (idle := engine.idle_reason) is not None:
            metrics.IDLE.labels(idle.reason).set(idle.due)

    process.measures.append(measure)
    try:
        yield
    finally:
        process.measures.remove(measure)
