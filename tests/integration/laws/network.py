"""The network all dialers of a world ring over, and each dialer with a door of its own to it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from core.clock import Signal, VirtualClock
from dialer.agents.keeper import Keeper
from dialer.bridges.port import CallEvent, OutboundCall
from dialer.engine.engine import Engine
from dialer.fleet.fleet import Fleet
from dialer.model import AnsweredBy, TelephonyResult
from scripts.model import Reply, Turn
from tests.integration.laws.manual_bridge import Line, ManualBridge, Submission

T = TypeVar("T")


class NappingClock(VirtualClock):
    """A virtual clock whose tasks may all oversleep, as those of a machine that was asleep."""

    async def oversleep(self, until: datetime) -> None:
        """Let time pass at one stroke; whoever was to be woken meanwhile is woken once, late."""
        self._now = max(self._now, until)
        await self.drive(until)


class OwnClock:
    """One process's tasks on the clock of the world: they can be killed together."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._tasks: set[asyncio.Task[Any]] = set()
        self.now = clock.now
        self.sleep_until = clock.sleep_until

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    async def wait(self, signal: Signal, until: datetime | None = None) -> bool:
        return await self._clock.wait(signal, until)

    def spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = self._clock.spawn(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def kill(self) -> None:
        """End every task of the process, wherever it stands."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class Dialer:
    """One process that dials."""

    clock: OwnClock
    bridge: ManualBridge
    fleet: Fleet
    engine: Engine
    keeper: Keeper


class Network:
    """Cranks the lines of every dialer; what is said of a call goes to who placed or adopted it."""

    def __init__(
        self,
        *,
        clock: VirtualClock,
        on_ring: Callable[[OutboundCall], Awaitable[None]],
        is_real: bool,
    ) -> None:
        self.is_real = is_real
        self.lines: dict[UUID, Line] = {}
        self._clock = clock
        self._on_ring = on_ring
        self._doors: list[ManualBridge] = []
        self._behind = timedelta(0)
        self._has_book = True

    def connect(self) -> ManualBridge:
        """Return one more door."""
        door = ManualBridge(
            clock=self._clock,
            on_ring=self._on_ring,
            is_real=self.is_real,
            lines=self.lines,
            behind=self._behind,
            has_book=self._has_book,
        )
        self._doors = [each for each in self._doors if each.is_connected] + [door]
        return door

    def set_weather(
        self, *, submission: Submission | None = None, deaf_fates: int | None = None
    ) -> None:
        """Say what becomes of the next submission, and how often a fate is not told."""
        for door in self._doors:
            door.submission = submission or door.submission
            door.deaf_fates = door.deaf_fates if deaf_fates is None else deaf_fates

    def set_has_book(self, *, has_book: bool) -> None:
        """Say whether the carrier can tell what it placed."""
        self._has_book = has_book
        for door in self._doors:
            door.has_book = has_book

    def set_behind(self, behind: timedelta) -> None:
        """Say how far the carrier's clock is from ours."""
        self._behind = behind
        for door in self._doors:
            door.behind = behind

    def up(self) -> list[Line]:
        """Return the lines that are up, in the order they were placed."""
        return [line for line in self.lines.values() if line.up]

    def ring(self, line: Line) -> None:
        """Let the phone ring."""
        _door(line).ring(line)

    def answer(self, line: Line, by: AnsweredBy) -> None:
        """Let somebody or something pick up."""
        _door(line).answer(line, by)

    def end(self, line: Line, result: TelephonyResult = TelephonyResult.CANCELLED) -> None:
        """Let the line go."""
        _door(line).end(line, result)

    async def say(self, line: Line, reply: Reply | None) -> Turn | None:
        """Open the talk (None) or give a reply."""
        return await _door(line).say(line, reply)

    @property
    def untold(self) -> list[tuple[ManualBridge, int]]:
        """What was said and not heard yet: the door, and the place among what waits there."""
        return [(door, index) for door in self._doors for index in range(len(door.untold))]

    @property
    def told(self) -> list[CallEvent]:
        """All that was heard by those who are connected."""
        return [event for door in self._doors for event in door.told]

    async def tell(self, index: int) -> None:
        """Tell one of the events not yet told, in whatever order."""
        door, place = self.untold[index % len(self.untold)]
        await door.tell(place)

    def lose(self, index: int) -> None:
        """Let one of the events not yet told be lost."""
        door, place = self.untold[index % len(self.untold)]
        door.untold.pop(place)

    async def tell_all(self) -> None:
        """Tell everything, in order."""
        for door in self._doors:
            await door.tell_all()

    async def tell_again(self, index: int) -> None:
        """Tell an event once more, perhaps to a dialer whose call it is not."""
        told = self.told
        await self._doors[index % len(self._doors)].tell_again(told[index % len(told)])


def _door(line: Line) -> ManualBridge:
    if line.heard_by is None:
        message = f"nobody placed call {line.attempt_id}"
        raise RuntimeError(message)
    return line.heard_by
