"""Time as a parameter: the system's clock, a sped-up one, and a virtual one for equal days.

The virtual clock wakes one parked task at a time, in one total order, so that equal seeds give
equal days. Every task of the engine is started by `spawn` and parks only in `sleep`,
`sleep_until` or `wait`; awaiting the database or a file keeps it busy, and time stands still. So a
task may not await another task of the clock: that one never gets its turn. It waits for a signal.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, Protocol, TypeVar

from core.errors import OwnerlineError

T = TypeVar("T")

_LONGEST_NAP_S = 60.0  # a machine that was asleep or set right is late by no more than this


class ClockError(OwnerlineError):
    """The clock is used in a way that would lose a wake-up or make the order of tasks chance."""


class Signal:
    """A flag one task waits for by `Clock.wait`; it stays set until a wait takes it."""

    def __init__(self) -> None:
        self._set = False
        self._wake: Callable[[], None] | None = None

    def set(self) -> None:
        """Wake the waiter, or let the next wait return at once."""
        self._set = True
        if self._wake is not None:
            self._wake()

    def take(self) -> bool:
        """Clear the flag and say whether it was set."""
        was_set, self._set = self._set, False
        return was_set

    def park(self, wake: Callable[[], None] | None) -> None:
        """Name what `set` calls, at each call; None when nobody waits.

        Raises:
            ClockError: another task waits for this signal.
        """
        if wake is not None and self._wake is not None:
            message = "two tasks wait for one signal; give each task a signal of its own"
            raise ClockError(message)
        self._wake = wake


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> datetime:
        """Return the present instant, aware, UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Park for so many seconds of this clock."""
        ...

    async def sleep_until(self, when: datetime) -> None:
        """Park until the instant; return at once when it has passed."""
        ...

    async def wait(self, signal: Signal, until: datetime | None = None) -> bool:
        """Park until the signal is set (True) or the instant is reached (False)."""
        ...

    def spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Start a task that lives by this clock."""
        ...


class SystemClock:
    """The machine's own time."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()  # the loop itself holds tasks only weakly

    def now(self) -> datetime:
        """Return the machine's instant, aware, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place that may read it

    async def sleep(self, seconds: float) -> None:
        """Sleep so many seconds."""
        await asyncio.sleep(self._real_s(seconds))

    async def sleep_until(self, when: datetime) -> None:
        """Sleep until the machine's clock shows the instant, also when it is set meanwhile."""
        while (left_s := self._left_s(when)) > 0:  # noqa: ASYNC110 - it is time
            await asyncio.sleep(min(left_s, _LONGEST_NAP_S))

    async def wait(self, signal: Signal, until: datetime | None = None) -> bool:
        """Wait until the signal is set (True) or the instant is reached (False)."""
        if signal.take():
            return True
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        signal.park(lambda: None if waiter.done() else waiter.set_result(None))
        try:
            while not waiter.done():
                left_s = _LONGEST_NAP_S if until is None else self._left_s(until)
                if left_s <= 0:
                    break
                await asyncio.wait([waiter], timeout=min(left_s, _LONGEST_NAP_S))
        finally:
            signal.park(None)
        return signal.take()

    def spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Start a task and keep hold of it until it has ended."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def cancel_all(self) -> None:
        """Cancel every task of this clock and return when they have ended."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _left_s(self, when: datetime) -> float:
        """Return how many of the machine's seconds are left until this clock's instant."""
        return self._real_s((when - self.now()).total_seconds())

    def _real_s(self, seconds: float) -> float:
        """Return how many of the machine's seconds so many of this clock take."""
        return seconds


class ScaledClock(SystemClock):
    """The machine's time sped up: equal in every process that is given the same three values.

    It shows `start` at the instant `origin` of the machine's clock, and runs `factor` times as
    fast from there. Leases and heartbeats do not go by it: they keep to the database's real time.
    """

    def __init__(self, start: datetime, *, factor: float, origin: datetime) -> None:
        super().__init__()
        if factor <= 0:
            message = f"a clock runs forwards: its factor is above 0, not {factor:g}"
            raise ClockError(message)
        self._start = start.astimezone(UTC)
        self._factor = factor
        self._origin = origin.astimezone(UTC)

    @property
    def factor(self) -> float:
        """How many of this clock's seconds pass in one of the machine's."""
        return self._factor

    def now(self) -> datetime:
        """Return this clock's instant, aware, UTC."""
        return self._start + (super().now() - self._origin) * self._factor

    def _real_s(self, seconds: float) -> float:
        return seconds / self._factor


