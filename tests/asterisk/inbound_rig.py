"""A front desk on a real Asterisk: phones ring in, and what each hears and presses is known."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from customers.model import Language
from dialer.bridges.asterisk.agi.talks import AsteriskTalks
from dialer.bridges.asterisk.arrivals import Arrivals
from dialer.bridges.asterisk.bridge import AsteriskBridge
from dialer.bridges.asterisk.rooms import AsteriskRooms
from dialer.bridges.inbound import InboundCall, InboundDesk
from dialer.inbound.tables import InboundRow
from scripts.model import Reply, Turn
from tests.asterisk.control_rig import CLOCK, IDS, Listener, make_bridge
from tests.asterisk.floor_rig import Recordings
from tests.asterisk.kit.manager import Manager, Message
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Does, Phones
from tests.asterisk.talk_rig import Host, Voices
from tests.integration.dialer.inbound.front import Front

T = TypeVar("T")

OURS = "075586010000"
WITHIN_S = 10.0


class HeardDesk:
    """The real desk; keeps every turn and tells when something has been done."""

    def __init__(self, desk: InboundDesk) -> None:
        self.desk = desk
        self.calls: list[InboundCall] = []
        self.taken: list[UUID] = []
        self.turns: list[Turn] = []
        self.replies: list[Reply] = []
        self.ends: list[str] = []
        self.compared: list[str] = []
        self.changed = asyncio.Event()

    async def take(self, call: InboundCall) -> bool:
        taken = await self.desk.take(call)
        self.calls.append(call)
        self.taken += [call.call_id] if taken else []
        return self._noted(taken)

    async def open(self, call_id: UUID, *, key: str | None = None) -> Turn:
        return self._turn(await self.desk.open(call_id, key=key))

    async def reply(self, call_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
        turn = await self.desk.reply(call_id, reply, key=key)
        self.replies.append(reply)
        return self._turn(turn)

    async def put_through(self, call_id: UUID, queue: str) -> str | None:
        return await self.desk.put_through(call_id, queue)

    async def recorded(self, call_id: UUID, name: str, location: str, seconds: float) -> None:
        await self.desk.recorded(call_id, name, location, seconds)

    async def ended(self, channel: str, at: datetime) -> None:
        await self.desk.ended(channel, at)
        self.ends.append(channel)
        self.changed.set()

    async def compare(self, trunk: str, up: Collection[str], at: datetime) -> None:
        await self.desk.compare(trunk, up, at)
        self.compared.append(trunk)
        self.changed.set()

    async def missed(self, call: InboundCall) -> None:
        await self.desk.missed(call)
        self.calls.append(call)
        self.changed.set()

    def _turn(self, turn: Turn) -> Turn:
        self.turns.append(turn)
        return self._noted(turn)

    def _noted(self, value: T) -> T:
        self.changed.set()
        return value


@dataclass(kw_only=True)
class InboundRig:
    """A started bridge with a desk, and the phones that ring it."""

    bridge: AsteriskBridge
    rooms: AsteriskRooms
    desk: HeardDesk
    front: Front
    phones: Phones
    voices: Voices
    ear: Listener = field(default_factory=Listener)

    async def rings(self, caller: str, *, withheld: bool = False, turns: int = 1) -> None:
        """Let a phone ring us and hear so many turns; it is silent by itself."""
        await self.phones.ring(OURS, caller=caller, does=Does.SILENT, withheld=withheld)
        await self.until_turns(turns)

    async def press(self, caller: str, *keys: str) -> None:
        """Press keys, each after the turn before has come."""
        for each in keys:
            heard = len(self.desk.turns)
            await self.phones.press(caller, each)
            await self.until_turns(heard + 1)

    async def until_turns(self, number: int) -> None:
        await self.until(lambda: len(self.desk.turns) >= number, f"{number} turns")

    async def until_ended(self, number: int = 1) -> list[InboundRow]:
        """Wait until so many ends were told; returns the calls on file."""
        await self.until(lambda: len(self.desk.ends) >= number, f"{number} ends")
        return await self.front.rows()

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                while not holds():
                    self.desk.changed.clear()
                    await self.desk.changed.wait()
        except TimeoutError:
            heard = [turn.step for turn in self.desk.turns]
            message = f"not within {WITHIN_S} s: {what}; {heard}, {self.desk.replies}"
            raise AssertionError(message) from None

    def recording_at(self, watcher: Manager) -> asyncio.Event:
        """Return what is set once Asterisk takes a word down."""
        begun = asyncio.Event()

        def hear(event: Message) -> None:
            if event["Event"] == "AGIExecStart" and "RECORD FILE" in event["Command"]:
                begun.set()

        watcher.listen(hear)
        return begun

    async def until_seated(self, room: str) -> None:
        """Wait until an agent's phone is in its room."""
        async with asyncio.timeout(WITHIN_S):
            while room not in self.rooms.seats():  # noqa: ASYNC110 - rooms tell in several ways
                await asyncio.sleep(0.01)

    async def until_hearing_one_another(self, lines: int) -> None:
        """Wait until so many lines are in one room."""
        (server,) = self.bridge.servers
        async with asyncio.timeout(WITHIN_S):
            while True:
                channels = await server.list("CoreShowChannels")
                if sum(bool(each.get("BridgeId")) for each in channels) == lines:
                    return
                await asyncio.sleep(0.02)

    @property
    def said(self) -> str:
        """All that was said on all calls."""
        return " ".join(sentence for turn in self.desk.turns for sentence in turn.say)


@contextlib.asynccontextmanager
async def inbound_rig(
    pair: Pair, phones: Phones, front: Front, *, agents: bool = False
) -> AsyncIterator[InboundRig]:
    """Hold a started bridge whose calls come in to the desk of `front`, with agents or without."""
    rooms = AsteriskRooms(ids=IDS, recordings=Recordings(), ring_s=1.0)  # type: ignore[arg-type]  # rooms ask for no more
    voices = Voices(pair.shared)
    talks = AsteriskTalks(clock=CLOCK, sounds=voices, ids=IDS, folder=pair.shared, rooms=rooms)
    arrivals = Arrivals(ids=IDS, reach=talks, region="CN", language=Language.MANDARIN)
    bridge = make_bridge(pair, talks=talks, rooms=rooms, arrivals=arrivals)
    if agents:
        front.with_agents(bridge)
    rig = InboundRig(
        bridge=bridge,
        rooms=rooms,
        desk=HeardDesk(front.desk),
        front=front,
        phones=phones,
        voices=voices,
    )
    await bridge.start(rig.ear, Host(turns=[]), inbound=rig.desk)
    try:
        await rig.until(lambda: bool(rig.desk.compared), "the calls on file are compared")
        yield rig
    finally:
        await bridge.close()
