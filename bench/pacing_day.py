"""The pacer in the dialer, on the simulated carrier, beside the judge's figure for a like world.

Both play a shift of the same agents: who answers, how long it rings, talks and wrap-ups are drawn
from the judge's own distributions. The judge asks the pacer alone; here the whole dialer is between
them: claims, rules, the engine, the bridge, the agents' states.

    python -m bench pacing-day --judge PATH --agents 10 --minutes 120
"""

import argparse
import asyncio
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bench import pacing
from bench.calls import prepare
from bench.dialing import house, only_warnings
from bench.place import database, server
from bench.queue_world import NOW
from callback.campaign_model import HouseCampaigns
from callback.campaigns import Campaigns, Dialling, shipped_campaigns
from callback.packs import shipped_packs
from core.clock import VirtualClock
from core.database import create_engine, libpq_url, session_factory
from core.ids import IdSource
from customers.model import CallMode, WrapUpCode
from dialer.agents import service
from dialer.agents.calls import AgentCalls
from dialer.agents.desk import Desk
from dialer.agents.keeper import Keeper
from dialer.agents.model import AgentState
from dialer.agents.phones import Phones
from dialer.agents.reserving import Transfers
from dialer.agents.tables import Agent
from dialer.agents.wrap_up import WrapUpForm, wrap_up
from dialer.bridges.port import OutboundCall, TrunkLimits
from dialer.bridges.simulated.bridge import SimulatedBridge
from dialer.bridges.simulated.carrier import SimulatedCarrier
from dialer.bridges.simulated.line import Line
from dialer.bridges.simulated.people import Reaction
from dialer.control import ensure_installation
from dialer.engine.engine import Engine, EngineRules
from dialer.model import AnsweredBy
from dialer.outcome import Settlement
from dialer.predictive.limits import day_ends_at
from dialer.predictive.source import PredictiveCalls
from dialer.tables import AttemptDueCall
from dialer.talk import TalkHost, TalkRules
from dialer.wall.model import Place
from scripts.library import load_library