class VirtualClock:
    """A clock that moves only when every task it started is parked.

    Instants and the order of queueing decide who is woken; a cancellation takes its place in that
    order too. Only a task started by `spawn` may park; `drive` or `run` is awaited outside of them.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._parked: list[tuple[datetime, int, _Place]] = []
        self._order = itertools.count()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._busy = 0
        self._driven = False
        self._idle = asyncio.Event()

    def now(self) -> datetime:
        """Return the instant the clock stands at, aware, UTC."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Park for so many seconds; 0 lets those go first who are due at this very instant."""
        await self._park(self._now + timedelta(seconds=max(0.0, seconds)))

    async def sleep_until(self, when: datetime) -> None:
        """Park until the instant; return at once when it has passed."""
        if when > self._now:
            await self._park(when)

    async def wait(self, signal: Signal, until: datetime | None = None) -> bool:
        """Park until the signal is set (True) or the instant is reached (False)."""
        if signal.take():
            return True
        if until is not None and until <= self._now:
            return False
        place = _Place(self._cancel)
        # A set signal queues the waiter at the present instant, behind what already waits there.
        signal.park(lambda: self._queue(self._now, place))
        try:
            await self._park(until, place)
        finally:
            signal.park(None)
        return signal.take()

    def spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Start a task; its first step is a wake-up too, in order with the others."""
        first = _Place(self._cancel)
        task = asyncio.get_running_loop().create_task(self._live(work, first))
        task.add_done_callback(lambda _: self._forget(task, work, first))
        self._tasks.add(task)
        self._queue(self._now, first)
        return task

    async def drive(self, until: datetime) -> None:
        """Wake parked tasks in order until none is due by `until`, then stand at `until`."""
        with self._driving():
            while await self._wake_next(until):
                pass
        self._now = max(self._now, until.astimezone(UTC))

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Start a task, drive until it has ended, and return its result; time stands there.

        Raises:
            ClockError: every task waits for a signal, so this one can never end.
        """
        task = self.spawn(work)
        with self._driving():
            while await self._wake_next(None, unless=task):
                pass
        if not task.done():
            message = f"at {self._now} every task waits for a signal that nobody can set"
            raise ClockError(message)
        return task.result()

    async def cancel_all(self) -> None:
        """Cancel every task of this clock and return when they have ended; nobody may drive it."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wake_next(
        self, until: datetime | None, unless: "asyncio.Task[Any] | None" = None
    ) -> bool:
        """Once all are parked, wake the next one; say whether one was due (and still wanted)."""
        while self._busy:
            self._idle.clear()
            await self._idle.wait()
        if unless is not None and unless.done():
            return False
        while self._parked and (until is None or self._parked[0][0] <= until):
            when, _, place = heapq.heappop(self._parked)
            if place.done():
                continue  # woken before: by its signal, its timer or its cancellation
            self._now = max(self._now, when)
            self._wake(place)
            return True
        return False

    @contextmanager
    def _driving(self) -> Iterator[None]:
        if self._driven:
            message = "the clock is driven already; one drive or run at a time"
            raise ClockError(message)
        self._driven = True
        try:
            yield
        finally:
            self._driven = False
            for _, _, place in sorted(self._parked, key=itemgetter(0, 1)):
                if place.cancelled_in_turn and not place.done():
                    self._wake(place)

    async def _park(self, when: datetime | None, place: "_Place | None" = None) -> None:
        if asyncio.current_task() not in self._tasks:
            message = "only a task started by clock.spawn may wait by this clock; spawn this one"
            raise ClockError(message)
        place = place or _Place(self._cancel)
        if when is not None:
            self._queue(when, place)
        self._release()
        await place  # whoever wakes it counts it as busy again

    def _queue(self, when: datetime, place: "_Place") -> None:
        heapq.heappush(self._parked, (when.astimezone(UTC), next(self._order), place))

    def _wake(self, place: "_Place") -> None:
        self._busy += 1
        place.arrive()

    def _release(self) -> None:
        self._busy -= 1
        if self._busy == 0:
            self._idle.set()

    def _cancel(self, place: "_Place") -> None:
        """Queue a cancellation behind what is due now; with nobody driving it happens at once."""
        if self._driven:
            self._queue(self._now, place)
        else:
            self._wake(place)

    async def _live(self, work: Coroutine[Any, Any, T], first: "_Place") -> T:
        first.awaited = True
        try:
            await first
            return await work
        finally:
            work.close()
            self._release()

    def _forget(
        self, task: "asyncio.Task[Any]", work: Coroutine[Any, Any, Any], first: "_Place"
    ) -> None:
        self._tasks.discard(task)
        if first.awaited:
            return
        work.close()  # cancelled before its first step: nobody else cleans up
        if first.done():
            self._release()
        else:
            first.abandon()


class _Place(asyncio.Future[None]):
    """A parked task's place in the order; a cancellation of the task takes its turn as well."""

    def __init__(self, on_cancel: Callable[["_Place"], None]) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self.awaited = False
        self.cancelled_in_turn = False
        self._on_cancel = on_cancel

    def cancel(self, msg: Any | None = None) -> bool:
        """Ask for the turn to be a cancellation; what `asyncio.Task.cancel` calls."""
        if self.done():
            return False
        if not self.cancelled_in_turn:
            self.cancelled_in_turn = True
            self._on_cancel(self)
        return True

    def arrive(self) -> None:
        """Let the task go on, or tell it that it is cancelled."""
        if self.cancelled_in_turn:
            super().cancel()
        else:
            self.set_result(None)

    def abandon(self) -> None:
        """Give the place up: its task is gone."""
        super().cancel()
