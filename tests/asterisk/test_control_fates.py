"""What became of a call, asked of a real Asterisk by the dialer that placed it, or by another."""

import asyncio
from datetime import timedelta

import pytest

from core.phone import PhoneNumber
from dialer.bridges.port import BridgeError, CallAnswered, CallRinging, FateKind
from dialer.model import TelephonyResult
from tests.asterisk.control_rig import (
    CLOCK,
    IDS,
    OTHER_PHONE,
    PHONE,
    SilentTalks,
    control,
    make_bridge,
    order,
)
from tests.asterisk.kit.manager import Manager
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Does, Phones
from tests.asterisk.kit.sounds import tone

pytestmark = pytest.mark.asterisk


async def test_who_takes_over_hears_the_end_of_a_ringing_call(pair: Pair, phones: Phones) -> None:
    await phones.behave(PHONE, Does.RINGS)
    async with control(pair) as first:
        placed = await first.place(order())
        await first.ear.until(CallRinging, placed.attempt_id)
    async with control(pair) as second:
        assert await second.bridge.live() == (placed.attempt_id,)
        assert (await second.bridge.fate(placed.attempt_id)).kind is FateKind.LIVE
        told = second.bridge.lines.call(placed.attempt_id)
        assert told is not None
        assert (told.to, told.trunk, told.room) == (placed.to, "a", None)
        await phones.until_rung(PHONE)
        await phones.hang_up(PHONE, cause=17)
        end = await second.ear.end(placed.attempt_id)
    assert end.result is TelephonyResult.BUSY
    assert phones.rings(PHONE) == 1


async def test_who_takes_over_knows_since_when_a_call_is_up(pair: Pair, phones: Phones) -> None:
    await phones.behave(PHONE, Does.ANSWERS)
    talks = SilentTalks()
    async with control(pair, talks=talks) as first:
        placed = await first.place(order())
        await first.until_answered(placed)
        async with control(pair) as second:
            assert (await second.bridge.fate(placed.attempt_id)).kind is FateKind.LIVE
            answer = await second.ear.until(CallAnswered, placed.attempt_id)
            await phones.until_rung(PHONE)
            await phones.hang_up(PHONE)
            end = await second.ear.end(placed.attempt_id)
    assert abs(answer.at - CLOCK.now()) < timedelta(seconds=5)
    assert end.result is TelephonyResult.ANSWERED


async def test_a_ringing_call_that_was_taken_over_is_spoken_on_by_its_new_dialer(
    pair: Pair, phones: Phones
) -> None:
    await phones.behave(PHONE, Does.TUNE, says=phones.sound("ringback", tone(440, 1.0)))
    async with control(pair, talks=SilentTalks()) as first:
        placed = await first.place(order())
        await phones.until_rung(PHONE)
    talks = SilentTalks()
    async with control(pair, talks=talks) as second:
        assert (await second.bridge.fate(placed.attempt_id)).kind is FateKind.LIVE
        await asyncio.wait_for(talks.reached.wait(), 5)
        await phones.hang_up(PHONE)
        end = await second.ear.end(placed.attempt_id)
    assert end.result is TelephonyResult.ANSWERED


async def test_a_call_that_ended_between_two_dialers_is_neither_up_nor_never_placed(
    pair: Pair, phones: Phones
) -> None:
    await phones.behave(PHONE, Does.RINGS)
    async with control(pair) as first:
        placed = await first.place(order())
        await first.ear.until(CallRinging, placed.attempt_id)
    await phones.until_rung(PHONE)
    await phones.hang_up(PHONE)
    await phones.until_over(PHONE)
    async with control(pair) as second:
        await second.until_sure()
        fates = [await second.bridge.fate(each) for each in (placed.attempt_id, IDS.new())]
    assert [fate.kind for fate in fates] == [FateKind.UNKNOWN, FateKind.NEVER_PLACED]


async def test_while_a_server_is_away_no_call_was_never_placed(pair: Pair) -> None:
    away = pair.server(name="b", port=9)
    async with control(pair, pair.server(), away) as rig:
        assert (await rig.bridge.fate(IDS.new())).kind is FateKind.UNKNOWN


