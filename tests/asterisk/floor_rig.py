"""A bridge with rooms on a real Asterisk: agents' phones that speak, owners, supervisors."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from uuid import UUID

from core.phone import PhoneNumber
from customers.model import Language
from dialer.bridges.asterisk.agi.talks import AsteriskTalks
from dialer.bridges.asterisk.bridge import AsteriskBridge
from dialer.bridges.asterisk.rooms import AsteriskRooms
from dialer.bridges.port import CallInRoom, OutboundCall
from tests.asterisk.control_rig import CLOCK, IDS, Listener, make_bridge, order
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Does, Phones
from tests.asterisk.kit.sounds import Samples, likeness_in_pieces, speech
from tests.asterisk.talk_rig import Host, Voices

OWNER = PhoneNumber("+8613800138001")
OFFICE = PhoneNumber("+862151082000")
WITHIN_S = 10.0
_SAYS_S = 0.8
# A voice that comes through two encodings and a mix of three is still told from another's by far.
SAME_VOICE, OTHER_VOICE = 0.5, 0.25


class Recordings:
    """Keeps what talks and rooms ask of recordings."""

    def __init__(self) -> None:
        self.paused: list[UUID] = []
        self.resumed: list[UUID] = []

    async def pause(self, attempt_id: UUID) -> None:
        self.paused.append(attempt_id)

    async def resume(self, attempt_id: UUID) -> None:
        self.resumed.append(attempt_id)


@dataclass(kw_only=True)
class FloorRig:
    """A started bridge, its rooms, and the phones that are rung into them."""

    bridge: AsteriskBridge
    rooms: AsteriskRooms
    recordings: Recordings
    voices: Voices
    ear: Listener
    host: Host
    phones: Phones
    seeds: dict[str, int] = field(default_factory=dict)

    async def seat(self, *numbers: int) -> None:
        """Ring agents' phones, and wait until all are in their rooms."""
        for number in numbers:
            await self.rooms.seat(f"agent-{number}", f"PJSIP/agent-{number}")
        rooms = {f"agent-{number}" for number in numbers}
        await self.until(
            lambda: rooms <= self.rooms.seats().keys(), "the phones are in their rooms"
        )

    async def owner_in(self, room: str, to: PhoneNumber = OWNER) -> OutboundCall:
        """Ring an owner into a room; returns once they are in it."""
        call = order(to, room=room, room_within_s=5.0, language=Language.ENGLISH)
        await self.bridge.originate(call)
        await self.until_in(call, room)
        return call

    async def until_in(self, call: OutboundCall, room: str) -> CallInRoom:
        """Wait until an owner is told to be in a room."""

        def found() -> list[CallInRoom]:
            events = self.ear.of(call.attempt_id)
            return [each for each in events if isinstance(each, CallInRoom) and each.room == room]

        await self.until(lambda: bool(found()), f"the owner is in {room}")
        return found()[-1]

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not holds():  # noqa: ASYNC110 - rooms and ears tell in several ways
                await asyncio.sleep(0.005)
        assert holds(), what

    async def until_connected(self, lines: int) -> None:
        """Wait until so many lines hear one another, or spy: before that a word is lost."""
        (server,) = self.bridge.servers
        async with asyncio.timeout(WITHIN_S):
            while True:
                channels = await server.list("CoreShowChannels")
                hearing = [
                    each
                    for each in channels
                    if each.get("BridgeId") or each.get("Application") == "ChanSpy"
                ]
                if len(hearing) == lines:
                    return
                await asyncio.sleep(0.02)

    # Who says what, and who heard it.

    async def says(self, number: str, name: str) -> Samples:
        """Let a phone that is up say a little in a voice of this name."""
        voice = self.voice(name)
        await self.phones.say_out(number, self.phones.sound(name, voice))
        return voice

    def voice(self, name: str) -> Samples:
        """Return the voice of a name; no two are like one another."""
        return speech(_SAYS_S, seed=self.seeds.setdefault(name, 100 + len(self.seeds)))

    async def quiet(self, *numbers: str) -> None:
        """Let phones be silent when they are picked up, and keep what they hear."""
        for number in numbers:
            await self.phones.behave(number, Does.SILENT)
            await self.phones.tape(number)

    async def heard_by(self, number: str) -> "Heard":
        """Return what a phone has heard, once its call is over."""
        return Heard(await self.phones.heard(number), self)


@dataclass
class Heard:
    """What one phone heard of the voices of a test."""

    samples: Samples
    rig: FloorRig

    def __contains__(self, name: str) -> bool:
        like = likeness_in_pieces(self.rig.voice(name), self.samples)
        assert not OTHER_VOICE < like < SAME_VOICE, f"{name} is neither heard nor not: {like:.2f}"
        return like >= SAME_VOICE


@contextlib.asynccontextmanager
async def floor_rig(pair: Pair, phones: Phones, *, ring_s: float = 1.0) -> AsyncIterator[FloorRig]:
    """Hold a started bridge with rooms for the block; its phones stay where they are."""
    recordings = Recordings()
    rooms = AsteriskRooms(ids=IDS, recordings=recordings, ring_s=ring_s)  # type: ignore[arg-type]  # rooms ask for no more
    voices = Voices(pair.shared)
    talks = AsteriskTalks(clock=CLOCK, sounds=voices, ids=IDS, folder=pair.shared, rooms=rooms)
    bridge = make_bridge(pair, talks=talks, rooms=rooms)
    rig = FloorRig(
        bridge=bridge,
        rooms=rooms,
        recordings=recordings,
        voices=voices,
        ear=Listener(),
        host=Host(turns=[]),
        phones=phones,
    )
    await bridge.start(rig.ear, rig.host)
    try:
        await rig.until(
            lambda: all(rooms.is_known(each.place) for each in bridge.servers), "the floor is read"
        )
        yield rig
    finally:
        await bridge.close()
