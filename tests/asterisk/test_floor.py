"""Agents' rooms on a real Asterisk: who hears whom, through hold, transfers and ends."""

import time
from collections.abc import AsyncIterator

import pytest

from customers.model import Language
from dialer.bridges.floor import PhoneTrouble
from dialer.bridges.port import BridgeError
from dialer.model import TelephonyResult
from tests.asterisk.control_rig import order
from tests.asterisk.floor_rig import OFFICE, OWNER, SAME_VOICE, FloorRig, floor_rig
from tests.asterisk.kit.manager import Manager
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Does, Phones
from tests.asterisk.kit.sounds import likeness_in_pieces

_OWNER, _OFFICE = OWNER.digits, OFFICE.digits
_A, _B, _SUPERVISOR = "agent-1", "agent-2", "agent-8"


@pytest.fixture
async def rig(pair: Pair, phones: Phones, watcher: Manager) -> AsyncIterator[FloorRig]:
    async with floor_rig(pair, phones) as rig:
        yield rig


async def test_an_owner_and_an_agent_hear_each_other(rig: FloorRig, phones: Phones) -> None:
    await rig.quiet(_A, _OWNER)
    await rig.seat(1)
    call = await rig.owner_in(_A)
    await rig.says(_A, "the agent")
    await rig.says(_OWNER, "the owner")
    await rig.bridge.hang_up(call.attempt_id)
    end = await rig.ear.end(call.attempt_id)
    assert end.result is TelephonyResult.ANSWERED
    assert list(rig.rooms.seats()) == [_A], "the agent stays for the next owner"
    await rig.rooms.unseat(_A)
    owner, agent = await rig.heard_by(_OWNER), await rig.heard_by(_A)
    assert "the agent" in owner
    assert "the owner" in agent
    assert phones.rings(_A) == 1


