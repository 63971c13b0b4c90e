"""Agents' phones, owners and supervisors in conferences of the emulated carrier."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.phone import PhoneNumber
from dialer.bridges.floor import PhoneTrouble
from dialer.bridges.port import BridgeError
from tests.twilio.floor_rig import DESK, OWNER, PLACE, ROOM, FloorRig, floor_rig
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.owners import MACHINE, Reaction, nobody, presses

COLLEAGUE = "agent-2"
OTHER_DESK = "sip:li@phones.example.com"
MOBILE = "+8613800138077"
OFFICE = PhoneNumber("+8613800138066")
BOSS = "client:boss"


@pytest.fixture
async def rig(twilio: Emulator, module_database_url: str) -> AsyncIterator[FloorRig]:
    async with floor_rig(twilio, module_database_url) as rig:
        yield rig


async def test_an_agents_phone_stays_in_its_room_until_it_is_let_go(rig: FloorRig) -> None:
    await rig.sits_down()
    await rig.floor.seat(ROOM, DESK)  # it is there already
    await rig.watch.look()
    assert dict(rig.floor.seats()) == {ROOM: PLACE}
    assert len(rig.twilio.carrier.rings) == 1
    await rig.floor.unseat(ROOM)
    await rig.until_there()
    await rig.watch.look()
    assert (dict(rig.floor.seats()), dict(rig.floor.troubles())) == ({}, {})


async def test_who_waits_for_a_phone_is_told_when_it_comes(rig: FloorRig) -> None:
    changed = asyncio.Event()
    rig.floor.on_seats(changed.set)
    assert not rig.floor.is_known(PLACE)
    await rig.floor.start()
    assert rig.floor.is_known(PLACE)
    await rig.floor.seat(ROOM, DESK)
    async with asyncio.timeout(10):
        while ROOM not in rig.floor.seats():
            changed.clear()
            await changed.wait()


@pytest.mark.parametrize(
    ("reaction", "trouble"),
    [
        (Reaction.BUSY, PhoneTrouble.BUSY),
        (Reaction.REJECTS, PhoneTrouble.REJECTED),
        (Reaction.RINGS_OUT, PhoneTrouble.NO_ANSWER),
        (Reaction.DEAD, PhoneTrouble.UNREACHABLE),
    ],
)
async def test_a_phone_that_is_not_picked_up_says_why(
    rig: FloorRig, reaction: Reaction, trouble: PhoneTrouble
) -> None:
    rig.twilio.carrier.owners[DESK] = nobody(reaction)
    await rig.floor.seat(ROOM, DESK)
    await rig.twilio.carrier.until_idle()
    await rig.watch.look()
    assert dict(rig.floor.troubles()) == {ROOM: trouble}
    assert not await rig.floor.is_seated(ROOM)


async def test_a_phone_that_hangs_up_is_missed_at_once(rig: FloorRig) -> None:
    await rig.sits_down()
    rig.twilio.carrier.up(DESK).hang_up(by_us=False)
    await rig.twilio.carrier.until_idle()
    await rig.watch.look()
    assert dict(rig.floor.troubles()) == {ROOM: PhoneTrouble.HUNG_UP}


async def test_who_is_rung_at_a_telephone_presses_a_key_before_they_sit(rig: FloorRig) -> None:
    rig.twilio.carrier.owners[MOBILE] = presses("5")
    await rig.sits_down(endpoint=MOBILE)
    assert rig.there() == {MOBILE}


async def test_a_mailbox_takes_no_seat(rig: FloorRig) -> None:
    rig.twilio.carrier.owners[MOBILE] = MACHINE
    await rig.floor.seat(ROOM, MOBILE)
    await rig.twilio.carrier.until_idle()
    await rig.watch.look()
    assert dict(rig.floor.troubles()) == {ROOM: PhoneTrouble.NO_ANSWER}


@pytest.mark.parametrize("endpoint", ["PJSIP/101", "tel:+8613800138000", "client:", "+86 138"])
async def test_what_twilio_cannot_ring_is_refused_before_it_is_asked(
    rig: FloorRig, endpoint: str
) -> None:
    with pytest.raises(BridgeError, match="no phone that Twilio rings"):
        await rig.floor.seat(ROOM, endpoint)
    assert rig.twilio.api.kept == []


async def test_an_owner_meets_the_agent_and_waits_with_music_on_hold(rig: FloorRig) -> None:
    call_id = await rig.met()
    await rig.until_there(DESK, OWNER.e164)
    await rig.floor.hold(call_id)
    assert _held(rig) == {OWNER.e164}
    await rig.floor.move_to_room(call_id, ROOM)
    assert _held(rig) == set()
    assert rig.there() == {DESK, OWNER.e164}


async def test_a_call_is_given_to_a_colleague(rig: FloorRig) -> None:
    call_id = await rig.met()
    await rig.sits_down(COLLEAGUE, OTHER_DESK)
    await rig.floor.move_to_room(call_id, COLLEAGUE)
    await rig.in_room(call_id, COLLEAGUE)
    assert (rig.there(), rig.there(COLLEAGUE)) == ({DESK}, {OTHER_DESK, OWNER.e164})


async def test_a_call_that_nobody_spoke_on_yet_is_moved_into_a_room(rig: FloorRig) -> None:
    await rig.sits_down()
    call_id = await rig.owner_calls(None)
    await rig.twilio.carrier.until(await rig.leg(call_id), "in-progress")
    await rig.floor.move_to_room(call_id, ROOM)
    await rig.in_room(call_id)
    assert rig.there() == {DESK, OWNER.e164}


async def test_a_third_party_comes_and_is_let_go(rig: FloorRig) -> None:
    call_id = await rig.met()
    await rig.floor.invite(call_id, ROOM, OFFICE, caller_id="")
    await rig.until_there(DESK, OWNER.e164, OFFICE.e164)
    await rig.floor.dismiss(ROOM)
    await rig.until_there(DESK, OWNER.e164)


async def test_a_third_party_goes_when_the_owner_has_gone(rig: FloorRig) -> None:
    call_id = await rig.met()
    await rig.floor.invite(call_id, ROOM, OTHER_DESK, caller_id="")
    await rig.until_there(DESK, OWNER.e164, OTHER_DESK)
    (await rig.leg(call_id)).hang_up(by_us=False)

    async def is_alone() -> bool:
        await rig.asking.tend()
        return rig.there() == {DESK}

    await rig.until(is_alone)


async def test_an_owner_is_passed_on_to_an_outside_number(rig: FloorRig) -> None:
    call_id = await rig.met()
    await rig.floor.pass_on(call_id, OFFICE, caller_id="")
    await rig.until_there(DESK)
    outside = rig.twilio.carrier.up(OFFICE.e164)
    await rig.twilio.carrier.until(outside, "in-progress")
    assert [each.endpoint for each in await rig.seats.outside_of(call_id)] == [OFFICE.e164]
    outside.hang_up(by_us=False)
    await rig.twilio.carrier.until(await rig.leg(call_id), "completed")
    assert await rig.seats.outside_of(call_id) == []


async def test_an_owner_hears_that_the_outside_number_is_not_there(rig: FloorRig) -> None:
    rig.twilio.carrier.owners[OFFICE.e164] = nobody(Reaction.BUSY)
    call_id = await rig.met()
    await rig.floor.pass_on(call_id, OFFICE, caller_id="")
    leg = await rig.leg(call_id)
    await rig.twilio.carrier.until(leg, "completed")
    assert "sorry" in leg.heard[-1]


async def test_an_owner_without_an_agent_hears_the_apology(rig: FloorRig) -> None:
    call_id = await rig.met()
    await rig.floor.apologise(call_id)
    leg = await rig.leg(call_id)
    await rig.twilio.carrier.until(leg, "completed")
    assert "sorry" in leg.heard[-1]
    await rig.twilio.carrier.postman.until_idle()
    with pytest.raises(BridgeError, match="is not up"):
        await rig.floor.hold(call_id)


@pytest.mark.parametrize(
    ("mode", "muted", "coaches"),
    [("listen", True, False), ("whisper", False, True), ("join", False, False)],
)
async def test_a_supervisor_listens_whispers_or_joins(
    rig: FloorRig, mode: str, muted: bool, coaches: bool
) -> None:
    await rig.met()
    await rig.floor.monitor(ROOM, BOSS, mode)
    await rig.until_there(DESK, OWNER.e164, BOSS)
    conference = rig.conference()
    assert conference is not None
    boss = next(each for each in conference.members.values() if each.leg.to == BOSS)
    agent = next(each for each in conference.members.values() if each.leg.to == DESK)
    assert (boss.muted, boss.coached) == (muted, agent.leg.sid if coaches else None)


async def test_a_supervisor_is_at_one_thing_at_a_time_and_goes_with_the_agent(
    rig: FloorRig,
) -> None:
    await rig.sits_down()
    await rig.floor.monitor(ROOM, BOSS, "listen")
    await rig.until_there(DESK, BOSS)
    await rig.floor.monitor(ROOM, BOSS, "join")
    await rig.until_there(DESK, BOSS)
    assert len([each for each in rig.twilio.carrier.of(BOSS) if not each.is_over]) == 1
    await rig.floor.unseat(ROOM)

    async def is_empty() -> bool:
        await rig.asking.tend()
        return rig.there() == set()

    await rig.until(is_empty)


async def test_nobody_listens_to_an_empty_room(rig: FloorRig) -> None:
    with pytest.raises(BridgeError, match="nobody sits"):
        await rig.floor.monitor(ROOM, BOSS, "listen")


def _held(rig: FloorRig) -> set[str]:
    conference = rig.conference()
    assert conference is not None
    return {each.leg.to for each in conference.members.values() if each.hold}