async def test_a_call_made_before_its_server_was_started_may_have_been_placed(pair: Pair) -> None:
    old = IDS.new()
    await asyncio.sleep(1)  # Asterisk tells its age in whole seconds
    pair.dialer.restart()
    async with control(pair) as rig:
        assert (await rig.bridge.fate(old)).kind is FateKind.UNKNOWN


async def test_the_book_names_every_call_that_was_placed(pair: Pair, phones: Phones) -> None:
    async with control(pair) as rig:
        await rig.until_sure()
        since = CLOCK.now()
        for number in (PHONE, OTHER_PHONE):
            await phones.behave(number, Does.BUSY)
        placed = [await rig.place(order(number)) for number in (PHONE, OTHER_PHONE)]
        for call in placed:
            await rig.ear.end(call.attempt_id)
        found = await rig.bridge.placed_since(since)
        too_far = await rig.bridge.placed_since(since - timedelta(days=60))
    assert found is not None
    assert [(call.attempt_id, call.to, call.trunk) for call in found] == [
        (call.attempt_id, call.to, "a") for call in placed
    ]
    assert too_far is None


async def test_channels_that_are_not_of_our_calls_are_nobodys_business(
    pair: Pair, phones: Phones, watcher: Manager
) -> None:
    await phones.behave(PHONE, Does.RINGS)
    await watcher.originate(
        {
            "Channel": f"PJSIP/{PHONE.digits}@phones",
            "Context": "ownerline",
            "Exten": "bye",
            "Priority": "1",
            "ChannelId": "somebody-elses-call",
            "Async": "true",
        }
    )
    await phones.until_rung(PHONE)
    async with control(pair) as rig:
        assert await rig.bridge.live() == ()
        await rig.bridge.stop_all()
        assert not phones.legs(PHONE)[0].is_over


async def test_a_bridge_that_was_closed_still_says_what_is_up(pair: Pair, phones: Phones) -> None:
    await phones.behave(PHONE, Does.RINGS)
    async with control(pair) as first:
        placed = await first.place(order())
    bridge = make_bridge(pair)
    assert await bridge.live() == (placed.attempt_id,)
    await bridge.stop_all()
    await phones.until_over(PHONE)
    assert await bridge.live() == ()


async def test_calls_go_to_the_trunks_that_stand(pair: Pair, phones: Phones) -> None:
    servers = (
        pair.server(channels=1),
        pair.server(name="away", port=9),
        pair.server(name="drains", draining=True),
    )
    third = PhoneNumber("+8613800138003")
    for number in (PHONE, OTHER_PHONE, third):
        await phones.behave(number, Does.RINGS)
    async with control(pair, *servers) as rig:
        assert {limits.name: limits.channels for limits in rig.bridge.trunks} == {
            "a": 1,
            "away": 200,
            "drains": 0,
        }
        assert len(rig.bridge.servers) == 2  # a and drains hang on one
        placed = await rig.place(order())
        for trunk in ("a", "away", "drains"):
            with pytest.raises(BridgeError) as refused:
                await rig.bridge.originate(order(OTHER_PHONE, trunk=trunk))
            assert refused.value.retryable
        with pytest.raises(BridgeError, match="away"):
            await rig.bridge.stop_all()  # what is up there cannot be told
        end = await rig.ear.end(placed.attempt_id)
        placed = await rig.place(order(third, ring_timeout_s=0.3))
        await rig.ear.end(placed.attempt_id)
    assert end.result is TelephonyResult.CANCELLED
    assert phones.rings(OTHER_PHONE) == 0


async def test_a_channel_that_outlives_the_longest_call_is_hung_up(
    pair: Pair, phones: Phones
) -> None:
    await phones.behave(PHONE, Does.RINGS)
    async with control(pair) as first:
        placed = await first.place(order())
        await phones.until_rung(PHONE)
    await asyncio.sleep(1.1)  # Asterisk tells durations in whole seconds
    async with control(pair, max_seconds=-120.0, look_every_s=0.1):
        await phones.until_over(PHONE)
        assert placed.attempt_id is not None
