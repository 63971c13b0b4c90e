"""Agents' phones on several servers: who is where, by what the servers tell and list."""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from core.clock import VirtualClock
from core.ids import IdSource
from core.phone import PhoneNumber
from dialer.bridges.asterisk.dialect import CallerIds, Dialect
from dialer.bridges.asterisk.legs import Leg, Part, leg_id, read_leg
from dialer.bridges.asterisk.lines import Asked, ManagerEvent, ManagerGoneError, Server
from dialer.bridges.asterisk.parts import Board
from dialer.bridges.asterisk.rooms import AsteriskRooms
from dialer.bridges.asterisk.trunk import Trunk
from dialer.bridges.floor import PhoneTrouble
from dialer.bridges.port import BridgeError, TrunkLimits

NOON = datetime(2026, 5, 20, 4, tzinfo=UTC)
ROOM, PHONE = "agent-7", "PJSIP/101"
OFFICE = PhoneNumber("+862151082000")


class Told:
    """One Asterisk that takes every action and tells what a test says."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.place = f"{name}:5038"
        self.is_up = True
        self.did: list[tuple[str, dict[str, str]]] = []
        self.channels: list[ManagerEvent] = []
        self._hear: dict[str, list[Callable[[ManagerEvent], None]]] = {}
        self._meet: list[Callable[[], Awaitable[None]]] = []

    async def act(
        self,
        action: str,
        headers: Mapping[str, str] | None = None,
        *,
        variables: Mapping[str, str] | None = None,
        within_s: float = 5.0,
    ) -> Mapping[str, str]:
        if not self.is_up:
            message = f"{self.name} is away"
            raise ManagerGoneError(message)
        self.did.append((action, {**(headers or {}), **(variables or {})}))
        return {}

    def has_let(self, action: str) -> bool:
        return self.is_up

    async def act_in_turn(self, first: Asked, then: Asked, *, within_s: float = 5.0) -> None:
        for asked in (first, then):
            await self.act(asked.action, asked.headers, variables=asked.variables)

    async def list(
        self, action: str, headers: Mapping[str, str] | None = None
    ) -> list[ManagerEvent]:
        return self.channels

    def on(self, name: str, hear: Callable[[ManagerEvent], None]) -> None:
        self._hear.setdefault(name, []).append(hear)

    def on_connected(self, meet: Callable[[], Awaitable[None]]) -> None:
        self._meet.append(meet)

    async def connects(self) -> None:
        self.is_up = True
        for meet in self._meet:
            await meet()

    def tell(self, event: str, channel_id: str, **headers: str) -> None:
        for hear in self._hear.get(event, []):
            hear(ManagerEvent(name=event, headers={"Uniqueid": channel_id, **headers}))

    def joins(self, channel_id: str, room: str = ROOM) -> None:
        self.tell("ConfbridgeJoin", channel_id, Conference=room, Channel="PJSIP/101-0001")

    def done(self, action: str) -> Sequence[dict[str, str]]:
        return [headers for name, headers in self.did if name == action]


class Lines:
    """As much of the calls as rooms ask for."""

    def __init__(self) -> None:
        self.up: dict[UUID, Server] = {}
        self.told: list[tuple[UUID, str]] = []
        self.over: list[Callable[[UUID], None]] = []

    def call(self, _: UUID) -> None:
        return None

    def server(self, attempt_id: UUID) -> Server | None:
        return self.up.get(attempt_id)

    async def in_room(self, attempt_id: UUID, room: str) -> None:
        self.told.append((attempt_id, room))

    def on_over(self, hear: Callable[[UUID], None]) -> None:
        self.over.append(hear)


class House:
    """Rooms over two servers, both connected."""

    def __init__(self, *, draining: str = "") -> None:
        self.clock = VirtualClock(NOON)
        self.ids = IdSource(self.clock, random.Random(1))
        self.one, self.two = Told("one"), Told("two")
        self.lines = Lines()
        self.rooms = AsteriskRooms(ids=self.ids, recordings=self)  # type: ignore[arg-type]  # no recording is asked of it
        self.board = Board(
            clock=self.clock,
            trunks={
                each.name: Trunk(
                    limits=TrunkLimits(name=each.name, channels=9, calls_per_second=9),
                    server=each,
                    dialect=Dialect.read("PJSIP/{digits}@trunk", region="CN"),
                    caller_ids=CallerIds(),
                    draining=each.name == draining,
                )
                for each in (self.one, self.two)
            },
            lines=self.lines,  # type: ignore[arg-type]  # rooms ask for no more of it
            sink=None,  # type: ignore[arg-type]  # rooms tell nothing by themselves
            host=None,  # type: ignore[arg-type]
            inbound=None,
        )

    async def open(self) -> "House":
        await self.rooms.start(self.board)
        await self.one.connects()
        await self.two.connects()
        return self

    async def seat(self, room: str = ROOM) -> tuple[Told, str]:
        """Ring a phone; return the server it is rung from, and the channel's id."""
        before = {each.name: len(each.done("Originate")) for each in (self.one, self.two)}
        await self.rooms.seat(room, PHONE)
        for each in (self.one, self.two):
            if len(each.done("Originate")) > before[each.name]:
                return each, each.done("Originate")[-1]["ChannelId"]
        message = "no phone was rung"
        raise AssertionError(message)

    async def settle(self) -> None:
        await self.clock.drive(self.clock.now() + timedelta(milliseconds=1))


