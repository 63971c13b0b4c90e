"""Time as a parameter: the system's clock, and a virtual one that makes a day reproducible.

The virtual clock wakes one parked task at a time, in one total order, so that equal seeds give
equal days. Every task of the engine is started by `spawn` and parks only in `sleep`,
`sleep_until` or `wait`; awaiting the database or a file keeps it busy, and time stands still.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


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
        """Name what `set` calls, at each call; None when nobody waits."""
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

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the one place that may read it

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def sleep_until(self, when: datetime) -> None:
        await asyncio.sleep(max(0.0, (when - self.now()).total_seconds()))

    async def wait(self, signal: Signal, until: datetime | None = None) -> bool:
        if signal.take():
            return True
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        signal.park(lambda: None if waiter.done() else waiter.set_result(None))
        timeout_s = None if until is None else max(0.0, (until - self.now()).total_seconds())
        try:
            await asyncio.wait_for(waiter, timeout_s)
        except TimeoutError:
            return signal.take()
        finally:
            signal.park(None)
        return signal.take()

    def spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        return asyncio.get_running_loop().create_task(work)


class VirtualClock:
    """A clock that moves only when every task it started is parked."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._parked: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._busy = 0
        self._idle = asyncio.Event()

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        await self.sleep_until(self._now + timedelta(seconds=seconds))

    async def sleep_until(self, when: datetime) -> None:
        if when > self._now:
            await self._park(self._enter(when))

    async def wait(self, signal: Signal, until: datetime | None = None) -> bool:
        if signal.take():
            return True
        if until is not None and until <= self._now:
            return False
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # A set signal queues the waiter at the present instant, behind what already waits there.
        signal.park(lambda: self._queue(self._now, turn))
        if until is not None:
            self._queue(until, turn)
        try:
            await self._park(turn)
        finally:
            signal.park(None)
        return signal.take()

    def spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        first_turn = self._enter(self._now)

        async def run() -> T:
            try:
                await self._turn(first_turn)  # a first step is a wake-up too, one at a time
                return await work
            finally:
                work.close()
                self._release()

        return asyncio.get_running_loop().create_task(run())

    async def drive(self, until: datetime) -> None:
        """Wake parked tasks in order until none is due by `until`, then stand at `until`."""
        while True:
            self._idle.clear()
            if self._busy:
                await self._idle.wait()
                continue
            if not self._parked or self._parked[0][0] > until:
                break
            when, _, turn = heapq.heappop(self._parked)
            if turn.done():
                continue  # woken earlier by its signal, or its task was cancelled
            self._now = max(self._now, when)
            self._busy += 1
            turn.set_result(None)
        self._now = max(self._now, until.astimezone(UTC))

    def _enter(self, when: datetime) -> "asyncio.Future[None]":
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue(when, turn)
        return turn

    def _queue(self, when: datetime, turn: "asyncio.Future[None]") -> None:
        heapq.heappush(self._parked, (when.astimezone(UTC), next(self._order), turn))
        self._idle.set()

    async def _park(self, turn: "asyncio.Future[None]") -> None:
        self._release()
        await self._turn(turn)

    async def _turn(self, turn: "asyncio.Future[None]") -> None:
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._busy += 1  # busy with its clean-up until it releases itself
            raise

    def _release(self) -> None:
        self._busy -= 1
        if self._busy == 0:
            self._idle.set()
