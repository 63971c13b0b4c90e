"""A day on which repairs are called by agents: their desks, their screens and their voices."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from callback.campaign_model import HouseCampaigns
from callback.campaigns import Campaigns, Dialling, shipped_campaigns
from callback.packs import shipped_packs
from core.ids import IdSource
from customers.model import CallMode, WrapUpCode
from dialer.agents import offers, service
from dialer.agents.calls import AgentCalls
from dialer.agents.desk import Desk
from dialer.agents.keeper import Keeper
from dialer.agents.model import BreakReason
from dialer.agents.phones import Phones
from dialer.agents.reserving import Transfers
from dialer.agents.sweep import SweepReport, sweep
from dialer.agents.tables import Agent
from dialer.agents.wrap_up import WrapUpForm, wrap_up
from dialer.bridges.simulated.floor import SimulatedFloor
from dialer.bridges.simulated.line import Line
from dialer.engine.engine import Engine
from dialer.hooks import CallSource
from dialer.outcome import Settlement
from dialer.tables import Attempt, AttemptDueCall
from scripts.library import load_library
from tests.integration.dialer.day import Day

TALKS_S = 40.0


def agents_campaigns(dialling: Dialling, **changes: Any) -> Campaigns:
    """Return the shipped campaigns, with repairs called by agents."""
    shipped = shipped_campaigns()
    repair = shipped.repair.model_copy(
        update={"mode": CallMode.AGENT, "dialling": dialling, **changes}
    )
    house = HouseCampaigns.model_construct(
        version=shipped.version,
        source=shipped.source,
        overdue=shipped.overdue,
        repair=repair,
        survey=shipped.survey,
        promised=shipped.promised,
        uploaded=shipped.uploaded,
    )
    return Campaigns(house)


class Floor(Day):
    """A dialer and its agents; each speaks so long with whoever is put through."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], *, campaigns: Campaigns) -> None:
        self.hooks: tuple[AgentCalls, ...] = ()
        self.more_sources: tuple[CallSource, ...] = ()
        self.transfers: Transfers | None = None
        super().__init__(sessions)
        self.campaigns = campaigns
        self.desk = Desk(
            settlement=Settlement(campaigns=campaigns, library=load_library()),
            packs=shipped_packs(),
            bridge="simulated",
            bridge_is_real=False,
        )
        self.talks_s = TALKS_S
        self._agents_ids = IdSource(self.clock, random.Random(2))
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget what a process knew, as one that starts does."""
        phones = Phones(self.bridge)
        self.calls = AgentCalls(self.desk, ids=self._agents_ids, phones=phones)
        self.transfers = Transfers(self.desk, phones=phones, calls=self.calls)
        self.hooks = (self.calls,)
        self.keeper = self._keeper()

    async def agent(self, name: str = "Li", **values: Any) -> int:
        """Put an agent on the roster, and let them sit down and speak."""
        async with self.sessions.begin() as session:
            agent_id = await service.add_agent(session, name=name, now=self.clock.now(), **values)
        await self.sign_in(agent_id)
        return agent_id

    async def sign_in(self, agent_id: int) -> None:
        """Let an agent sit down; their screen beats until `vanish`."""
        async with self.sessions.begin() as session:
            await service.sign_in(session, agent_id, now=self.clock.now())
            await service.beat(session, agent_id, at=self.clock.now() + timedelta(days=1))
            row = (await session.execute(_AGENT, {"agent_id": agent_id})).one()
        self.carrier.rooms.enter(row.room, self._speak)

    async def vanish(self, agent_id: int) -> None:
        """Let an agent's screen go dark now."""
        async with self.sessions.begin() as session:
            await service.beat(session, agent_id, at=self.clock.now())

    async def offer(self, agent_id: int) -> offers.Shown | None:
        """Ask for what comes next."""
        async with self.sessions.begin() as session:
            return await offers.next_offer(session, agent_id, desk=self.desk, now=self.clock.now())

    async def ask_to_dial(self, agent_id: int) -> None:
        """Let the call that is shown ring."""
        async with self.sessions.begin() as session:
            await offers.ask_to_dial(session, agent_id, desk=self.desk, now=self.clock.now())

    async def wrap_up(
        self,
        agent_id: int,
        code: WrapUpCode,
        then: BreakReason | None = None,
        **values: Any,
    ) -> None:
        """Write the same outcome down for all the agent's last call served."""
        async with self.sessions.begin() as session:
            row = (await session.execute(_AGENT, {"agent_id": agent_id})).one()
            attempt_id: UUID = row.attempt_id or (await session.execute(_LAST)).scalar_one()
            served = await session.scalars(
                sa.select(AttemptDueCall.due_call_id).where(AttemptDueCall.attempt_id == attempt_id)
            )
            await wrap_up(
                session,
                agent_id,
                attempt_id,
                [
                    WrapUpForm(due_call_id=each, code=code, values=values, note="was polite")
                    for each in served
                ],
                then=then,
                desk=self.desk,
                now=self.clock.now(),
            )

    async def sweep(self) -> SweepReport:
        """Sweep once, with screens seen by the virtual clock."""
        async with self.sessions.begin() as session:
            return await sweep(
                session, desk=self.desk, now=self.clock.now(), screen_now=self.clock.now()
            )

    async def states(self) -> list[str]:
        """Return where every agent stands, in the order they were added."""
        rows = await self.rows(sa.select(Agent.state).order_by(Agent.agent_id))
        return [row.state.value for row in rows]

    async def work(self, minutes: float, *, keep: bool = True) -> None:
        """Let a dialer and a keeper work for so long on the clock."""
        self.engine = self.dialer()
        until = self.clock.now() + timedelta(minutes=minutes)
        engine = self.engine

        async def run() -> None:
            await engine.start()
            await engine.run(until=until)

        task = self.clock.spawn(run())
        kept = self.clock.spawn(self.keeper.run(until=until)) if keep else None
        await self.clock.drive(until)
        await task
        if kept is not None:
            await kept

    def at(self, seconds: float, do: Callable[[], Awaitable[Any]]) -> None:
        """Let something happen so many seconds from now, and the dialer look."""

        async def happen() -> None:
            await self.clock.sleep(seconds)
            await do()
            self.engine.nudge()
            self.keeper.nudge()

        self.clock.spawn(happen())

    def dialer(self, *given: Any, **more: Any) -> Engine:
        """Return a dialer that takes agents' calls too."""
        sources = (*self.hooks, *self.more_sources)
        more |= {"sources": sources, "followers": self.hooks, "transfers": self.transfers}
        return super().dialer(*given, **more)

    def _keeper(self) -> Keeper:
        return Keeper(
            sessions=self.sessions,
            bridge=self.bridge,
            clock=self.clock,
            desk=self.desk,
            calls=self.calls,
            live=lambda: self.engine.live,
            poll=None,
        )

    async def _speak(self, line: Line) -> None:
        began_in, end = self.carrier.rooms.room_of(line.order.attempt_id), self.talks_s
        await line.hold(end)
        if self.carrier.rooms.room_of(line.order.attempt_id) == began_in:
            line.hang_up()
        self.keeper.nudge()


