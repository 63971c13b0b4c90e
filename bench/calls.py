"""Simulated calls a second through the engine: claim, ring, talk by script, settle, all on file.

On the virtual clock nothing waits for time to pass, so the seconds are what the machine needs. With
several dialers the carrier is a process of its own, the clock is the machine's, sped up until the
machine is the limit, and only the calls of a span are counted.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import UUID

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bench.dialing import TRUNK, make_engine, only_warnings
from bench.queue_world import NOW, fill_queue
from core.clock import ScaledClock, SystemClock, VirtualClock
from core.database import create_engine, session_factory
from dialer.bridges.simulated.bridge import SimulatedBridge
from dialer.bridges.simulated.carrier import SimulatedCarrier
from dialer.bridges.simulated.faults import Faults
from dialer.bridges.simulated.people import Behaviour
from dialer.bridges.simulated.remote.address import CarrierAddress
from dialer.bridges.simulated.remote.client import RemoteSimulatedBridge
from dialer.bridges.simulated.remote.process import CarrierPlan, serving
from dialer.control import ensure_installation
from dialer.fleet.fleet import Fleet
from dialer.fleet.model import FleetRules
from ownerline.database import upgrade
from ownerline.population import population_of

SPEED = 30.0  # seconds of the sped-up clock in one of the machine's
# A rate that several share runs in real time: here it is to bind as little as for one alone.
_WIDE = replace(TRUNK, channels=240, calls_per_second=TRUNK.calls_per_second * SPEED)
_LOOK_EVERY = timedelta(seconds=15)  # at the switches, in seconds of that clock
_BEGUN = 50  # calls of each dialer before the span starts
_PATIENCE_S = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """Calls a second: one engine in virtual time, then dialers in processes of their own."""

    calls: int
    virtual: float
    one_dialer: float
    two_dialers: float

    @property
    def ratio(self) -> float:
        """Two dialers over one."""
        return self.two_dialers / self.one_dialer


def prepare(url: str, waiting: int) -> None:
    """Let so many due calls wait in an empty database."""
    upgrade(url)
    with psycopg.connect(url, autocommit=True) as connection:
        fill_queue(connection, waiting)


async def virtual_day(url: str, *, minutes: float) -> tuple[int, float]:
    """Dial for so many minutes of virtual time; return the calls, and the machine's seconds."""
    engine = create_engine(url, name="bench")
    sessions = session_factory(engine)
    people = await _people(sessions)
    clock = VirtualClock(NOW)
    carrier = SimulatedCarrier(clock, seed=1, population=people, trunks=[TRUNK])
    dialer = make_engine(sessions, SimulatedBridge(carrier), clock, seed=1)

    async def day() -> None:
        await dialer.start()
        await dialer.run(until=NOW + timedelta(minutes=minutes), drain=True)

    only_warnings()
    started = time.perf_counter()
    try:
        await clock.run(day())
        return len(carrier.ledger.calls()), time.perf_counter() - started
    finally:
        await clock.cancel_all()
        await engine.dispose()


async def _people(sessions: async_sessionmaker[AsyncSession]) -> dict[str, Behaviour]:
    async with sessions.begin() as session:
        await ensure_installation(session, UUID(int=1))
        return await population_of(session)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scene:
    """What every process of a run with several dialers is told."""

    url: str
    folder: Path
    origin: datetime

    def clock(self) -> ScaledClock:
        return ScaledClock(NOW, factor=SPEED, origin=self.origin)

    @property
    def address(self) -> CarrierAddress:
        return CarrierAddress(path=self.folder / "carrier")


def fleet_rate(url: str, folder: Path, *, dialers: int, seconds: float) -> float:
    """Return how many calls a second so many dialers claim, once all of them are at work."""
    scene = _Scene(url=url, folder=folder, origin=SystemClock().now().astimezone(UTC))
    with _processes(scene, dialers), psycopg.connect(url, autocommit=True) as connection:
        _wait_until_begun(connection, dialers)
        before, started = _calls(connection), time.perf_counter()
        time.sleep(seconds)
        return (_calls(connection) - before) / (time.perf_counter() - started)


@contextmanager
def _processes(scene: _Scene, dialers: int) -> Iterator[None]:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    crew = [spawn.Process(target=_carry, args=(scene, there))]
    crew[0].start()
    try:
        if not here.poll(_PATIENCE_S):
            message = f"the carrier did not listen within {_PATIENCE_S:g} s"
            raise TimeoutError(message)
        for number in range(dialers):
            dialer = spawn.Process(target=_dial, args=(scene, number))
            dialer.start()
            crew.append(dialer)
        yield
    finally:
        for process in crew:
            process.kill()
            process.join()


def _wait_until_begun(connection: psycopg.Connection[tuple[object, ...]], dialers: int) -> None:
    end = time.perf_counter() + _PATIENCE_S
    begun = "SELECT count(*) FROM attempt WHERE dialer_id IS NOT NULL GROUP BY dialer_id"
    while True:
        counts = [int(str(row[0])) for row in connection.execute(begun).fetchall()]
        if len(counts) == dialers and min(counts) >= _BEGUN:
            return
        if time.perf_counter() > end:
            message = f"after {_PATIENCE_S:g} s the dialers have placed {counts} calls"
            raise TimeoutError(message)
        time.sleep(0.1)


def _calls(connection: psycopg.Connection[tuple[object, ...]]) -> int:
    ended = "SELECT count(*) FROM attempt WHERE dialer_id IS NOT NULL AND state = 'ended'"
    row = connection.execute(ended).fetchone()
    return 0 if row is None else int(str(row[0]))


def _carry(scene: _Scene, ready: Connection) -> None:
    only_warnings()
    asyncio.run(_serve(scene, ready))


async def _serve(scene: _Scene, ready: Connection) -> None:
    engine = create_engine(scene.url, name="bench")
    people = await _people(session_factory(engine))
    await engine.dispose()
    plan = CarrierPlan(
        address=scene.address,
        token="",
        book=scene.folder / "book.jsonl",
        seed=1,
        trunks=(_WIDE,),
        people=people,
        faults=Faults(),
    )
    async with serving(plan, scene.clock()):
        ready.send("ready")
        await asyncio.Event().wait()


def _dial(scene: _Scene, number: int) -> None:
    only_warnings()
    asyncio.run(_dialed(scene, number))


async def _dialed(scene: _Scene, number: int) -> None:
    engine = create_engine(scene.url, name="bench")
    sessions = session_factory(engine)
    bridge = await RemoteSimulatedBridge.reach(scene.address)
    rules = FleetRules(clock_factor=SPEED)
    fleet = Fleet(sessions=sessions, bridge=bridge, rules=rules)
    dialer = make_engine(
        sessions, bridge, scene.clock(), seed=number, poll=_LOOK_EVERY, fleet=fleet
    )
    await dialer.start()
    await dialer.run()
