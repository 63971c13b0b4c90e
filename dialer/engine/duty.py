"""What goes on beside the run loop while an engine is up: beats, switches, reconciliation."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import structlog

from core.clock import Signal
from dialer.bridges.port import BridgeError
from dialer.engine.means import Means
from dialer.engine.reconcile import Reconciler
from dialer.engine.watch import Watch
from dialer.fleet.fleet import Fleet

log = structlog.get_logger(__name__)

# Our books and the carrier's are compared so often.
RECONCILE_EVERY = timedelta(minutes=1)


class Duty:
    """Small tasks of the clock, each in rounds; a round that fails is logged, the next one comes.

    The run loop may wait for a lock or a slow carrier: neither a stop nor a lease waits with it.
    """

    def __init__(self, means: Means, watch: Watch, reconciler: Reconciler) -> None:
        self._means = means
        self._watch = watch
        self._reconciler = reconciler
        self._bells: list[Signal] = []
        self._running = 0
        self._over = False
        self._gone = Signal()
        self._watchman = Signal()
        self._taking_over = False

    async def begin(self) -> None:
        """Join the fleet and take over what nobody carries; then go on in the background.

        Returns once this dialer may claim.
        """
        fleet, poll = self._means.fleet, self._means.poll
        if fleet is not None:
            await fleet.join()
            await self._beat_of(fleet)
            beat = timedelta(seconds=fleet.rules.beat_s * fleet.rules.clock_factor)
            self._go_on("beat", lambda: self._beat_of(fleet), beat, at_once=False)
        if poll is not None:
            self._go_on("watch", self._look, poll, bell=self._watchman)
        self._taking_over = True
        await self._took_over()
        while fleet is not None and not fleet.has_begun:
            await self._means.sleep_real(fleet.rules.beat_s)
        if fleet is not None or poll is not None:
            self._go_on("reconcile", self._reconcile, RECONCILE_EVERY, at_once=False)

    @property
    def expects_calls(self) -> bool:
        """Whether calls of a dialer that is gone may still become ours."""
        fleet = self._means.fleet
        return self._taking_over or (fleet is not None and fleet.view.somebody_silent)

    def look_now(self) -> None:
        """Let the watchman look at once."""
        self._watchman.set()

    def ask(self, attempt_id: UUID) -> None:
        """Ask the carrier about a call, in the background."""
        self._means.clock.spawn(self._round_of("ask", lambda: self._reconciler.ask(attempt_id)))

    async def end(self) -> None:
        """Return when the rounds that go on have ended; leave the fleet."""
        self._over = True
        for bell in self._bells:
            bell.set()
        while self._running:
            await self._means.clock.wait(self._gone)
        if self._means.fleet is not None:
            try:
                await self._means.fleet.leave()
            except Exception as err:  # noqa: BLE001 - the lease runs out by itself
                log.warning("fleet_not_left", error=type(err).__name__)

    def _go_on(
        self,
        name: str,
        work: Callable[[], Awaitable[None]],
        every: timedelta,
        *,
        bell: Signal | None = None,
        at_once: bool = True,
    ) -> None:
        own_bell = bell or Signal()
        self._bells.append(own_bell)
        self._running += 1
        self._means.clock.spawn(self._rounds(name, work, every, own_bell, at_once=at_once))

    async def _rounds(
        self,
        name: str,
        work: Callable[[], Awaitable[None]],
        every: timedelta,
        bell: Signal,
        *,
        at_once: bool,
    ) -> None:
        clock, failures = self._means.clock, 0
        try:
            while not self._over:
                if at_once:
                    failures = await self._round(name, work, failures)
                at_once = True
                await clock.wait(bell, clock.now() + every)
        finally:
            self._running -= 1
            self._gone.set()

    async def _round(self, name: str, work: Callable[[], Awaitable[None]], failures: int) -> int:
        """Do one round; return how many have failed in a row."""
        try:
            await work()
        except Exception as err:
            # The edge of a round: the database or the carrier is away; the next round finds out.
            if not failures:
                is_said = isinstance(err, BridgeError)  # what is wrong, and where
                error = str(err) if is_said else type(err).__name__
                log.warning("duty_failed", duty=name, error=error, exc_info=not is_said)
            return failures + 1
        if failures:
            log.info("duty_goes_on", duty=name, failures=failures)
        return 0

    async def _beat_of(self, fleet: Fleet) -> None:
        calls = self._means.calls
        async with asyncio.timeout(fleet.rules.lease_s):
            had_run_out = await fleet.beat(calls.gate.load())
        view = fleet.view
        before = calls.gate.channels
        calls.gate.limit(view.channels if fleet.has_begun else {}, pace=view.pace)
        if calls.gate.channels > before:
            self._means.wake.set()
        if view.somebody_went:
            self._take_over()
        if had_run_out:
            # What was claimed under the lease that ran out may be settled by others, or forgotten.
            for attempt_id in calls.on_the_way - calls.live:
                calls.unwant(attempt_id)
            self._compare()

    def _compare(self) -> None:
        """Compare books in the background: a carrier that does not answer is asked for a while."""
        self._means.clock.spawn(self._round_of("compare", self._reconciler.compare))

    def _take_over(self) -> None:
        """Take over in the background, one such work at a time."""
        if not self._taking_over:
            self._taking_over = True
            self._means.clock.spawn(self._round_of("take_over", self._took_over))

    async def _took_over(self) -> None:
        try:
            await self._reconciler.take_over()
        finally:
            self._taking_over = False
        self._means.wake.set()

    async def _round_of(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        await self._round(name, work, 0)

    async def _look(self) -> None:
        before = self._watch.turned
        if await self._watch.look() != before:
            self._means.wake.set()
        await self._watch.cut_what_changed()

    async def _reconcile(self) -> None:
        self._compare()
        if self._means.fleet is not None:
            self._take_over()