ZONE = "Asia/Shanghai"
_TRUNK = TrunkLimits(name="a", channels=2_000, calls_per_second=200)
_RING_TIMEOUT_S = 28.0
_BUSY = 0.15  # of the calls that nobody answers
_NEAR = 0.01  # of the judge's utilisation


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What the judge's scenario draws from, machines left out."""

    agents: int = 10
    minutes: float = 60.0
    answering: float = 0.3
    talk_mean_s: float = 120.0
    wrap_mean_s: float = 30.0
    seed: int = 1

    def scenario(self) -> dict[str, Any]:
        """Return it as the judge takes it."""
        return {
            "p": self.answering,
            "hours": self.minutes / 60,
            "machine": 0.0,
            "talk_mean": self.talk_mean_s,
            "wrap_mean": self.wrap_mean_s,
            "ring_timeout": _RING_TIMEOUT_S,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a shift came to."""

    utilisation: float
    live: int
    abandoned: int
    placed: int

    @property
    def abandonment(self) -> float:
        """Abandoned by answered."""
        return self.abandoned / self.live if self.live else 0.0


class _Carrier(SimulatedCarrier):
    """A carrier whose people answer as the judge's do."""

    def __init__(self, *args: Any, world: World, **given: Any) -> None:
        super().__init__(*args, **given)
        self._draws = random.Random(f"{world.seed}:phones")
        self._world = world

    def _line(self, order: OutboundCall) -> Line:
        line, draws = super()._line(order), self._draws
        setup_s = draws.uniform(1, 3)
        if draws.random() < self._world.answering:
            ring_s = min(draws.lognormvariate(math.log(10.5), 0.45), _RING_TIMEOUT_S - 0.5)
            reaction = Reaction.ANSWER
        elif draws.random() < _BUSY:
            setup_s, ring_s, reaction = draws.uniform(2, 6), 0.0, Reaction.BUSY
        else:
            ring_s, reaction = _RING_TIMEOUT_S, Reaction.RING_OUT
        line.encounter = replace(
            line.encounter,
            reaction=reaction,
            post_dial_s=setup_s,
            ring_s=ring_s,
            detected_as=AnsweredBy.HUMAN,
        )
        return line


@dataclass(slots=True)
class _Shift:
    """The agents' voices and hands; what they spent their time on."""

    world: World
    clock: VirtualClock
    carrier: SimulatedCarrier
    sessions: async_sessionmaker[AsyncSession]
    desk: Desk
    until: datetime
    keeper: Keeper
    engine: Engine
    rng: random.Random = field(default_factory=random.Random)
    busy_s: float = 0.0
    numbers: int = 0
    begun: dict[int, datetime] = field(default_factory=dict)  # talks and wrap-ups that go on

    async def speak(self, line: Line) -> None:
        """Talk, hang up, and write it down."""
        room = self.carrier.rooms.room_of(line.order.attempt_id)
        await self._spend(line.hold, self.world.talk_mean_s, sigma=0.8)
        line.hang_up()
        self.clock.spawn(self._write(str(room), line))

    async def _write(self, room: str, line: Line) -> None:
        await self._spend(self.clock.sleep, self.world.wrap_mean_s, sigma=0.5)
        async with self.sessions.begin() as session:
            agent = (await session.execute(sa.select(Agent).where(Agent.room == room))).scalar_one()
            if agent.state is AgentState.WRAP_UP:
                served = sa.select(AttemptDueCall.due_call_id).where(
                    AttemptDueCall.attempt_id == line.order.attempt_id
                )
                forms = [
                    WrapUpForm(due_call_id=each, code=WrapUpCode.SATISFIED)
                    for each in await session.scalars(served)
                ]
                await wrap_up(
                    session,
                    agent.agent_id,
                    line.order.attempt_id,
                    forms,
                    desk=self.desk,
                    now=self.clock.now(),
                )
        self.keeper.nudge()
        self.engine.nudge()

    async def _spend(self, wait: Any, mean_s: float, *, sigma: float) -> None:
        number = self.numbers = self.numbers + 1
        self.begun[number] = self.clock.now()
        await wait(self.rng.lognormvariate(math.log(mean_s) - sigma * sigma / 2, sigma))
        self.busy_s += self._within(self.begun.pop(number), self.clock.now())

    def _within(self, began: datetime, ended: datetime) -> float:
        return max(0.0, (min(ended, self.until) - began).total_seconds())

    @property
    def all_busy_s(self) -> float:
        """What agents spent talking and writing down within the shift."""
        return self.busy_s + sum(self._within(each, self.until) for each in self.begun.values())


async def play(url: str, world: World) -> Found:
    """Play a shift in the dialer; its owners wait in the database already."""
    only_warnings()
    engine = create_engine(url, name="bench")
    try:
        return await _play(session_factory(engine), world)
    finally:
        await engine.dispose()


async def _play(sessions: async_sessionmaker[AsyncSession], world: World) -> Found:
    clock = VirtualClock(NOW)
    carrier = _Carrier(clock, seed=world.seed, population={}, trunks=[_TRUNK], world=world)
    bridge = SimulatedBridge(carrier)
    campaigns, library = _campaigns(), load_library()
    settlement = Settlement(campaigns=campaigns, library=library)
    desk = Desk(
        settlement=settlement, packs=shipped_packs(), bridge="simulated", bridge_is_real=False
    )
    ids, phones = IdSource(clock, random.Random(world.seed)), Phones(bridge)
    calls = AgentCalls(desk, ids=ids, phones=phones)
    ahead = PredictiveCalls(
        desk, ids=ids, calls=calls, phones=phones, trunks=bridge.trunks, zone=ZONE
    )
    engine = Engine(
        sessions=sessions,
        bridge=bridge,
        clock=clock,
        ids=ids,
        rules=EngineRules(campaigns=campaigns, packs=shipped_packs(), poll=None),
        talk=TalkHost(
            sessions=sessions,
            clock=clock,
            rules=TalkRules(library=library, campaigns=campaigns, house=house()),
            transfers=Transfers(desk, phones=phones, calls=calls),
        ),
        settlement=settlement,
        sources=(calls, ahead),
        followers=(calls,),
    )
    keeper = Keeper(
        sessions=sessions,
        bridge=bridge,
        clock=clock,
        desk=desk,
        calls=calls,
        live=lambda: engine.live,
        poll=None,
    )
    until = NOW + timedelta(minutes=world.minutes)
    shift = _Shift(
        world=world,
        clock=clock,
        carrier=carrier,
        sessions=sessions,
        desk=desk,
        until=until,
        keeper=keeper,
        engine=engine,
        rng=random.Random(f"{world.seed}:agents"),
    )
    await _sit_down(shift)

    async def work() -> None:
        await engine.start()
        await engine.run(until=until)

    working = [clock.spawn(work()), clock.spawn(keeper.run(until=until))]
    await clock.drive(until)
    for each in working:
        if each.done():
            each.result()  # what went wrong is told
    found = await _found(sessions, shift)
    await clock.cancel_all()
    return found


async def _sit_down(shift: _Shift) -> None:
    async with shift.sessions.begin() as session:
        await ensure_installation(session, UUID(int=1))
        for number in range(shift.world.agents):
            now = shift.clock.now()
            agent_id = await service.add_agent(session, name=f"agent {number}", now=now)
            await service.sign_in(session, agent_id, now=now)
            await service.beat(session, agent_id, at=now + timedelta(days=1))
            shift.carrier.rooms.enter(f"agent-{agent_id}", shift.speak)


_COUNTS = sa.text("""
    SELECT count(*) AS placed, count(met_at) AS met,
           count(*) FILTER (WHERE telephony_result = 'abandoned') AS abandoned
    FROM attempt WHERE mode = 'agent' AND started_at >= :since
""")


async def _found(sessions: async_sessionmaker[AsyncSession], shift: _Shift) -> Found:
    async with sessions() as session:
        row = (await session.execute(_COUNTS, {"since": NOW})).one()
    return Found(
        utilisation=shift.all_busy_s / (shift.world.agents * shift.world.minutes * 60),
        live=row.met + row.abandoned,
        abandoned=row.abandoned,
        placed=row.placed,
    )


def _campaigns() -> Campaigns:
    """Return the shipped campaigns, with repairs rung ahead of agents."""
    shipped = shipped_campaigns()
    by_agents = {"mode": CallMode.AGENT, "dialling": Dialling.PREDICTIVE}
    return Campaigns(
        HouseCampaigns.model_construct(
            version=shipped.version,
            source=shipped.source,
            overdue=shipped.overdue,
            repair=shipped.repair.model_copy(update=by_agents),
            survey=shipped.survey,
            promised=shipped.promised,
            uploaded=shipped.uploaded,
        )
    )


def fill(url: str, world: World) -> None:
    """Let as many repairs wait as the shift can ring."""
    cycle_s = world.talk_mean_s + world.wrap_mean_s
    talks = 1.3 * world.agents * world.minutes * 60 / cycle_s
    prepare(url, 2 * int(talks / world.answering + 100))
    with psycopg.connect(libpq_url(url)) as connection:
        connection.execute("UPDATE due_call SET mode = 'agent' WHERE campaign = 'repair'")
        connection.execute(
            "UPDATE due_call SET next_at = next_at + interval '30 days'"
            " WHERE campaign = 'overdue' AND state = 'waiting'"
        )


def judged(judge: ModuleType, world: World, *, shifts: int) -> list[Found]:
    """Return the judge's figures for shifts of the same world; the day ends when ours does."""
    place = Place(time_zone=ZONE, packs=("CN",), region="CN")
    repair = _campaigns().repair
    ends_at = day_ends_at(repair, [place], shipped_packs(), now=NOW, zone=ZONE)
    ends_s = 0.0 if ends_at is None else (ends_at - NOW).total_seconds()
    found = []
    for seed in range(world.seed, world.seed + shifts):
        said = judge.judge(pacing.OURS, world.agents, seed, {"shift": ends_s}, **world.scenario())
        found.append(
            Found(
                utilisation=said["utilisation"],
                live=said["live"],
                abandoned=said["abandoned"],
                placed=said["dials"],
            )
        )
    return found


def main(given: Sequence[str]) -> int:
    """Play both and print them side by side; 1 when they lie apart, or the budget was passed."""
    parser = argparse.ArgumentParser(
        prog="python -m bench pacing-day",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--judge", type=Path, required=True, help="the judge's program")
    parser.add_argument("--agents", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--answering", type=float, default=0.3)
    parser.add_argument("--shifts", type=int, default=1, help="played in the dialer")
    parser.add_argument("--judged", type=int, default=8, help="shifts of the judge")
    asked = parser.parse_args(given)
    world = World(agents=asked.agents, minutes=asked.minutes, answering=asked.answering)
    ours = []
    with server() as on:
        for seed in range(1, asked.shifts + 1):
            with database(on) as url:
                fill(url, world)
                ours.append(asyncio.run(play(url, replace(world, seed=seed))))
                print(_row(f"dialer, seed {seed}", ours[-1:]), flush=True)
    theirs = judged(pacing.judge_of(asked.judge), world, shifts=asked.judged)
    print(_row("dialer", ours))
    print(_row("judge", theirs))
    apart = abs(_mean(ours) - _mean(theirs))
    print(f"apart: {100 * apart:.2f} points of utilisation")
    return 0 if apart <= _NEAR and _abandonment(ours) <= pacing.TARGET else 1


def _row(name: str, found: Sequence[Found]) -> str:
    placed, live = sum(each.placed for each in found), sum(each.live for each in found)
    return (
        f"{name:>16}: utilisation {100 * _mean(found):.1f} %, abandoned "
        f"{100 * _abandonment(found):.2f} % of {live:,} answers, {placed:,} calls"
    )


def _mean(found: Sequence[Found]) -> float:
    return sum(each.utilisation for each in found) / len(found)


def _abandonment(found: Sequence[Found]) -> float:
    live = sum(each.live for each in found)
    return sum(each.abandoned for each in found) / live if live else 0.0
