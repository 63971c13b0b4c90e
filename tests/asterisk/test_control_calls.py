"""Calls on a real Asterisk: what phones and networks do, and what is refused before it rings."""

import asyncio

import pytest

from core.phone import PhoneNumber
from dialer.bridges.port import (
    BridgeError,
    CallAnswered,
    CallEnded,
    CallRinging,
    CallSubmitted,
    FateKind,
    OutboundCall,
)
from dialer.model import AnsweredBy, TelephonyResult
from tests.asterisk.control_rig import (
    CLOCK,
    OTHER_PHONE,
    PHONE,
    Control,
    SilentTalks,
    control,
    order,
)
from tests.asterisk.kit.manager import Manager
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Does, Phones

pytestmark = pytest.mark.asterisk


@pytest.mark.parametrize(
    ("does", "end"),
    [
        (Does.BUSY, (TelephonyResult.BUSY, 17, 486)),
        (Does.REJECTS, (TelephonyResult.REJECTED, 21, 403)),
        (Does.UNKNOWN, (TelephonyResult.INVALID_NUMBER, 1, 404)),
        (Does.CONGESTED, (TelephonyResult.CONGESTION, 34, 503)),
        (Does.UNAVAILABLE, (TelephonyResult.NO_ANSWER, 20, 480)),
        (Does.SWITCHED_OFF, (TelephonyResult.NO_ANSWER, 18, 408)),
    ],
    ids=lambda value: value.value if isinstance(value, Does) else "",
)
async def test_a_refused_call_ends_by_the_networks_own_word(
    pair: Pair, phones: Phones, does: Does, end: tuple[TelephonyResult, int, int]
) -> None:
    await phones.behave(PHONE, does)
    async with control(pair) as rig:
        placed = await rig.place(order())
        told = await rig.ear.end(placed.attempt_id)
    assert (told.result, told.hangup_cause, told.sip_code) == end
    assert rig.ear.kinds(placed.attempt_id) == [CallSubmitted, CallEnded]


async def test_a_phone_that_is_never_picked_up_rings_out(pair: Pair, phones: Phones) -> None:
    await phones.behave(PHONE, Does.RINGS)
    async with control(pair) as rig:
        placed = await rig.place(order(ring_timeout_s=0.5))
        end = await rig.ear.end(placed.attempt_id)
    assert (end.result, end.hangup_cause) == (TelephonyResult.NO_ANSWER, 19)
    assert rig.ear.kinds(placed.attempt_id) == [CallSubmitted, CallRinging, CallEnded]


async def test_a_network_that_never_answers_is_no_owner_who_does_not_pick_up(
    pair: Pair, watcher: Manager
) -> None:
    async with control(pair, pair.server(dial="PJSIP/{digits}@nowhere")) as rig:
        placed = await rig.place(order(ring_timeout_s=0.5))
        end = await rig.ear.end(placed.attempt_id)
    assert (end.result, end.hangup_cause) == (TelephonyResult.CARRIER_ERROR, 18)


async def _until_refused(rig: Control) -> None:
    for _ in range(40):  # Asterisk asks once a second whether it lives
        await rig.bridge.originate(order(ring_timeout_s=0.1))
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("trunk", ["unavailable", "no-such-trunk"])
async def test_a_trunk_that_is_known_to_be_dead_refuses_and_rests(pair: Pair, trunk: str) -> None:
    async with control(pair, pair.server(dial=f"PJSIP/{{digits}}@{trunk}")) as rig:
        with pytest.raises(BridgeError) as refused:
            await _until_refused(rig)
    assert refused.value.retryable


async def test_an_answer_is_told_once_by_whoever_met_the_owner(pair: Pair, phones: Phones) -> None:
    await phones.behave(PHONE, Does.ANSWERS)
    async with control(pair, talks=SilentTalks()) as rig:
        placed = await rig.place(order())
        await phones.until_up(PHONE)
        lines = rig.bridge.lines
        await lines.met(placed.attempt_id, AnsweredBy.HUMAN)
        await lines.met(placed.attempt_id, AnsweredBy.MACHINE)
        assert lines.answered_s(placed.attempt_id) < 5
        await phones.hang_up(PHONE)
        end = await rig.ear.end(placed.attempt_id)
    answers = [each for each in rig.ear.of(placed.attempt_id) if isinstance(each, CallAnswered)]
    assert [each.answered_by for each in answers] == [AnsweredBy.HUMAN]
    assert (end.result, end.hangup_cause) == (TelephonyResult.ANSWERED, 16)
    assert end.seconds > 0


async def test_an_answer_nobody_met_is_told_before_the_end(pair: Pair, phones: Phones) -> None:
    await phones.behave(PHONE, Does.ANSWERS)
    async with control(pair) as rig:  # nobody speaks: the dialplan hangs up
        placed = await rig.place(order())
        end = await rig.ear.end(placed.attempt_id)
    told = rig.ear.of(placed.attempt_id)
    assert [type(each) for each in told][-2:] == [CallAnswered, CallEnded]
    assert [each.at for each in told] == sorted(each.at for each in told)
    assert end.result is TelephonyResult.ANSWERED