async def test_an_owner_is_in_the_room_within_300_ms_of_the_decision(rig: FloorRig) -> None:
    await rig.quiet(_A, _B, _OWNER)
    await rig.seat(1, 2)
    call = await rig.owner_in(_A)
    took_ms = []
    for room in (_B, _A) * 3:
        rig.ear.events.clear()
        began = time.monotonic()
        await rig.bridge.move_to_room(call.attempt_id, room)
        await rig.until_in(call, room)
        took_ms.append((time.monotonic() - began) * 1000)
    assert sorted(took_ms)[len(took_ms) // 2] < 300, took_ms  # a few ms on an idle machine


async def test_on_hold_owner_and_agent_do_not_hear_each_other(rig: FloorRig) -> None:
    await rig.quiet(_A, _OWNER)
    await rig.seat(1)
    call = await rig.owner_in(_A)
    floor = rig.rooms
    await floor.hold(call.attempt_id)
    await rig.says(_A, "aside")
    await rig.bridge.move_to_room(call.attempt_id, _A)
    await rig.says(_A, "back again")
    await rig.bridge.hang_up(call.attempt_id)
    owner = await rig.heard_by(_OWNER)
    assert "aside" not in owner
    assert "back again" in owner


async def test_a_transferred_owner_hears_the_colleague_alone(rig: FloorRig) -> None:
    await rig.quiet(_A, _B, _OWNER)
    await rig.seat(1, 2)
    call = await rig.owner_in(_A)
    await rig.bridge.move_to_room(call.attempt_id, _B)
    await rig.until_in(call, _B)
    await rig.says(_A, "who gave it away")
    await rig.says(_B, "who got it")
    await rig.bridge.hang_up(call.attempt_id)
    owner = await rig.heard_by(_OWNER)
    assert "who gave it away" not in owner
    assert "who got it" in owner


async def test_three_speak_with_one_another_until_the_third_is_dismissed(
    rig: FloorRig, phones: Phones
) -> None:
    await rig.quiet(_A, _OWNER, _OFFICE)
    await rig.seat(1)
    call = await rig.owner_in(_A)
    await rig.rooms.invite(call.attempt_id, _A, OFFICE, caller_id="075512345678")
    await phones.until_up(_OFFICE)
    await rig.until_connected(3)
    await rig.says(_OFFICE, "the office")
    await rig.says(_OWNER, "the owner asks")
    await rig.rooms.dismiss(_A)
    await phones.until_over(_OFFICE)
    await rig.says(_OWNER, "between us")
    assert not phones.legs(_OWNER)[-1].is_over
    await rig.bridge.hang_up(call.attempt_id)
    await rig.rooms.unseat(_A)
    office, owner, agent = [await rig.heard_by(each) for each in (_OFFICE, _OWNER, _A)]
    assert "the office" in owner
    assert "the office" in agent
    assert "the owner asks" in office
    assert "between us" in agent
    assert "between us" not in office


async def test_who_was_invited_goes_with_the_owner(rig: FloorRig, phones: Phones) -> None:
    await rig.quiet(_A, _OWNER, _OFFICE)
    await rig.seat(1)
    call = await rig.owner_in(_A)
    await rig.rooms.invite(call.attempt_id, _A, OFFICE, caller_id="075512345678")
    await phones.until_up(_OFFICE)
    await phones.hang_up(_OWNER)
    await phones.until_over(_OFFICE)  # the next owner meets no stranger
    assert list(rig.rooms.seats()) == [_A]


async def test_a_call_that_is_passed_on_leaves_the_agent_alone(
    rig: FloorRig, phones: Phones
) -> None:
    await rig.quiet(_A, _OWNER, _OFFICE)
    await rig.seat(1)
    call = await rig.owner_in(_A)
    await rig.rooms.pass_on(call.attempt_id, OFFICE, caller_id="075512345678")
    await phones.until_up(_OFFICE)
    await rig.until_connected(3)
    await rig.says(_OFFICE, "the office answers")
    await rig.says(_A, "to nobody")
    await phones.hang_up(_OFFICE)
    await rig.ear.end(call.attempt_id)
    owner = await rig.heard_by(_OWNER)
    assert "the office answers" in owner
    assert "to nobody" not in owner


async def test_an_outside_number_that_does_not_answer_is_told_to_the_owner(
    rig: FloorRig, phones: Phones
) -> None:
    await rig.quiet(_A, _OWNER)
    await phones.behave(_OFFICE, Does.BUSY)
    await rig.seat(1)
    call = await rig.owner_in(_A)
    await rig.rooms.pass_on(call.attempt_id, OFFICE, caller_id="")
    end = await rig.ear.end(call.attempt_id)
    assert end.result is TelephonyResult.ANSWERED
    assert phones.rings(_OFFICE) == 1


_EARS = {
    # mode: does the supervisor hear the owner, does the owner hear them, does the agent?
    "listen": (True, False, False),
    "whisper": (True, False, True),
    "join": (True, True, True),
}


@pytest.mark.parametrize("mode", _EARS)
async def test_a_supervisor_is_heard_by_the_right_ears(
    rig: FloorRig, phones: Phones, mode: str
) -> None:
    await rig.quiet(_A, _OWNER, _SUPERVISOR)
    await rig.seat(1)
    call = await rig.owner_in(_A)
    await rig.bridge.monitor(_A, f"PJSIP/{_SUPERVISOR}", mode)
    await phones.until_up(_SUPERVISOR)
    await rig.until_connected(3)
    await rig.says(_SUPERVISOR, "the supervisor")
    await rig.says(_OWNER, "the owner")
    await phones.hang_up(_SUPERVISOR)
    await rig.bridge.hang_up(call.attempt_id)
    await rig.rooms.unseat(_A)
    supervisor, owner, agent = [await rig.heard_by(each) for each in (_SUPERVISOR, _OWNER, _A)]
    heard = ("the owner" in supervisor, "the supervisor" in owner, "the supervisor" in agent)
    assert heard == _EARS[mode]


async def test_a_supervisor_who_listened_and_now_joins_has_one_line(
    rig: FloorRig, phones: Phones
) -> None:
    await rig.quiet(_A, _OWNER, _SUPERVISOR)
    await rig.seat(1)
    await rig.owner_in(_A)
    picked_up: list[bool] = []
    for mode in ("listen", "whisper", "join"):
        picked_up.append(True)
        await rig.bridge.monitor(_A, f"PJSIP/{_SUPERVISOR}", mode)
        await phones.until(
            lambda: [leg.is_up for leg in phones.legs(_SUPERVISOR)] == picked_up,
            what=f"the supervisor is rung to {mode}",
        )
        await rig.until_connected(3)
    await phones.until(
        lambda: [leg.is_over for leg in phones.legs(_SUPERVISOR)] == [True, True, False],
        what="the lines of before are over",
    )


async def test_nobody_can_listen_to_an_empty_room(rig: FloorRig) -> None:
    with pytest.raises(BridgeError, match="nobody sits in room"):
        await rig.bridge.monitor(_A, f"PJSIP/{_SUPERVISOR}", "listen")


@pytest.mark.parametrize(
    ("does", "trouble"),
    [
        (Does.RINGS, PhoneTrouble.NO_ANSWER),
        (Does.BUSY, PhoneTrouble.BUSY),
        (Does.REJECTS, PhoneTrouble.REJECTED),
        (Does.UNAVAILABLE, PhoneTrouble.UNREACHABLE),
        (Does.SWITCHED_OFF, PhoneTrouble.UNREACHABLE),
    ],
    ids=lambda value: value.value,
)
async def test_a_phone_that_is_not_picked_up_is_told_with_its_reason(
    rig: FloorRig, phones: Phones, does: Does, trouble: PhoneTrouble
) -> None:
    await phones.behave(_A, does)
    await rig.rooms.seat(_A, f"PJSIP/{_A}")
    await rig.until(lambda: _A in rig.rooms.troubles(), "the trouble is known")
    await phones.until_over(_A)
    await rig.until(lambda: rig.rooms.troubles()[_A] is trouble, "with its reason")
    assert not rig.rooms.seats()
    await phones.behave(_A, Does.SILENT)
    await rig.seat(1)
    assert not rig.rooms.troubles()


async def test_an_endpoint_nobody_knows_is_unreachable(rig: FloorRig) -> None:
    await rig.rooms.seat(_A, "PJSIP/nobody")
    await rig.until(lambda: _A in rig.rooms.troubles(), "the trouble is known")
    assert rig.rooms.troubles() == {_A: PhoneTrouble.UNREACHABLE}


async def test_a_room_that_is_rung_for_or_seated_is_not_rung_again(
    rig: FloorRig, phones: Phones
) -> None:
    for _ in range(3):
        await rig.rooms.seat(_A, f"PJSIP/{_A}")
    await rig.seat(1)
    await rig.rooms.seat(_A, f"PJSIP/{_A}")
    assert phones.rings(_A) == 1


async def test_an_owner_whose_agent_is_not_there_hears_so_and_is_abandoned(
    rig: FloorRig,
) -> None:
    await rig.quiet(_OWNER)
    call = order(OWNER, room=_A, room_within_s=1.0, language=Language.ENGLISH)
    await rig.bridge.originate(call)
    end = await rig.ear.end(call.attempt_id)
    assert end.result is TelephonyResult.ABANDONED
    heard = await rig.heard_by(_OWNER)
    assert likeness_in_pieces(rig.voices.samples("Nobody is free."), heard.samples) > SAME_VOICE


async def test_an_agent_who_hangs_up_leaves_the_owner_with_music_and_an_apology(
    rig: FloorRig, phones: Phones
) -> None:
    await rig.quiet(_OWNER)
    await phones.behave(_A, Does.SILENT)
    await rig.seat(1)
    call = await rig.owner_in(_A)
    await phones.hang_up(_A)
    await rig.until(lambda: not rig.rooms.seats(), "the seat is empty")
    assert rig.rooms.troubles() == {_A: PhoneTrouble.HUNG_UP}
    assert not phones.legs(_OWNER)[-1].is_over
    await rig.rooms.apologise(call.attempt_id)
    end = await rig.ear.end(call.attempt_id)
    assert end.result is TelephonyResult.ANSWERED


async def test_a_dialer_that_starts_finds_agents_in_their_rooms(
    rig: FloorRig, pair: Pair, phones: Phones
) -> None:
    await rig.quiet(_A, _OWNER, _OFFICE)
    await rig.seat(1)
    call = await rig.owner_in(_A)
    await rig.rooms.invite(call.attempt_id, _A, OFFICE, caller_id="")
    await phones.until_up(_OFFICE)
    await rig.bridge.close()
    async with floor_rig(pair, phones) as again:
        assert list(again.rooms.seats()) == [_A]
        await again.rooms.seat(_A, f"PJSIP/{_A}")
        assert phones.rings(_A) == 1
        await again.rooms.dismiss(_A)
        await phones.until_over(_OFFICE)
        await again.rooms.unseat(_A)
        await phones.until_over(_A)
        await phones.hang_up(_OWNER)


async def test_two_dialers_hear_of_the_same_phones(
    rig: FloorRig, pair: Pair, phones: Phones
) -> None:
    await phones.behave(_A, Does.SILENT)
    await phones.behave(_B, Does.BUSY)
    async with floor_rig(pair, phones) as other:
        await rig.seat(1)
        await rig.rooms.seat(_B, f"PJSIP/{_B}")
        await other.until(lambda: list(other.rooms.seats()) == [_A], "the other knows of the seat")
        await other.until(
            lambda: other.rooms.troubles() == {_B: PhoneTrouble.BUSY}, "and of the trouble"
        )
        await other.rooms.unseat(_A)
        await rig.until(lambda: not rig.rooms.seats(), "and the first that it is empty")
