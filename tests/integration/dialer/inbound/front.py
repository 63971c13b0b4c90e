"""A front desk for tests: people ring us, press keys, and hang up."""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from callback.packs import shipped_packs
from core.clock import Clock
from core.ids import IdSource
from core.phone import PhoneNumber
from dialer.agents import service
from dialer.agents.calls import AgentCalls
from dialer.agents.desk import Desk
from dialer.agents.phones import Phones
from dialer.agents.reserving import Transfers
from dialer.agents.tables import Agent
from dialer.bridges.inbound import InboundCall
from dialer.bridges.port import Bridge
from dialer.inbound.agents import FloorColleagues
from dialer.inbound.desk import InboundHost
from dialer.inbound.service import InboundRules
from dialer.inbound.tables import InboundRow
from dialer.outcome import Settlement
from dialer.talk import TalkHost, TalkRules
from scripts.library import load_library
from scripts.model import Reply, ReplyKind, Turn
from tests.integration.dialer.day import Day
from tests.integration.dialer.green_homes import GREEN_HOMES

OURS = "075586010000"


@dataclass(kw_only=True)
class Ringing:
    """A call that came in, from its caller's side."""

    desk: InboundHost
    day: Day
    call: InboundCall
    turns: list[Turn] = field(default_factory=list)

    @property
    def call_id(self) -> UUID:
        """The call's id."""
        return self.call.call_id

    @property
    def said(self) -> str:
        """All that was heard."""
        return " ".join(sentence for turn in self.turns for sentence in turn.say)

    async def listen(self) -> "Ringing":
        """Hear the first turn, or the next one after being put through to nobody."""
        self.turns.append(await self.desk.open(self.call_id))
        return self

    async def press(self, *keys: str) -> "Ringing":
        """Answer prompt after prompt; "" is silence."""
        for each in keys:
            kind = ReplyKind.KEYS if each else ReplyKind.SILENCE
            self.turns.append(await self.desk.reply(self.call_id, Reply(kind=kind, value=each)))
        return self

    async def speak(self) -> "Ringing":
        """Leave a word."""
        await self.desk.recorded(self.call_id, "recording-1", "asterisk:word.wav", 4.5)
        spoken = Reply(kind=ReplyKind.RECORDING, value="recording-1", seconds=4.5)
        self.turns.append(await self.desk.reply(self.call_id, spoken))
        return self

    async def hang_up(self) -> InboundRow:
        """End the call half a minute later; returns it as it is on file."""
        await self.day.until(self.day.clock.now() + timedelta(seconds=30))
        await self.desk.ended(self.call.channel, self.day.clock.now())
        return await self.row()

    async def row(self) -> InboundRow:
        """Return the call as it is on file."""
        async with self.day.sessions() as session:
            found = await session.get(InboundRow, self.call_id)
        assert found is not None
        return found


class Front:
    """Where people ring."""

    def __init__(self, day: Day, *, is_real: bool = False, clock: Clock | None = None) -> None:
        self._day = day
        self._clock = clock or day.clock
        self._ids = IdSource(self._clock, random.Random(7))
        library = load_library()
        self._house = GREEN_HOMES
        self._settlement = Settlement(campaigns=day.campaigns, library=library)
        self._colleagues: FloorColleagues | None = None
        self._followers: tuple[AgentCalls, ...] = ()
        self._talk = self._talk_host(None)
        self._is_real = is_real
        self.desk = self.another_desk()

    def with_agents(self, bridge: Bridge) -> "Front":
        """Let callers be put through to agents who are signed in, with phones of the bridge."""
        desk = Desk(
            settlement=self._settlement,
            packs=shipped_packs(),
            bridge=bridge.name,
            bridge_is_real=bridge.is_real,
        )
        phones = Phones(bridge)
        calls = AgentCalls(desk, ids=self._ids, phones=phones)
        self._followers = (calls,)
        self._talk = self._talk_host(Transfers(desk, phones=phones, calls=calls))
        self._colleagues = FloorColleagues(desk, phones=phones)
        self.desk = self.another_desk()
        return self

    @property
    def talk(self) -> TalkHost:
        """Who speaks of what callers are due."""
        return self._talk

    def _talk_host(self, transfers: Transfers | None) -> TalkHost:
        settlement = self._settlement
        return TalkHost(
            sessions=self._day.sessions,
            clock=self._clock,
            rules=TalkRules(
                library=settlement.library, campaigns=settlement.campaigns, house=self._house
            ),
            transfers=transfers,
        )

    def another_desk(self) -> InboundHost:
        """Return a desk of another process."""
        return InboundHost(
            sessions=self._day.sessions,
            clock=self._clock,
            ids=self._ids,
            talk=self._talk,
            settlement=self._settlement,
            house=self._house,
            rules=InboundRules(
                bridge="simulated",
                is_real=self._is_real,
                region="CN",
                time_zone="Asia/Shanghai",
                currency="CNY",
                communities={"+8675586010000": "Garden"},
            ),
            colleagues=self._colleagues,
            followers=self._followers,
        )

    def call(self, caller: str | None, *, dialled: str = OURS) -> InboundCall:
        """Return a call as a bridge tells it."""
        call_id = self._ids.new()
        return InboundCall(
            call_id=call_id,
            at=self._day.clock.now(),
            channel=f"a:5038/{call_id.int % 1_000_000}",
            caller=None if caller is None else PhoneNumber(caller),
            dialled=dialled,
            trunk="a",
        )

    async def rings(self, caller: str | None, *, dialled: str = OURS) -> Ringing:
        """Let somebody ring, and hear the first turn."""
        call = self.call(caller, dialled=dialled)
        assert await self.desk.take(call)
        return await Ringing(desk=self.desk, day=self._day, call=call).listen()

    async def agent(self, name: str, *, endpoint: str | None = None) -> Agent:
        """Let an agent sit down."""
        async with self._day.sessions.begin() as session:
            now = self._clock.now()
            agent_id = await service.add_agent(session, name=name, endpoint=endpoint, now=now)
            await service.sign_in(session, agent_id, now=now)
        return await self.agent_now(agent_id)

    async def agent_now(self, agent_id: int) -> Agent:
        """Return an agent as they stand."""
        async with self._day.sessions() as session:
            return await session.get_one(Agent, agent_id)

    async def rows(self) -> list[InboundRow]:
        """Return every call that came in, oldest first."""
        async with self._day.sessions() as session:
            found = await session.scalars(sa.select(InboundRow).order_by(InboundRow.call_id))
            return list(found)