@pytest.fixture
async def house() -> House:
    return await House().open()


@pytest.mark.parametrize("part", Part)
def test_the_id_of_a_channel_of_ours_says_what_it_is_there_for(part: Part) -> None:
    call_id = UUID(int=5) if part is Part.GUEST else None
    channel_id = leg_id(part, "agent-7-x", unique=UUID(int=9), call_id=call_id)
    assert read_leg(channel_id, "here") == Leg(
        part=part,
        room="agent-7-x",
        place="here",
        channel_id=channel_id,
        made=UUID(int=9),
        call_id=call_id,
    )


@pytest.mark.parametrize(
    "channel_id",
    [
        "",
        "1795332511.5",
        "seat",
        "seat-",
        "seat-agent-7",
        f"seat-{UUID(int=1).hex}",
        str(UUID(int=3)),
    ],
)
def test_other_channels_are_none_of_ours(channel_id: str) -> None:
    assert read_leg(channel_id, "here") is None


async def test_phones_are_shared_out_among_the_servers(house: House) -> None:
    rung = {(await house.seat(f"agent-{number}"))[0].name for number in (1, 2)}
    assert rung == {"one", "two"}


async def test_a_server_that_drains_gets_no_phones() -> None:
    house = await House(draining="one").open()
    for number in range(3):
        server, _ = await house.seat(f"agent-{number}")
        assert server is house.two


async def test_a_phone_is_seated_from_when_it_joins_until_it_hangs_up(house: House) -> None:
    server, channel = await house.seat()
    assert house.rooms.seats() == {}
    server.joins(channel)
    assert house.rooms.seats() == {ROOM: server.place}
    server.tell("Hangup", channel, Cause="16", ChannelStateDesc="Up")
    assert (house.rooms.seats(), house.rooms.troubles()) == ({}, {ROOM: PhoneTrouble.HUNG_UP})


@pytest.mark.parametrize("response_first", [True, False], ids=["response first", "hang-up first"])
@pytest.mark.parametrize(
    ("cause", "state", "trouble"),
    [
        ("17", "Down", PhoneTrouble.BUSY),
        ("21", "Down", PhoneTrouble.REJECTED),
        ("19", "Ringing", PhoneTrouble.NO_ANSWER),
        ("19", "Down", PhoneTrouble.UNREACHABLE),
        ("1", "Down", PhoneTrouble.UNREACHABLE),
    ],
)
async def test_the_hang_up_says_why_a_phone_was_not_had_whenever_it_is_told(
    house: House, cause: str, state: str, trouble: PhoneTrouble, response_first: bool
) -> None:
    server, channel = await house.seat()

    def response() -> None:
        server.tell("OriginateResponse", channel, Response="Failure", Reason="0")

    if response_first:
        response()
    server.tell("Hangup", channel, Cause=cause, ChannelStateDesc=state)
    if not response_first:
        response()
    assert house.rooms.troubles() == {ROOM: trouble}


async def test_a_server_that_dies_gives_up_its_phones_after_a_while(house: House) -> None:
    server, channel = await house.seat()
    server.joins(channel)
    server.is_up = False
    assert house.rooms.seats() == {}
    await house.rooms.seat(ROOM, PHONE)
    other = house.two if server is house.one else house.one
    assert other.done("Originate") == [], "it may be back in a moment, with the phone in its room"
    await house.clock.drive(NOON + timedelta(seconds=11))
    assert house.rooms.seats() == {}
    again, second = await house.seat()
    assert again is other
    other.joins(second)
    assert house.rooms.seats() == {ROOM: other.place}


