"""A carrier of several dialers: who hears what, what is lost with a connection, who may come in."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from core.phone import PhoneNumber
from dialer.bridges.port import (
    BridgeError,
    CallAnswered,
    CallEnded,
    CallSubmitted,
    Capabilities,
    FateKind,
    SubmissionUnknownError,
    TrunkLimits,
)
from dialer.bridges.simulated.remote.address import CarrierAddress, CarrierAddressError
from dialer.bridges.simulated.remote.client import CarrierUnreachableError, RemoteSimulatedBridge
from dialer.bridges.simulated.remote.wire import LONGEST_LINE, PAGE, Welcome, line_of
from dialer.model import TelephonyResult
from scripts.model import Reply, ReplyKind, Turn
from tests.integration.dialer.bridges.remote_rig import TOKEN, RemoteRig, remote_rig
from tests.unit.dialer.bridges.stand_ins import OTHER_PHONE, PHONE, Ear, Phone, Script, call

ATTEMPT = call(1).attempt_id


@pytest.fixture
async def rig() -> AsyncIterator[RemoteRig]:
    async with remote_rig() as rig:
        yield rig


class Stuck(Script):
    """A script host that takes a reply and never gets to answer it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.let_go = asyncio.Event(), asyncio.Event()

    async def reply(self, attempt_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
        self.asked.set()
        await self.let_go.wait()
        return await super().reply(attempt_id, reply, key=key)


class Broken(Script):
    """A script host whose database has gone."""

    async def reply(self, attempt_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
        raise ConnectionError


# Several dialers.


async def test_each_dialer_hears_of_the_calls_it_placed(rig: RemoteRig) -> None:
    ears = Ear(), Ear()
    bridges = rig.bridge, await rig.another()
    for n, (bridge, number) in enumerate(zip(bridges, (PHONE, OTHER_PHONE), strict=True)):
        rig.phone(number, Phone.BUSY)
        await bridge.start(ears[n], Script())
        await bridge.originate(call(n, number))
    await rig.until_over()
    for n, ear in enumerate(ears):
        assert {event.attempt_id for event in ear.events} == {call(n).attempt_id}
        assert ear.end(call(n).attempt_id).result is TelephonyResult.BUSY


async def test_who_asks_for_the_fate_of_a_live_call_carries_it_from_then_on(rig: RemoteRig) -> None:
    first, second, script = Ear(), Ear(), Script()
    other = await rig.another()
    rig.phone(PHONE, Phone.PRESSES_ONE)
    await rig.bridge.start(first, Script())
    await other.start(second, script)
    await rig.bridge.originate(call(1))
    await rig.until_ringing()
    await rig.bridge.close()
    assert (await other.fate(ATTEMPT)).kind is FateKind.LIVE
    await rig.until_over()
    assert CallAnswered not in first.kinds(ATTEMPT)
    assert second.kinds(ATTEMPT) == [CallAnswered, CallEnded]
    assert script.replies[ATTEMPT] == [Reply(kind=ReplyKind.KEYS, value="1")]


async def test_a_reply_is_never_brought_twice_who_goes_on_with_the_talk_hears_silence(
    rig: RemoteRig,
) -> None:
    stuck, script = Stuck(), Script(questions=2)
    other = await rig.another()
    rig.phone(PHONE, Phone.PRESSES_ONE)
    await rig.bridge.start(Ear(), stuck)
    await other.start(Ear(), script)
    script.replies[ATTEMPT] = []  # the first dialer has opened the talk
    await rig.bridge.originate(call(1))
    over = asyncio.create_task(rig.local.until_over())
    await stuck.asked.wait()
    assert (await other.fate(ATTEMPT)).kind is FateKind.LIVE
    closing = asyncio.create_task(rig.bridge.close())
    await over
    stuck.let_go.set()
    await closing
    assert script.replies[ATTEMPT][0] == Reply(kind=ReplyKind.SILENCE)
    (ended,) = rig.carrier.ledger.calls()
    assert ended.result is TelephonyResult.ANSWERED


async def test_with_nobody_there_the_person_says_hello_and_hangs_up(rig: RemoteRig) -> None:
    rig.phone(PHONE, Phone.LISTENS)
    ear = Ear()
    await rig.bridge.start(ear, Script())
    await rig.bridge.originate(call(1))
    await rig.until_ringing()
    told = len(ear.events)
    await rig.bridge.close()
    await rig.until_over()
    (ended,) = rig.carrier.ledger.calls()
    assert ended.result is TelephonyResult.ANSWERED
    assert 15 < ended.talk_seconds < 30
    assert len(ear.events) == told


async def test_a_dialer_that_comes_back_asks_what_it_missed(rig: RemoteRig) -> None:
    rig.phone(PHONE, Phone.BUSY)
    await rig.bridge.start(Ear(), Script())
    await rig.bridge.originate(call(1))
    await rig.bridge.close()
    await rig.until_over()
    again = await rig.another()
    fate = await again.fate(ATTEMPT)
    assert fate.ended is not None
    assert fate.ended.result is TelephonyResult.BUSY


async def test_a_host_that_breaks_down_loses_its_call_and_no_other(rig: RemoteRig) -> None:
    ear = Ear()
    for number in (PHONE, OTHER_PHONE):
        rig.phone(number, Phone.PRESSES_ONE)
    await rig.bridge.start(ear, Broken())
    await rig.bridge.originate(call(1))
    await rig.until_over()
    assert ear.end(ATTEMPT).result is TelephonyResult.ANSWERED
    await rig.bridge.originate(call(2, OTHER_PHONE))
    await rig.until_over()
    assert ear.kinds(call(2).attempt_id)[0] is CallSubmitted


def talk(rig: RemoteRig) -> list[tuple[str | None, ...]]:
    lines = map(json.loads, rig.talks)
    return [tuple(line[name] for name in ("asked", "reply", "value", "then")) for line in lines]


async def test_the_carrier_keeps_what_was_asked_and_taken_in_a_talk(rig: RemoteRig) -> None:
    rig.phone(PHONE, Phone.PRESSES_ONE)
    await rig.bridge.start(Ear(), Script())
    await rig.bridge.originate(call(1))
    await rig.until_over()
    assert talk(rig) == [
        (None, "open", "human", "question-0"),
        ("question-0", "keys", "1", "bye"),
    ]


async def test_the_carrier_keeps_what_a_dialer_broke_down_over(rig: RemoteRig) -> None:
    rig.phone(PHONE, Phone.PRESSES_ONE)
    await rig.bridge.start(Ear(), Broken())
    await rig.bridge.originate(call(1))
    await rig.until_over()
    assert talk(rig)[1] == ("question-0", "keys", "1", None)


async def test_a_long_book_is_read_a_page_at_a_time(rig: RemoteRig) -> None:
    began = rig.now()
    count = PAGE + 3
    for n in range(count):
        number = PhoneNumber(f"+8613800{n:06}")
        rig.phone(number, Phone.DEAD)
        rig.carrier.place(call(n, number), max_seconds=60)
        await rig.local.clock.drive(rig.now() + timedelta(seconds=5))
    placed = await rig.bridge.placed_since(began)
    assert placed is not None
    assert [each.attempt_id for each in placed] == [call(n).attempt_id for n in range(count)]
    assert await rig.bridge.placed_since(rig.now()) == ()


# What breaks on the way.


@asynccontextmanager
async def rude_carrier(
    answers: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[CarrierAddress]:
    """A carrier that welcomes everybody, and then does as it likes."""
    welcome = Welcome(
        trunks=(TrunkLimits(name="a", channels=2, calls_per_second=5),),
        capabilities=Capabilities(),
        max_seconds=60,
    )

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(line_of(welcome))
        await answers(reader, writer)
        writer.close()

    server, address = await CarrierAddress.parse("127.0.0.1:0").listen(serve)
    async with server:
        yield address


async def test_a_connection_lost_in_the_middle_of_a_submission_leaves_its_fate_unknown() -> None:
    async def hangs_up_on_requests(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readline()

    async with rude_carrier(hangs_up_on_requests) as address:
        bridge = await RemoteSimulatedBridge.reach(address, within_s=0.3)
        await bridge.start(Ear(), Script())
        with pytest.raises(SubmissionUnknownError, match="ask for its fate"):
            await bridge.originate(call(1))
        assert (await bridge.fate(ATTEMPT)).kind is FateKind.UNKNOWN
        with pytest.raises(BridgeError) as refused:
            await bridge.live()
        assert refused.value.retryable
        await bridge.close()


@pytest.mark.parametrize(
    "said",
    [b"hello?\n", b'{"kind": "news", "event": "CallSang", "facts": {}}\n', b"x" * LONGEST_LINE],
    ids=["no frame", "no such event", "too long"],
)
async def test_what_a_carrier_should_not_say_costs_it_the_connection(said: bytes) -> None:
    connections = 0
    ear = Ear()

    async def babbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.write(said)
        await reader.readline()

    async with rude_carrier(babbles) as address:
        bridge = await RemoteSimulatedBridge.reach(address, within_s=0.3)
        await bridge.start(ear, Script())
        assert (await bridge.fate(ATTEMPT)).kind is FateKind.UNKNOWN
        await bridge.close()
    assert connections > 2
    assert ear.events == []


async def test_a_dialer_reconnects_and_still_carries_its_calls(tmp_path: Path) -> None:
    async with remote_rig(f"unix:{tmp_path / 'carrier'}") as rig:
        ear = Ear()
        rig.phone(PHONE, Phone.RINGS_OUT)
        await rig.bridge.start(ear, Script())
        await rig.bridge.originate(call(1))
        await rig.until_ringing()
        await rig.server.close()
        await rig.server.start(rig.address)
        assert await rig.bridge.live() == (ATTEMPT,)
        await rig.until_over()
        assert ear.end(ATTEMPT).result is TelephonyResult.NO_ANSWER


# Who may come in.


async def test_without_the_token_nobody_comes_in(rig: RemoteRig) -> None:
    for token in ("", TOKEN[:-1], TOKEN + "!"):
        with pytest.raises(CarrierUnreachableError, match="token is not the carrier's"):
            await RemoteSimulatedBridge.reach(rig.address, token=token)


@pytest.mark.parametrize(
    "said",
    [
        b"\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b'{"kind": "hello"}\n',
        b'{"kind": "request", "number": 0, "ask": {"do": "stop_all"}}\n',
        b"[" * 100_000 + b"\n",
        b"x" * (LONGEST_LINE + 10),
    ],
    ids=["nothing", "a browser", "no dialer", "unasked", "too deep", "too long"],
)
async def test_a_stranger_is_told_nothing_and_stops_nothing(rig: RemoteRig, said: bytes) -> None:
    rig.phone(PHONE, Phone.RINGS_OUT)
    await rig.bridge.start(Ear(), Script())
    await rig.bridge.originate(call(1))
    reader, writer = await rig.address.connect()
    writer.write(said)
    writer.write_eof()
    try:
        assert await reader.read() == b""
    except ConnectionError:
        assert len(said) > LONGEST_LINE  # hung up on in mid-sentence
    writer.close()
    assert await rig.bridge.live() == (ATTEMPT,)


async def test_a_socket_file_is_its_owners_alone_and_replaces_a_dead_carriers(
    tmp_path: Path,
) -> None:
    path = tmp_path / "carrier"
    for _ in range(2):
        async with remote_rig(f"unix:{path}") as rig:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert await rig.bridge.live() == ()


@pytest.mark.parametrize(
    "text", ["", "5000", "0.0.0.0:5000", "example.com:5000", "127.0.0.1:x", "127.0.0.1:70000"]
)
def test_an_address_of_another_machine_is_refused(text: str) -> None:
    with pytest.raises(CarrierAddressError, match="on this machine"):
        CarrierAddress.parse(text)