@pytest.mark.parametrize("answered", [False, True], ids=["rings", "talks"])
async def test_what_we_hang_up_ends_with_cause_16(
    pair: Pair, phones: Phones, answered: bool
) -> None:
    await phones.behave(PHONE, Does.ANSWERS if answered else Does.RINGS)
    async with control(pair, talks=SilentTalks()) as rig:
        placed = await rig.place(order())
        await (phones.until_up(PHONE) if answered else phones.until_rung(PHONE))
        await rig.ear.until(CallRinging, placed.attempt_id)
        if answered:
            await rig.until_answered(placed)
        await rig.bridge.hang_up(placed.attempt_id)
        await rig.bridge.hang_up(placed.attempt_id)
        end = await rig.ear.end(placed.attempt_id)
    expected = TelephonyResult.ANSWERED if answered else TelephonyResult.CANCELLED
    assert (end.result, end.hangup_cause) == (expected, 16)


async def test_a_call_hung_up_before_its_channel_is_made_does_not_ring_on(
    pair: Pair, phones: Phones
) -> None:
    await phones.behave(PHONE, Does.RINGS)
    async with control(pair) as rig:
        call = order()
        placing = asyncio.create_task(rig.bridge.originate(call))
        await asyncio.sleep(0)
        await rig.bridge.stop_all()
        await placing
        await rig.bridge.stop_all()
        end = await rig.ear.end(call.attempt_id)
    assert end.result is TelephonyResult.CANCELLED


async def test_an_announcement_in_early_media_is_heard_and_may_name_the_end(
    pair: Pair, phones: Phones
) -> None:
    await phones.behave(PHONE, Does.ANNOUNCED, says="words")
    async with control(pair) as rig:
        heard = []
        rig.bridge.lines.on_progress(lambda attempt_id, server: heard.append(attempt_id))
        placed = await rig.place(order())
        async with asyncio.timeout(5):
            while not heard:  # noqa: ASYNC110 - nobody else waits for it
                await asyncio.sleep(0.01)
        await rig.bridge.lines.end_as(placed.attempt_id, TelephonyResult.INVALID_NUMBER)
        end = await rig.ear.end(placed.attempt_id)
    assert heard == [placed.attempt_id]
    assert end.result is TelephonyResult.INVALID_NUMBER


@pytest.mark.parametrize(
    "caller_id",
    [
        "0755\r\nVariable: OWNERLINE_AGI=127.0.0.1:1",
        "0755,OWNERLINE_CALL=1",
        "0755|x",
        "${SHELL(id)}",
        "$[1+1]",
        '"张三" <110>',
        "0755;x",
        "\u2028",
        "0" * 40,
    ],
)
async def test_a_hostile_caller_id_is_sent_to_nobody(
    pair: Pair, phones: Phones, caller_id: str
) -> None:
    async with control(pair) as rig:
        with pytest.raises(BridgeError) as refused:
            await rig.bridge.originate(order(caller_id=caller_id))
        assert not refused.value.retryable
        assert await rig.bridge.live() == ()
    assert phones.rings(PHONE) == 0


async def test_a_hostile_communitys_name_changes_nothing(pair: Pair, phones: Phones) -> None:
    name = "${SHELL(id)}\r\nAction: Originate,|"
    await phones.behave(PHONE, Does.RINGS)
    async with control(pair, pair.server(caller_ids={name: "075587654321"})) as rig:
        placed = await rig.place(order(community=name, ring_timeout_s=0.3))
        assert (await rig.ear.end(placed.attempt_id)).result is TelephonyResult.NO_ANSWER
    assert phones.rings(PHONE) == 1
    assert sum(phones.rung().values()) == 1


async def test_invented_people_are_never_rung(pair: Pair, phones: Phones) -> None:
    async with control(pair) as rig:
        with pytest.raises(BridgeError) as refused:
            await rig.bridge.originate(order(synthetic=True))
    assert not refused.value.retryable
    assert phones.rings(PHONE) == 0


async def test_the_same_id_again_harms_no_live_call(pair: Pair, phones: Phones) -> None:
    await phones.behave(PHONE, Does.RINGS)
    async with control(pair) as first, control(pair) as second:
        call: OutboundCall = order()
        await first.place(call)
        await first.ear.until(CallRinging, call.attempt_id)
        await second.bridge.live()  # what was told of the first call is behind it by now
        with pytest.raises(BridgeError):
            await second.bridge.originate(order(OTHER_PHONE, attempt_id=call.attempt_id))
        assert (await first.bridge.fate(call.attempt_id)).kind is FateKind.LIVE
        await first.bridge.hang_up(call.attempt_id)
        end = await first.ear.end(call.attempt_id)
    assert end.result is TelephonyResult.CANCELLED
    assert second.ear.events == []
    assert phones.rings(OTHER_PHONE) == 0


@pytest.mark.crowded
async def test_stop_ends_a_hundred_calls_within_a_second(
    pair: Pair, phones: Phones, watcher: Manager
) -> None:
    numbers = [PhoneNumber(f"+861380014{n:04d}") for n in range(100)]
    for number in numbers:
        await phones.behave(number, Does.RINGS)
    async with control(pair) as rig:
        calls = [await rig.place(order(number)) for number in numbers]
        for call in calls:
            await rig.ear.until(CallRinging, call.attempt_id)
        assert len(await rig.bridge.live()) == len(calls)
        stopped_at = CLOCK.now()
        await rig.bridge.stop_all()
        ends = [await rig.ear.end(call.attempt_id) for call in calls]
        assert await rig.bridge.live() == ()
    assert {end.result for end in ends} == {TelephonyResult.CANCELLED}
    assert max((end.at - stopped_at).total_seconds() for end in ends) < 1.0