class Desks(Floor):
    """A floor whose agents have phones: those with an endpoint are rung before they get calls."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], *, campaigns: Campaigns) -> None:
        super().__init__(sessions, campaigns=campaigns)
        self.move_floor("here")
        trunks = tuple(replace(trunk, place="here") for trunk in self.bridge.trunks)
        self.bridge.trunks = trunks
        self.begin_anew()

    def move_floor(self, place: str) -> None:
        """Let agents' phones hang on this place; calls hang on `here`."""
        self.floor = SimulatedFloor(self.carrier, place=place)
        self.floor.on_seats(self._tell_the_dialer)
        self.bridge.give_desks(self.floor)
        self.begin_anew()

    def _tell_the_dialer(self) -> None:
        self.engine.nudge()  # the live feed does it in service

    def another_keeper(self) -> Keeper:
        """Return the keeper of another dialer on the same bridge, which carries no calls."""
        return Keeper(
            sessions=self.sessions,
            bridge=self.bridge,
            clock=self.clock,
            desk=self.desk,
            calls=AgentCalls(self.desk, ids=self._agents_ids),
            live=frozenset,
            poll=None,
        )


_AGENT = sa.select(Agent.__table__).where(Agent.agent_id == sa.bindparam("agent_id"))
_LAST = sa.select(Attempt.attempt_id).order_by(Attempt.started_at.desc()).limit(1)


async def live_attempt(floor: Floor) -> UUID:
    """Return the call that is up."""
    (row,) = await floor.rows(sa.select(Attempt.attempt_id).where(Attempt.ended_at.is_(None)))
    attempt_id: UUID = row.attempt_id
    return attempt_id


def later(floor: Floor, minutes: float) -> datetime:
    """Return an instant of the floor's clock."""
    return floor.clock.now() + timedelta(minutes=minutes)
