"""The manager connection on a real Asterisk: broken, frozen, refused, killed, and made anew."""

import asyncio
import threading
from uuid import UUID

import pytest

from dialer.bridges.asterisk.ami import ManagerLoginError
from dialer.bridges.asterisk.lines import (
    ManagerDownError,
    ManagerEvent,
    ManagerGoneError,
    ManagerRefusedError,
)
from dialer.bridges.asterisk.server import ManagedServer
from dialer.bridges.asterisk.values import UnsafeValueError
from dialer.bridges.port import BridgeError, CallEnded, CallRinging, CallSubmitted, FateKind
from dialer.model import TelephonyResult
from tests.asterisk.control_rig import CLOCK, PHONE, Control, account, control, order
from tests.asterisk.kit.manager import Manager
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Does, Phones
from tests.asterisk.kit.relay import relay_to

pytestmark = pytest.mark.asterisk


async def test_a_wrong_password_is_said_with_its_mend(pair: Pair) -> None:
    server = ManagedServer(account(pair, secret="wrong"), name="a", clock=CLOCK)
    with pytest.raises(ManagerLoginError, match=r"'ownerline' in.*manager\.conf") as refused:
        await server.start()
    assert "wrong" not in str(refused.value)
    assert not server.is_up


async def test_who_does_not_answer_is_tried_again(pair: Pair) -> None:
    server = ManagedServer(account(pair, port=9), name="a", clock=CLOCK)
    await server.start()
    try:
        assert not server.is_up
        with pytest.raises(ManagerDownError):
            await server.act("Ping")
    finally:
        await server.close()


async def test_a_closed_connection_leaves_no_thread_behind(pair: Pair) -> None:
    before = set(threading.enumerate())
    server = ManagedServer(account(pair), name="a", clock=CLOCK)
    await server.start()
    readers = [each for each in threading.enumerate() if each not in before]
    assert [each.daemon for each in readers if each.name.startswith("ami-")] == [True]
    await server.close()
    for reader in readers:
        if reader.name.startswith("ami-"):
            await asyncio.to_thread(reader.join, 2)
            assert not reader.is_alive()


async def test_answers_and_lists_find_whoever_asked(pair: Pair) -> None:
    server = ManagedServer(account(pair), name="a", clock=CLOCK)
    await server.start()
    try:
        pongs = await asyncio.gather(*(server.act("Ping") for _ in range(50)))
        lists = await asyncio.gather(*(server.list("CoreShowChannels") for _ in range(20)))
        with pytest.raises(ManagerRefusedError):
            await server.act("Hangup", {"Channel": "nobody"})
    finally:
        await server.close()
    assert len({pong["ActionID"] for pong in pongs}) == len(pongs)
    assert lists == [[]] * 20


@pytest.mark.parametrize("value", ["a\r\nAction: Originate", "a,b=c", "${x}", "a|b", "\x00"])
async def test_an_unsafe_value_is_not_sent(pair: Pair, value: str) -> None:
    server = ManagedServer(account(pair), name="a", clock=CLOCK)
    await server.start()
    try:
        with pytest.raises(UnsafeValueError):
            await server.act("Getvar", {"Variable": value})
        with pytest.raises(UnsafeValueError):
            await server.act("Originate", {}, variables={"OWNERLINE_CALL": value})
        with pytest.raises(UnsafeValueError):
            await server.act("Originate", {}, variables={f"X{value}": "1"})
        with pytest.raises(UnsafeValueError):
            await server.act("Ping", {f"X{value}": "1"})
        with pytest.raises(UnsafeValueError):
            await server.act(f"Ping{value}")
        assert server.is_up
    finally:
        await server.close()


async def test_a_hearer_that_fails_silences_nobody(pair: Pair, watcher: Manager) -> None:
    server, heard = ManagedServer(account(pair), name="a", clock=CLOCK), asyncio.Event()

    def fail(event: ManagerEvent) -> None:
        message = "a hearer's own error"
        raise ValueError(message)

    server.on("UserEvent", fail)
    server.on("UserEvent", lambda event: heard.set())
    await server.start()
    try:
        await watcher.act("UserEvent", UserEvent="Test")
        await asyncio.wait_for(heard.wait(), 5)
        assert server.is_up
    finally:
        await server.close()