async def test_a_phone_found_on_two_servers_is_hung_up_where_it_was_first(house: House) -> None:
    server, channel = await house.seat()
    server.joins(channel)
    server.is_up = False
    house.rooms.seats()
    await house.clock.drive(NOON + timedelta(seconds=11))
    house.rooms.seats()
    other, second = await house.seat()
    other.joins(second)
    server.channels = [_conference(channel, ROOM)]
    await server.connects()
    await house.settle()
    assert [each["Channel"] for each in server.done("Hangup")] == [channel]
    assert house.rooms.seats() == {ROOM: other.place}


async def test_nothing_told_while_a_list_is_read_is_forgotten(house: House) -> None:
    server, channel = await house.seat()
    server.joins(channel)
    late = leg_id(Part.SEAT, "agent-8", unique=house.ids.new())
    original = server.list

    async def meanwhile(
        action: str, headers: Mapping[str, str] | None = None
    ) -> list[ManagerEvent]:
        server.joins(late, "agent-8")
        server.tell("Hangup", channel, Cause="16", ChannelStateDesc="Up")
        return await original(action, headers)

    server.list = meanwhile  # type: ignore[method-assign]  # events in the middle of a list
    server.channels = [_conference(channel, ROOM)]
    await server.connects()
    assert house.rooms.seats() == {"agent-8": server.place}


async def test_a_phone_that_went_while_nobody_listened_is_missed(house: House) -> None:
    server, channel = await house.seat()
    server.joins(channel)
    await server.connects()
    assert (house.rooms.seats(), house.rooms.troubles()) == ({}, {ROOM: PhoneTrouble.HUNG_UP})


async def test_who_was_invited_stays_no_longer_than_the_call(house: House) -> None:
    server, channel = await house.seat()
    server.joins(channel)
    call = house.ids.new()
    house.lines.up[call] = server
    server.joins(str(call))
    await house.settle()
    assert house.lines.told == [(call, ROOM)]
    await house.rooms.invite(call, ROOM, OFFICE, caller_id="")
    guest = server.done("Originate")[-1]
    assert guest["Channel"] == "PJSIP/862151082000@trunk"
    server.joins(guest["ChannelId"])
    for over in house.lines.over:
        over(call)
    await house.settle()
    assert [each["Channel"] for each in server.done("Hangup")] == [guest["ChannelId"]]


async def test_a_call_is_not_moved_to_a_room_on_another_server(house: House) -> None:
    server, channel = await house.seat()
    server.joins(channel)
    call = house.ids.new()
    house.lines.up[call] = house.two if server is house.one else house.one
    with pytest.raises(BridgeError, match="hangs on") as refused:
        await house.rooms.move_to_room(call, ROOM)
    assert not refused.value.retryable


async def test_a_phone_that_may_be_on_a_server_not_asked_yet_is_not_rung_before() -> None:
    house = House()
    server = house.two
    channel = leg_id(Part.SEAT, ROOM, unique=house.ids.new())
    server.channels = [_conference(channel, ROOM)]
    server.is_up = False
    await house.rooms.start(house.board)
    await house.one.connects()
    await house.rooms.seat(ROOM, PHONE)
    await house.settle()
    assert house.one.done("Originate") == []
    await server.connects()
    await house.clock.drive(NOON + timedelta(seconds=1))
    assert house.rooms.seats() == {ROOM: server.place}
    assert house.one.done("Originate") == server.done("Originate") == []


async def test_no_server_to_ring_from_is_a_trouble_of_its_own(house: House) -> None:
    house.one.is_up = house.two.is_up = False
    house.rooms.seats()
    await house.clock.drive(NOON + timedelta(seconds=11))
    with pytest.raises(BridgeError, match="no Asterisk is up") as refused:
        await house.rooms.seat(ROOM, PHONE)
    assert refused.value.retryable
    assert house.rooms.troubles() == {ROOM: PhoneTrouble.UNREACHABLE}


@pytest.mark.parametrize("endpoint", ["PJSIP/1\r\nAction: Logoff", "PJSIP/${HOST}", "a,b"])
async def test_an_endpoint_cannot_say_more_than_it_means(house: House, endpoint: str) -> None:
    with pytest.raises(BridgeError, match="may not be sent"):
        await house.rooms.seat(ROOM, endpoint)
    assert not [*house.one.done("Originate"), *house.two.done("Originate")]


def _conference(channel_id: str, room: str) -> ManagerEvent:
    headers = {
        "Uniqueid": channel_id,
        "Channel": "PJSIP/101-0001",
        "Application": "ConfBridge",
        "ApplicationData": f"{room},ownerline_room,ownerline_agent",
    }
    return ManagerEvent(name="CoreShowChannel", headers=headers)
