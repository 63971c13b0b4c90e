"""Agents' phones while requests fail, and callbacks come late, twice, disordered or never."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from dialer.bridges.floor import PhoneTrouble
from dialer.bridges.port import BridgeError
from dialer.bridges.twilio.book import Told
from dialer.bridges.twilio.rooms import Part
from tests.twilio.floor_rig import DESK, OWNER, PLACE, ROOM, FloorRig, floor_rig
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.carrier import OUR_NUMBER
from tests.twilio.kit.faults import Disorder, Fault
from tests.twilio.kit.owners import Owner

COLLEAGUE, OTHER_DESK = "agent-2", "client:agent_2"


@pytest.fixture
async def rig(twilio: Emulator, module_database_url: str) -> AsyncIterator[FloorRig]:
    async with floor_rig(twilio, module_database_url) as rig:
        yield rig


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.BROKEN_AFTER])
async def test_a_phone_that_rings_though_the_answer_was_lost_takes_its_seat(
    rig: FloorRig, fault: Fault
) -> None:
    rig.twilio.carrier.faults.next_creating.append(fault)
    await rig.sits_down()
    await rig.floor.seat(ROOM, DESK)
    assert len(rig.twilio.carrier.rings) == 1


async def test_a_phone_that_twilio_takes_no_order_for_may_be_rung_again(rig: FloorRig) -> None:
    rig.twilio.carrier.faults.next_creating.append(Fault.TOO_MANY)
    with pytest.raises(BridgeError) as refused:
        await rig.floor.seat(ROOM, DESK)
    await rig.watch.look()
    assert (refused.value.retryable, dict(rig.floor.troubles())) == (
        True,
        {ROOM: PhoneTrouble.UNREACHABLE},
    )
    await rig.sits_down()
    await rig.watch.look()
    assert dict(rig.floor.troubles()) == {}


async def test_dialers_that_ring_for_one_room_at_once_ring_once(rig: FloorRig) -> None:
    await asyncio.gather(*(rig.floor.seat(ROOM, DESK) for _ in range(5)))
    await rig.until(lambda: rig.floor.is_seated(ROOM))
    assert len(rig.twilio.carrier.rings) == 1


async def test_a_phone_that_is_let_go_while_it_rings_takes_no_seat(rig: FloorRig) -> None:
    rig.twilio.carrier.owners[DESK] = Owner(after_s=0.5)
    await rig.floor.seat(ROOM, DESK)
    await rig.floor.unseat(ROOM)
    await rig.twilio.carrier.until_idle()
    await rig.watch.look()
    assert (dict(rig.floor.seats()), dict(rig.floor.troubles())) == ({}, {})


async def test_who_picks_up_after_they_were_given_up_is_not_let_in(rig: FloorRig) -> None:
    seat_id = rig.ids.new()
    await rig.seats.write_ahead(
        seat_id, room=ROOM, part=Part.SEAT, endpoint=DESK, at=rig.clock.now()
    )
    await rig.asking.tend()  # nobody knows its call: it was never created, or will be refused
    await rig.rest.client.calls.create_async(
        to=DESK, from_=OUR_NUMBER, url=rig.documents.addresses.phone_answer(seat_id)
    )
    await rig.twilio.carrier.until_idle()
    await rig.watch.look()
    assert dict(rig.floor.troubles()) == {ROOM: PhoneTrouble.UNREACHABLE}
    assert not await rig.floor.is_seated(ROOM)


@pytest.mark.parametrize("seed", range(4))
async def test_callbacks_twice_late_and_in_any_order_change_nothing(
    rig: FloorRig, seed: int
) -> None:
    rig.twilio.carrier.postman.disorder = Disorder(seed=seed, late=0.7, late_s=0.2, twice=0.5)
    call_id = await rig.met()
    await rig.sits_down(COLLEAGUE, OTHER_DESK)
    await rig.floor.move_to_room(call_id, COLLEAGUE)
    await rig.in_room(call_id, COLLEAGUE)
    await rig.floor.unseat(ROOM)
    await rig.twilio.carrier.postman.until_idle()
    await rig.watch.look()
    call = await rig.book.call(call_id)
    assert call is not None
    assert (dict(rig.floor.seats()), call.room) == ({COLLEAGUE: PLACE}, COLLEAGUE)
    assert rig.there(COLLEAGUE) == {OTHER_DESK, OWNER.e164}


async def test_who_is_on_the_way_elsewhere_is_left_to_go_and_who_came_unheard_is_found(
    rig: FloorRig,
) -> None:
    call_id = await rig.met()
    for room, is_found in ((COLLEAGUE, False), (ROOM, True)):
        await rig.book.told(call_id, Told(room=room))
        await rig.asking.tend()
        call = await rig.book.call(call_id)
        assert call is not None
        assert (call.room, call.in_room_at is not None) == (room, is_found)


async def test_a_phone_whose_end_nobody_told_is_found_gone(rig: FloorRig) -> None:
    await rig.sits_down()
    rig.twilio.carrier.postman.disorder = Disorder(lost=1.0)
    rig.twilio.carrier.up(DESK).hang_up(by_us=False)
    await rig.twilio.carrier.until_idle()
    assert await rig.floor.is_seated(ROOM)
    await rig.asking.tend()
    await rig.watch.look()
    assert dict(rig.floor.troubles()) == {ROOM: PhoneTrouble.HUNG_UP}


async def test_a_phone_whose_coming_nobody_told_is_found_in_its_room(rig: FloorRig) -> None:
    rig.twilio.carrier.postman.disorder = Disorder(lost=1.0)
    await rig.floor.seat(ROOM, DESK)
    await rig.until_there(DESK)
    assert not await rig.floor.is_seated(ROOM)
    await rig.asking.tend()
    assert await rig.floor.is_seated(ROOM)


async def test_an_owner_whose_coming_nobody_told_is_found_with_their_agent(rig: FloorRig) -> None:
    await rig.sits_down()
    rig.twilio.carrier.postman.disorder = Disorder(lost=1.0)
    call_id = await rig.owner_calls()
    await rig.until_there(DESK, OWNER.e164)
    await rig.asking.tend()
    await rig.in_room(call_id)


async def test_a_phone_that_is_there_is_believed_when_twilio_does_not_answer(
    rig: FloorRig,
) -> None:
    await rig.sits_down()
    rig.twilio.carrier.faults.of_asking = {Fault.TOO_MANY: 1.0}
    await rig.asking.tend()
    assert await rig.floor.is_seated(ROOM)


async def test_a_caller_is_not_left_alone_when_their_agent_hangs_up(rig: FloorRig) -> None:
    await rig.sits_down()
    call_id = rig.ids.new()
    rig.twilio.carrier.numbers[0].voice_url = rig.documents.addresses.answer(call_id)
    leg = await rig.twilio.carrier.ring_us(OWNER.e164)
    now = rig.clock.now()
    await rig.book.came_in(
        call_id,
        sid=leg.sid,
        trunk=PLACE,
        e164=OWNER.e164,
        shown=OUR_NUMBER,
        at=now,
        ends_by=now + timedelta(seconds=600),
    )
    await rig.twilio.carrier.until(leg, "in-progress")
    await rig.floor.move_to_room(call_id, ROOM)
    await rig.in_room(call_id)
    await rig.asking.tend()
    assert not leg.is_over
    rig.twilio.carrier.up(DESK).hang_up(by_us=False)

    async def is_let_go() -> bool:
        await rig.asking.tend()
        return leg.is_over

    await rig.until(is_let_go)