async def test_a_silent_connection_is_dropped_and_made_anew(pair: Pair) -> None:
    async with relay_to(pair.dialer.ports.ami) as relay:
        server = ManagedServer(
            account(pair, port=relay.port),
            name="a",
            clock=CLOCK,
            ping_every_s=0.1,
            ping_within_s=0.2,
        )
        met = asyncio.Event()

        async def meet() -> None:
            met.set()

        server.on_connected(meet)
        await server.start()
        try:
            await asyncio.wait_for(met.wait(), 5)
            met.clear()
            relay.freeze()
            with pytest.raises(ManagerGoneError):
                await server.act("CoreStatus", within_s=0.5)
            async with asyncio.timeout(5):
                while server.is_up:  # noqa: ASYNC110 - the drop tells nobody
                    await asyncio.sleep(0.01)
            relay.mend()
            await asyncio.wait_for(met.wait(), 10)
            assert (await server.act("Ping"))["Ping"] == "Pong"
        finally:
            await server.close()


async def test_a_call_outlives_the_cut_of_the_connection(pair: Pair, phones: Phones) -> None:
    await phones.behave(PHONE, Does.RINGS)
    async with (
        relay_to(pair.dialer.ports.ami) as relay,
        control(pair, pair.server(port=relay.port)) as rig,
    ):
        placed = await rig.place(order())
        await rig.ear.until(CallRinging, placed.attempt_id)
        relay.cut()
        await rig.until(up=False)
        assert await _live_when_up(rig) == (placed.attempt_id,)
        await phones.until_rung(PHONE)
        await phones.hang_up(PHONE, cause=17)
        end = await rig.ear.end(placed.attempt_id)
    assert end.result is TelephonyResult.BUSY
    assert phones.rings(PHONE) == 1


async def test_a_call_that_ended_while_nobody_heard_is_lost_and_not_rung_again(
    pair: Pair, phones: Phones
) -> None:
    await phones.behave(PHONE, Does.RINGS)
    async with (
        relay_to(pair.dialer.ports.ami) as relay,
        control(pair, pair.server(port=relay.port)) as rig,
    ):
        placed = await rig.place(order())
        await rig.ear.until(CallRinging, placed.attempt_id)
        relay.freeze()
        relay.cut()
        await rig.until(up=False)
        assert (await rig.bridge.fate(placed.attempt_id)).kind is FateKind.UNKNOWN
        with pytest.raises(BridgeError) as refused:
            await rig.bridge.originate(order())
        await phones.until_rung(PHONE)
        await phones.hang_up(PHONE)
        await phones.until_over(PHONE)
        relay.mend()
        end = await rig.ear.end(placed.attempt_id)
        fate = await rig.bridge.fate(placed.attempt_id)
    assert refused.value.retryable
    assert end.result is TelephonyResult.LOST
    assert (fate.kind, fate.ended) == (FateKind.ENDED, end)
    assert phones.rings(PHONE) == 1


async def test_an_asterisk_killed_in_a_call_comes_back_without_it(
    pair: Pair, phones: Phones
) -> None:
    await phones.behave(PHONE, Does.RINGS)
    async with control(pair) as rig:
        placed = await rig.place(order())
        await rig.ear.until(CallRinging, placed.attempt_id)
        pair.dialer.kill()
        await rig.until(up=False)
        with pytest.raises(BridgeError) as refused:
            await rig.bridge.originate(order())
        pair.dialer.start()
        end = await rig.ear.end(placed.attempt_id)
        await rig.until(up=True)
        again = await rig.place(order(ring_timeout_s=0.3))
        await rig.ear.end(again.attempt_id)
    assert refused.value.retryable
    assert end.result is TelephonyResult.LOST
    assert rig.ear.kinds(placed.attempt_id) == [CallSubmitted, CallRinging, CallEnded]


async def _live_when_up(rig: Control) -> tuple[UUID, ...]:
    await rig.until(up=True)
    return await rig.bridge.live()
