"""The dialer: an engine on a bridge, told of every switch and account that changes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any

import structlog

from core import metrics
from core.clock import SystemClock
from core.live import News, Topic
from core.settings import BridgeName
from dialer.agents.keeper import Keeper
from dialer.bridges.port import Bridge, TrunkLimits
from dialer.bridges.simulated.people import Behaviour
from ownerline.carrier import SIMULATED_TRUNK, real_bridge, simulated_bridge
from ownerline.population import population_of
from ownerline.runtime import Runtime
from ownerline.services.process import DATABASE_AWAY, Process
from ownerline.wiring import Dialing, make_dialing

log = structlog.get_logger(__name__)

# A step of the engine takes milliseconds; one that hangs in the database is cut short.
_STEP_S = 5.0
_PAUSE_S = 1.0
# With --wait: longer than any call lasts.
_LONGEST_CALL_S = 3600.0
# Without it: people who are being spoken to are not cut short at once. Services give us 30 s.
_FINISH_TALKS_S = 20.0
_OF_PEOPLE = frozenset({Topic.DUE_CALL, Topic.MISSED})
_OF_AGENTS = frozenset({Topic.AGENT, Topic.SWITCHES, Topic.MISSED})


class DialerPart:
    """Places calls until the process ends; then claims nothing more.

    Calls that are up are waited for with `wait`, else left to another dialer or the next start.
    `clock`, `make` and the simulated `trunk` are others where a day is rehearsed.
    """

    name = "dialer"

    def __init__(
        self,
        *,
        seed: int = 1,
        wait: bool = False,
        clock: Callable[[], SystemClock] = SystemClock,
        make: Callable[[Runtime, Bridge], Dialing] = make_dialing,
        trunk: TrunkLimits = SIMULATED_TRUNK,
    ) -> None:
        self._seed = seed
        self._wait = wait
        self._clock = clock
        self._make = make
        self._trunk = trunk
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
        clock = self._clock()  # of this run alone: what it started ends with it
        runtime = replace(process.runtime, clock=clock)
        async with self._bridge(process, runtime) as bridge:
            dialing = self._make(runtime, bridge)
            unsubscribe = process.feed.subscribe(dialing.engine.hear_news)
            try:
                await dialing.engine.start()
                self._dials = True
                process.is_up(self.name)
                with _measured(process, dialing), process.ending.last_words():
                    await self._place_calls(process, dialing)
            finally:
                unsubscribe()
                await clock.cancel_all()

    async def _place_calls(self, process: Process, dialing: Dialing) -> None:
        engine = dialing.engine
        told = asyncio.create_task(process.ending.wait())
        running = asyncio.create_task(engine.run())
        keeping = asyncio.create_task(_keep_agents(process, dialing.keeper))
        try:
            await asyncio.wait([told, running, keeping], return_when=asyncio.FIRST_COMPLETED)
            engine.end()
            await asyncio.wait([running], timeout=_STEP_S)
            log.info("dialer_claims_nothing_more", live=len(engine.live))
            closing = asyncio.create_task(
                engine.close(wait_s=self._patience_s(process.runtime.settings.bridge))
            )
            hurry = asyncio.create_task(process.ending.hurry())
            await asyncio.wait([closing, hurry], return_when=asyncio.FIRST_COMPLETED)
        finally:
            ends = await _cancelled(told, running, keeping)
        ends += await _cancelled(closing, hurry)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    def _patience_s(self, bridge: BridgeName) -> float:
        """Return how long calls that are up may go on when the process ends."""
        if self._wait:
            return _LONGEST_CALL_S
        return 0.0 if bridge is BridgeName.SIMULATED else _FINISH_TALKS_S

    @contextlib.asynccontextmanager
    async def _bridge(self, process: Process, runtime: Runtime) -> AsyncIterator[Bridge]:
        if runtime.settings.bridge is not BridgeName.SIMULATED:
            async with real_bridge(runtime, process.feed) as bridge:
                yield bridge
            return
        people = _People(runtime)
        await people.read()
        async with simulated_bridge(
            runtime, seed=self._seed, population=people.behind, trunk=self._trunk
        ) as bridge:
            meeting = asyncio.create_task(people.meet_new_ones(process))
            try:
                yield bridge
            finally:
                await _cancelled(meeting)


class _People:
    """Who answers on the simulated carrier: the customer file's people, as they come into it."""

    def __init__(self, runtime: Runtime) -> None:
        self._sessions = runtime.sessions
        self._known: dict[str, Behaviour] = {}

    def behind(self, e164: str) -> Behaviour:
        """Return who has a number; one that has only just come into the file is no dead one."""
        return self._known.get(e164) or Behaviour()

    async def read(self) -> None:
        """Meet everybody who is in the customer file now."""
        async with self._sessions() as session:
            self._known = await population_of(session)

    async def meet_new_ones(self, process: Process) -> None:
        """Read the customer file anew whenever a file or a list has come in."""
        news = asyncio.Event()

        def hear(heard: News) -> None:
            if heard.topic in _OF_PEOPLE:
                news.set()

        unsubscribe = process.feed.subscribe(hear)
        try:
            while True:
                await news.wait()
                news.clear()
                try:
                    await self.read()
                except DATABASE_AWAY as err:
                    log.warning("people_not_met", error=type(err).__name__)
                    await asyncio.sleep(_PAUSE_S)
                    news.set()
        finally:
            unsubscribe()


async def _cancelled(*tasks: asyncio.Task[Any]) -> list[Any]:
    """Cancel what has not ended; return every task's result or exception."""
    for task in tasks:
        task.cancel()
    return list(await asyncio.gather(*tasks, return_exceptions=True))


async def _keep_agents(process: Process, keeper: Keeper) -> None:
    """See to agents until cancelled; while the database is away nothing of theirs can change."""

    def hear(news: News) -> None:
        if news.topic in _OF_AGENTS:
            keeper.nudge()

    unsubscribe = process.feed.subscribe(hear)
    try:
        while True:
            try:
                await keeper.run()
            except DATABASE_AWAY as err:
                log.warning("agents_not_seen_to", error=type(err).__name__)
                await asyncio.sleep(_PAUSE_S)
    finally:
        unsubscribe()


@contextlib.contextmanager
def _measured(process: Process, dialing: Dialing) -> Iterator[None]:
    """Show the dialer's figures, and whether it may claim, for the block."""
    engine = dialing.engine

    def measure() -> None:
        metrics.LIVE_CALLS.set(len(engine.live))
        metrics.IDLE.clear()
        if (idle := engine.idle_reason) is not None:
            metrics.IDLE.labels(idle.reason).set(idle.due)

    def doubt() -> str | None:
        return None if dialing.fleet.may_claim else "its lease does not run, it claims nothing"

    process.measures.append(measure)
    process.doubts[DialerPart.name] = doubt
    try:
        yield
    finally:
        process.measures.remove(measure)
        del process.doubts[DialerPart.name]
