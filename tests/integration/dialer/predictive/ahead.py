"""A floor whose repairs are placed ahead of agents, who speak and write down by themselves."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from callback.campaigns import Campaigns, Dialling
from core.columns import AnyRow, table_of
from core.ids import IdSource
from customers.account_tables import WorkOrder
from customers.model import Language, Role, WorkOrderCategory, WrapUpCode
from customers.tables import Community, Occupancy, Person, Phone, Unit
from dialer.agents.model import AgentState
from dialer.agents.phones import Phones
from dialer.agents.service import sign_out
from dialer.agents.tables import Agent
from dialer.bridges.port import CallEvent, TrunkLimits
from dialer.bridges.simulated.carrier import SimulatedCarrier
from dialer.bridges.simulated.line import Line
from dialer.bridges.simulated.people import Behaviour
from dialer.outcome import Settlement
from dialer.predictive.source import PredictiveCalls
from dialer.predictive.tables import PacingDecision
from scripts.library import load_library
from tests.integration.dialer.agents.floor import Floor, agents_campaigns
from tests.integration.dialer.day import IDENTITY, RINGS_OUT, TODAY, HeardBridge, answers

ZONE = "Asia/Shanghai"
WRITES_S = 20.0
_DECISION, _AGENT = table_of(PacingDecision), table_of(Agent)


class Ahead(Floor):
    """Repairs are rung before agents are free; who has spoken writes it down `writes_s` later."""

    A_MOMENT = timedelta(seconds=2)
    SOON = timedelta(seconds=60)

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        *,
        campaigns: Campaigns | None = None,
        channels: int = 60,
    ) -> None:
        self.writes_s = WRITES_S
        self.prefix = "+8613900"
        self.talk_times: random.Random | None = None  # None: each talk is `talks_s` long
        self._runs = 0
        super().__init__(sessions, campaigns=campaigns or agents_campaigns(Dialling.PREDICTIVE))
        self.with_trunk(channels=channels)

    def with_trunk(self, *, channels: int, calls_per_second: float = 20.0) -> None:
        """Let the carrier have one trunk of so many lines."""
        trunk = TrunkLimits(name="a", channels=channels, calls_per_second=calls_per_second)
        self.carrier = SimulatedCarrier(
            self.clock,
            seed=1,
            population=self.phones,
            trunks=[trunk],
            faults=self.faults,
            on_payment=self._pays,
        )
        self.bridge = HeardBridge(self.carrier, is_real=False)
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget what a process knew, as one that starts does."""
        super().begin_anew()
        self.more_sources = (self.source(),)

    def source(self, dialer_id: UUID | None = None) -> PredictiveCalls:
        """Return what places calls ahead in a process that starts now."""
        self._runs += 1
        return PredictiveCalls(
            self.desk,
            ids=IdSource(self.clock, random.Random(100 + self._runs)),
            calls=self.calls,
            phones=Phones(self.bridge),
            trunks=self.bridge.trunks,
            zone=ZONE,
            dialer_id=dialer_id,
        )

    async def owners(self, behaviours: Sequence[Behaviour]) -> None:
        """Let an owner with a finished repair move in for each behaviour, and build the lists."""
        first = self._next()
        numbers = range(first, first + len(behaviours))
        self._numbers += len(behaviours)
        async with self.sessions.begin() as session:
            people = await session.scalars(
                sa.insert(Person).returning(Person.person_id, sort_by_parameter_order=True),
                [
                    {
                        "name": "王小明",
                        "honorific": "先生",
                        "language": Language.ENGLISH,
                        "identity_digits": IDENTITY,
                    }
                    for _ in numbers
                ],
            )
            person_ids = people.all()
            units = await session.scalars(
                sa.insert(Unit).returning(Unit.unit_id, sort_by_parameter_order=True),
                [{"community_id": self._community_id, "label": f"9-{n}"} for n in numbers],
            )
            unit_ids = units.all()
            homes = list(zip(numbers, person_ids, unit_ids, behaviours, strict=True))
            await session.execute(
                sa.insert(Occupancy),
                [
                    {
                        "unit_id": unit,
                        "person_id": person,
                        "role": Role.OWNER,
                        "moved_in": date(2020, 1, 1),
                    }
                    for _, person, unit, _ in homes
                ],
            )
            await session.execute(
                sa.insert(Phone),
                [
                    {"person_id": person, "e164": self._e164(n), "position": 1}
                    for n, person, _, _ in homes
                ],
            )
            await session.execute(
                sa.insert(WorkOrder),
                [
                    {
                        "community_id": self._community_id,
                        "unit_id": unit,
                        "reference": f"W-{n}",
                        "category": WorkOrderCategory.LEAK,
                        "category_as_given": "leak",
                        "reported_on": TODAY - timedelta(days=5),
                        "completed_on": TODAY - timedelta(days=1),
                    }
                    for n, _, unit, _ in homes
                ],
            )
        self.phones |= {self._e164(n): behaviour for n, _, _, behaviour in homes}
        await self.build()

    async def in_country(self, pack: str, **place: object) -> None:
        """Let the community keep the rules of a pack, perhaps somewhere else."""
        moved = sa.update(Community).values(packs=[pack], **place)
        await self.write(lambda session: session.execute(moved))

    def go_by(self, campaigns: Campaigns) -> None:
        """Let a process that starts now have these campaigns."""
        self.campaigns = campaigns
        self.desk = replace(
            self.desk, settlement=Settlement(campaigns=campaigns, library=load_library())
        )
        self.begin_anew()

    def on(self, kind: type[CallEvent], do: Callable[[], Awaitable[object]]) -> None:
        """Do something at the first event of a kind, once the dialer has heard it."""

        async def hear(event: CallEvent) -> None:
            if isinstance(event, kind):
                self.bridge.on_event = None
                await do()

        self.bridge.on_event = hear

    async def leave(self, agent_id: int) -> None:
        """Let an agent sign out."""
        await self.write(lambda session: sign_out(session, agent_id, now=self.clock.now()))

    async def team(self, count: int) -> list[int]:
        """Let so many agents sit down."""
        return [await self.agent(f"Li {n}") for n in range(count)]

    async def decisions(self) -> Sequence[AnyRow]:
        """Return every decision on file, in order."""
        return await self.rows(sa.select(_DECISION).order_by(_DECISION.c.at, _DECISION.c.n))

    def _e164(self, number: int) -> str:
        return f"{self.prefix}{number:06}"

    async def _speak(self, line: Line) -> None:
        room = self.carrier.rooms.room_of(line.order.attempt_id)
        if self.talk_times is not None:
            self.talks_s = self.talk_times.lognormvariate(4.0, 0.7)
        await super()._speak(line)
        if room is not None:
            self.clock.spawn(self._write_down(room))

    async def _write_down(self, room: str) -> None:
        await self.clock.sleep(self.writes_s)
        of_room = sa.select(_AGENT.c.agent_id, _AGENT.c.state).where(_AGENT.c.room == room)
        (agent,) = await self.rows(of_room)
        if agent.state is AgentState.WRAP_UP:
            await self.wrap_up(agent.agent_id, WrapUpCode.SATISFIED)
            self.engine.nudge()


def people(count: int, *, answering: float, seed: int = 1) -> list[Behaviour]:
    """Return so many phones, this share of them picked up by a person."""
    rng = random.Random(seed)
    return [answers() if rng.random() < answering else RINGS_OUT for _ in range(count)]
