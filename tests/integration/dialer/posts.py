"""Several dialers on one database and one network, each on a clock of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.clock import VirtualClock
from dialer.bridges.port import Fate, OutboundCall, TrunkLimits
from dialer.engine.engine import SWITCH_POLL
from dialer.fleet.fleet import Fleet
from dialer.fleet.model import FleetRules
from dialer.tables import Attempt
from tests.integration.dialer.day import RINGS_OUT, TEN, Day
from tests.integration.laws.manual_bridge import Line, ManualBridge

# Real time plays no part unless a test moves it.
PATIENT = FleetRules(lease_s=600.0, grace_s=0.0)
TRUNKS = (TrunkLimits(name="a", channels=4, calls_per_second=20.0),)


@dataclass(kw_only=True)
class Wire(ManualBridge):
    """One dialer's door to the network; notes what was asked."""

    asked: list[UUID] = field(default_factory=list)
    stops: int = 0
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    after_ring: Callable[[OutboundCall], Awaitable[None]] | None = None

    async def originate(self, call: OutboundCall) -> None:
        await super().originate(call)
        if self.after_ring is not None:
            await self.after_ring(call)

    async def fate(self, attempt_id: UUID) -> Fate:
        self.asked.append(attempt_id)
        return await super().fate(attempt_id)

    async def stop_all(self) -> None:
        self.stops += 1
        await super().stop_all()
        self.stopped.set()


class RealTime:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Post:
    """One dialer: its clock, its door, its place in the fleet."""

    def __init__(
        self,
        day: Day,
        lines: dict[UUID, Line],
        *,
        sessions: async_sessionmaker[AsyncSession] | None = None,
        trunks: Sequence[TrunkLimits] = TRUNKS,
        rules: FleetRules = PATIENT,
        **more: Any,
    ) -> None:
        self.clock = VirtualClock(TEN)
        self.rung: list[OutboundCall] = []
        self.wire = Wire(clock=self.clock, on_ring=self._rang, trunks=tuple(trunks), lines=lines)
        self.real_time = RealTime()
        self.fleet = Fleet(
            sessions=sessions or day.sessions,
            bridge=self.wire,
            rules=rules,
            real_time=self.real_time,
        )
        given = day.sessions
        day.sessions = sessions or given
        self.engine = day.dialer(
            self.wire, clock=self.clock, fleet=self.fleet, **{"poll": SWITCH_POLL, **more}
        )
        day.sessions = given

    async def _rang(self, call: OutboundCall) -> None:
        self.rung.append(call)

    async def start(self) -> None:
        """Start it."""
        await self.clock.run(self.engine.start())

    async def work(self, seconds: float = 1.0) -> None:
        """Let it dial for so long."""
        until = self.clock.now() + timedelta(seconds=seconds)
        await self.clock.run(self.engine.run(until=until))

    async def passes(self, seconds: float) -> None:
        """Let time pass in which only its small duties are done."""
        await self.clock.drive(self.clock.now() + timedelta(seconds=seconds))

    async def close(self) -> None:
        """Let it leave."""
        await self.clock.run(self.engine.close())

    async def hears(self) -> None:
        """Let it hear everything that was said."""
        await self.clock.run(self.wire.tell_all())


class Posts:
    """A day with several dialers."""

    def __init__(self, day: Day) -> None:
        self.day = day
        self.lines: dict[UUID, Line] = {}
        self.posts: list[Post] = []

    def post(self, **more: Any) -> Post:
        """Return one more dialer."""
        self.posts.append(Post(self.day, self.lines, **more))
        return self.posts[-1]

    async def two(self, **more: Any) -> tuple[Post, Post]:
        """Return two dialers that know of one another."""
        one, other = self.post(**more), self.post(**more)
        await one.start()
        await self.meet(one, other)
        return one, other

    async def meet(self, one: Post, other: Post) -> None:
        """Start the other while the one goes on beating."""
        starting = asyncio.create_task(other.start())
        while not starting.done():
            await one.passes(1)
        await starting

    async def repairs(self, number: int) -> None:
        """Let so many owners be due a call."""
        for _ in range(number):
            await self.day.repaired(await self.day.owner(RINGS_OUT))
        await self.day.build()

    async def loses_its_lease(self, post: Post) -> None:
        """Let a dialer have been silent for longer than its lease."""
        await self.run(
            "UPDATE dialer_lease SET lease_until = clock_timestamp() - interval '1 s'"
            " WHERE dialer_id = :dialer_id",
            dialer_id=post.fleet.dialer_id,
        )

    async def run(self, statement: str, **values: Any) -> None:
        """Execute something in a transaction of its own."""
        async with self.day.sessions.begin() as session:
            await session.execute(sa.text(statement), values)

    async def attempts(self) -> list[tuple[str, str | None, UUID | None]]:
        """Return state, result and owner of every attempt, oldest first."""
        rows = await self.day.rows(
            sa.select(Attempt.state, Attempt.telephony_result, Attempt.dialer_id).order_by(
                Attempt.attempt_id
            )
        )
        return [
            (row.state.value, row.telephony_result and row.telephony_result.value, row.dialer_id)
            for row in rows
        ]
