"""Owners who ring us over Twilio: recognised, told, missed and found again."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from core.database import session_factory
from customers.model import Reason
from dialer.bridges.twilio.hook import Visit
from dialer.inbound.model import InboundResult
from recordings.tables import Recording
from tests.integration.dialer.day import RINGS_OUT, Day
from tests.integration.dialer.inbound.front import Front
from tests.twilio.emptied import emptied
from tests.twilio.inbound_rig import CLOCK, NOWHERE, OURS, InboundRig, inbound_rig
from tests.twilio.kit.api import Emulator
from tests.twilio.kit.faults import Disorder
from tests.twilio.kit.owners import (
    HANGS_UP,
    LEAVES,
    Presses,
    Speaks,
    answers_with,
)

STRANGER = "+8613955550001"


@pytest.fixture
async def day(module_database_url: str) -> AsyncIterator[Day]:
    """Today, an empty community."""
    async with emptied(module_database_url) as engine:
        day = Day(session_factory(engine), now=CLOCK.now())
        await day.open()
        yield day


@pytest.fixture
async def rig(twilio: Emulator, day: Day) -> AsyncIterator[InboundRig]:
    """Our number, answered for by the real desk."""
    async with inbound_rig(twilio, day, Front(day, is_real=True, clock=CLOCK)) as rig:
        yield rig


async def repaired_owner(day: Day) -> str:
    """Let an owner be due a call about a repair; returns their number."""
    owner = await day.owner(RINGS_OUT)
    await day.repaired(owner)
    await day.build()
    return owner.phones[0]


async def test_an_owner_who_rings_back_hears_why_and_settles_it(rig: InboundRig, day: Day) -> None:
    number = await repaired_owner(day)
    leg = await rig.rings(number, answers_with(Presses(keys="1"), Presses(keys="1")))
    row = await rig.row()
    assert (row.result, row.e164, row.channel) == (InboundResult.TOLD, number, leg.sid)
    assert (row.dialled, row.trunk) == (OURS, "twilio")
    assert await day.due(Reason.REPAIR) == [("done", "satisfied")]
    assert "ringing back" in " ".join(leg.heard)
    call = await rig.book.call_of(leg.sid)
    assert call is not None
    assert (call.told_ended, call.ended is not None, rig.twilio.carrier.complaints) == (
        True,
        True,
        [],
    )


@pytest.mark.parametrize("written", ["anonymous", "+266696687", "+86282452253", "Restricted"])
async def test_a_withheld_number_is_nobodys_and_leaves_a_wish(
    rig: InboundRig, day: Day, written: str
) -> None:
    await repaired_owner(day)
    digits = STRANGER.removeprefix("+86")
    wish = (Presses(keys="2"), Presses(keys="1"), Presses(keys=f"{digits}#"), Presses(keys="1"))
    leg = await rig.rings(written, answers_with(*wish))
    row = await rig.row()
    assert (row.result, row.e164, row.wish_e164) == (InboundResult.WISH, None, STRANGER)
    assert "repair" not in " ".join(leg.heard)
    assert await day.due(Reason.MISSED_CALL) == [("waiting", None)]


async def test_who_hangs_up_at_once_is_missed(rig: InboundRig, day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    await rig.rings(owner.phones[0], LEAVES)
    assert (await rig.row()).result is InboundResult.MISSED
    assert await day.due(Reason.MISSED_CALL) == [("waiting", None)]


async def test_who_hangs_up_in_the_middle_hears_it_another_time(rig: InboundRig, day: Day) -> None:
    number = await repaired_owner(day)
    await rig.rings(number, answers_with(Presses(keys="1"), HANGS_UP))
    assert (await rig.row()).result is InboundResult.HUNG_UP
    assert await day.due(Reason.REPAIR) == [("waiting", None)]


async def test_a_word_is_kept_with_its_recording(rig: InboundRig, day: Day) -> None:
    await rig.rings(STRANGER, answers_with(Presses(keys="3"), Speaks(seconds=2.0)))
    row = await rig.row()
    assert (row.result, row.message_s) == (InboundResult.WORD, 2.0)
    async with day.sessions() as session:
        (recording,) = await session.scalars(sa.select(Recording))
    assert str(recording.recording_id) == row.message
    assert recording.inbound_call_id == row.call_id
    assert recording.location.startswith("twilio:RE")


async def test_the_community_is_that_of_the_number_they_rang(rig: InboundRig, day: Day) -> None:
    await rig.rings(STRANGER)
    assert (await rig.row()).community_id is not None


@pytest.mark.parametrize("path", ["/inbound", "/calls/{call_id:uuid}/steps/{turn_no}"])
async def test_a_process_that_dies_before_its_answer_is_out_costs_nothing(
    rig: InboundRig, day: Day, path: str
) -> None:
    number = await repaired_owner(day)
    rig.dies_after.append(path)
    leg = await rig.rings(number, answers_with(Presses(keys="1"), Presses(keys="1")))
    row = await rig.row()
    assert row.result is InboundResult.TOLD, leg.heard
    assert rig.dies_after == []


async def test_who_rings_while_no_process_answers_is_missed_once(rig: InboundRig, day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    rig.lead(voice=NOWHERE)
    rig.twilio.carrier.postman.disorder = Disorder(twice=1.0)
    leg = await rig.rings(owner.phones[0])
    row = await rig.row()
    assert (row.result, row.e164, row.channel) == (
        InboundResult.MISSED,
        owner.phones[0],
        leg.sid,
    )
    assert await day.due(Reason.MISSED_CALL) == [("waiting", None)]


async def test_who_rings_while_nothing_of_ours_is_up_is_found_on_twilios_list(
    rig: InboundRig, day: Day
) -> None:
    owner = await day.owner(RINGS_OUT)
    await rig.rings(STRANGER, LEAVES)  # the book is kept from here on
    rig.lead(voice=NOWHERE, status=NOWHERE)
    leg = await rig.rings(owner.phones[0])
    assert len(await rig.front.rows()) == 1
    for lookback in (rig.lookback(), rig.lookback()):
        await lookback.look(rig.front.desk)
        await lookback.look(rig.front.desk)
    _, row = await rig.front.rows()
    assert (row.result, row.e164, row.channel) == (
        InboundResult.MISSED,
        owner.phones[0],
        leg.sid,
    )


async def test_what_came_before_the_book_was_kept_is_not_ours(rig: InboundRig, day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    rig.lead(voice=NOWHERE, status=NOWHERE)
    await rig.rings(owner.phones[0])
    await rig.lookback().look(rig.front.desk)
    assert await rig.front.rows() == []


async def test_an_end_that_nobody_told_is_found(rig: InboundRig, day: Day) -> None:
    number = await repaired_owner(day)
    rig.lead(status=NOWHERE)
    await rig.rings(number, answers_with(Presses(keys="1"), HANGS_UP))
    assert (await rig.row()).result is None
    await rig.lookback().look(rig.front.desk)
    row = await rig.row()
    assert (row.result, await day.due(Reason.REPAIR)) == (
        InboundResult.HUNG_UP,
        [("waiting", None)],
    )


async def test_callbacks_late_and_twice_end_a_call_once(rig: InboundRig, day: Day) -> None:
    number = await repaired_owner(day)
    rig.twilio.carrier.postman.disorder = Disorder(twice=1.0, late=1.0, late_s=0.05)
    await rig.rings(number, answers_with(Presses(keys="1"), Presses(keys="1")))
    assert (await rig.row()).result is InboundResult.TOLD


async def test_a_request_told_again_gets_the_same_and_a_replay_nothing(rig: InboundRig) -> None:
    hook, status = rig.arrivals.hooks()
    form = {"CallSid": "CA" + "5" * 32, "From": STRANGER, "To": OURS}
    visit = Visit(path={}, form=form, at=CLOCK.now(), token="one")
    first, again = await hook.answer(visit), await hook.answer(visit)
    assert first == again
    assert b"<Gather" in first.body
    replayed = Visit(path={}, form=form, at=CLOCK.now(), token="two")
    assert (await hook.answer(replayed)).status == 409
    assert len(await rig.front.rows()) == 1

    ended = Visit(path={}, form=form | {"CallStatus": "completed"}, at=CLOCK.now())
    assert (await status.answer(ended)).status == 204
    assert (await hook.answer(visit)).status == 410
