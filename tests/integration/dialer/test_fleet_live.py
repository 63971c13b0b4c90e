"""Two dialers in real time, told over the live feed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from core.clock import ScaledClock, SystemClock
from core.live import LiveFeed
from dialer.control import stop
from dialer.engine.engine import Engine
from dialer.fleet.fleet import Fleet
from dialer.fleet.model import FleetRules
from tests.integration.dialer.day import RINGS_OUT, TEN, Day
from tests.integration.dialer.posts import TRUNKS, Wire
from tests.integration.laws.manual_bridge import Line


class Stand:
    """A dialer as a process has it."""

    def __init__(self, day: Day, lines: dict[UUID, Line], feed: LiveFeed) -> None:
        self.clock = ScaledClock(TEN, factor=1.0, origin=SystemClock().now())
        self.stands_ready = asyncio.Event()
        self.rung = asyncio.Event()
        self.wire = Wire(clock=self.clock, on_ring=self._rang, trunks=TRUNKS, lines=lines)
        self.engine: Engine = day.dialer(
            self.wire,
            clock=self.clock,
            fleet=Fleet(sessions=day.sessions, bridge=self.wire, rules=FleetRules(beat_s=0.1)),
            tells=True,
            poll=timedelta(minutes=30),  # only word of mouth is quick
        )
        feed.subscribe(self.engine.hear_news)

    async def _rang(self, _: object) -> None:
        self.rung.set()

    async def dial(self) -> None:
        await self.engine.start()
        self.stands_ready.set()
        await self.engine.run()
        await self.engine.close()


@pytest.fixture
async def feed(database_url: str) -> AsyncIterator[LiveFeed]:
    feed = LiveFeed(database_url)
    await feed.start()
    yield feed
    await feed.close()


async def test_a_stop_reaches_every_dialer_by_word_of_mouth(day: Day, feed: LiveFeed) -> None:
    lines: dict[UUID, Line] = {}
    stands = [Stand(day, lines, feed) for _ in range(2)]
    for _ in range(8):
        await day.repaired(await day.owner(RINGS_OUT))
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        for stand in stands:
            group.create_task(stand.dial())
        await asyncio.gather(*(stand.stands_ready.wait() for stand in stands))
        await day.build()
        for stand in stands:
            stand.engine.nudge()
        await asyncio.gather(*(stand.rung.wait() for stand in stands))
        await day.write(lambda session: stop(session, by="test", now=TEN))
        await asyncio.gather(*(stand.wire.stopped.wait() for stand in stands))
        for stand in stands:
            stand.engine.end()

    assert lines
    assert all(not line.up for line in lines.values())
