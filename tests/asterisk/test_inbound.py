"""Owners who ring us over a real Asterisk: recognised, told, missed and found again."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core.database import session_factory
from customers.model import Reason
from dialer.inbound.model import InboundResult
from tests.asterisk.control_rig import CLOCK
from tests.asterisk.floor_rig import SAME_VOICE
from tests.asterisk.inbound_rig import OURS, inbound_rig
from tests.asterisk.kit.manager import Manager
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Does, Phones
from tests.asterisk.kit.sounds import likeness_in_pieces, speech
from tests.integration.dialer.day import RINGS_OUT, Day
from tests.integration.dialer.inbound.front import Front

STRANGER = "13955550001"


@pytest.fixture
async def day(database: AsyncEngine) -> Day:
    """Today, an empty community."""
    day = Day(session_factory(database), now=CLOCK.now())
    await day.open()
    return day


@pytest.fixture
def front(day: Day) -> Front:
    """A desk for real calls."""
    return Front(day, is_real=True, clock=CLOCK)


async def test_an_owner_who_rings_back_hears_why_and_settles_it(
    pair: Pair, phones: Phones, watcher: Manager, day: Day, front: Front
) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.repaired(owner)
    await day.build()
    number = owner.phones[0].removeprefix("+86")

    async with inbound_rig(pair, phones, front) as rig:
        await rig.rings(f"0{number}")  # as Chinese trunks write mobiles of other towns
        before = rig.said
        await rig.press(f"0{number}", "1", "1")
        await phones.until_over(f"0{number}")
        *_, row = await rig.until_ended()  # a mark of an earlier call may be told, too

    assert "ringing back" in before
    assert "repair" not in before
    assert [turn.step for turn in rig.desk.turns] == [
        "repair:who_rings",
        "repair:repair_rating",
        "repair:closing",
    ]
    assert (row.result, row.person_id) == (InboundResult.TOLD, owner.person_id)
    assert await day.due(Reason.REPAIR) == [("done", "satisfied")]


async def test_a_withheld_number_is_nobodys_and_leaves_a_wish(
    pair: Pair, phones: Phones, watcher: Manager, day: Day, front: Front
) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.repaired(owner)
    await day.build()
    number = owner.phones[0].removeprefix("+86")

    async with inbound_rig(pair, phones, front) as rig:
        await rig.rings(number, withheld=True)
        await rig.press(number, "2", "1", f"{STRANGER}#", "1")
        await phones.until_over(number)
        (row,) = await rig.until_ended()

    assert "repair" not in rig.said
    assert (row.result, row.e164, row.wish_e164) == (
        InboundResult.WISH,
        None,
        f"+86{STRANGER}",
    )
    assert await day.due(Reason.MISSED_CALL) == [("waiting", None)]


async def test_who_hangs_up_at_once_is_missed(
    pair: Pair, phones: Phones, watcher: Manager, day: Day, front: Front
) -> None:
    owner = await day.owner(RINGS_OUT)
    number = owner.phones[0].removeprefix("+86")

    async with inbound_rig(pair, phones, front) as rig:
        await rig.rings(number)
        await phones.hang_up(number)
        (row,) = await rig.until_ended()

    assert row.result is InboundResult.MISSED
    assert await day.due(Reason.MISSED_CALL) == [("waiting", None)]


async def test_a_word_is_kept_though_the_caller_ends_it_by_hanging_up(
    pair: Pair, phones: Phones, watcher: Manager, day: Day, front: Front
) -> None:
    async with inbound_rig(pair, phones, front) as rig:
        await rig.rings(STRANGER)
        await watcher.act("Events", EventMask="agi")
        recording = rig.recording_at(watcher)
        await rig.press(STRANGER, "3")
        await recording.wait()
        await phones.say_out(STRANGER, "hello")
        await phones.hang_up(STRANGER)
        (row,) = await rig.until_ended()

    assert row.result is InboundResult.WORD, rig.desk.replies
    assert row.message is not None
    assert (row.message_s or 0) > 0.5


async def test_a_call_while_no_dialer_ran_is_found_at_the_next_connect(
    pair: Pair, phones: Phones, watcher: Manager, day: Day, front: Front
) -> None:
    owner = await day.owner(RINGS_OUT)
    number = owner.phones[0].removeprefix("+86")
    await phones.ring(OURS, caller=f"0{number}", does=Does.SILENT)
    await phones.until_up(f"0{number}")
    await phones.hang_up(f"0{number}")
    await phones.until_over(f"0{number}")

    async with inbound_rig(pair, phones, front) as rig:
        await rig.until(lambda: bool(rig.desk.calls), "the mark is found")
    async with inbound_rig(pair, phones, front) as again:
        pass

    (row,) = await front.rows()
    assert (row.result, row.e164) == (InboundResult.MISSED, owner.phones[0])
    assert not again.desk.calls
    assert await day.due(Reason.MISSED_CALL) == [("waiting", None)]


async def test_a_caller_who_waits_as_a_dialer_comes_is_served(
    pair: Pair, phones: Phones, watcher: Manager, day: Day, front: Front
) -> None:
    await phones.ring(OURS, caller=STRANGER, does=Does.SILENT)
    await phones.until_up(STRANGER)

    async with inbound_rig(pair, phones, front) as rig:
        await rig.until_turns(1)
        await phones.hang_up(STRANGER)
        (row,) = await rig.until_ended()

    assert row.e164 == f"+86{STRANGER}"


async def test_two_dialers_hear_a_call_and_one_takes_it(
    pair: Pair, phones: Phones, watcher: Manager, day: Day, front: Front
) -> None:
    other = Front(day, is_real=True, clock=CLOCK)

    async with inbound_rig(pair, phones, front) as one, inbound_rig(pair, phones, other) as two:
        await phones.ring(OURS, caller=STRANGER, does=Does.SILENT)
        await one.until(lambda: bool(one.desk.calls), "one has heard of it")
        await two.until(lambda: bool(two.desk.calls), "two has heard of it")
        taker = one if one.desk.taken else two
        await taker.until_turns(1)
        await phones.hang_up(STRANGER)
        await one.until_ended()
        await two.until_ended()

    assert len(one.desk.taken + two.desk.taken) == 1
    assert len(await front.rows()) == 1


async def test_a_call_goes_to_its_end_though_the_dialer_that_took_it_is_gone(
    pair: Pair, phones: Phones, watcher: Manager, day: Day, front: Front
) -> None:
    other = Front(day, is_real=True, clock=CLOCK)
    async with inbound_rig(pair, phones, other) as witness:
        async with inbound_rig(pair, phones, front) as rig:
            await phones.ring(OURS, caller=STRANGER, does=Does.SILENT)
            await rig.until(lambda: bool(rig.desk.calls), "it is heard of")
            await witness.until(lambda: bool(witness.desk.calls), "by both")
        await phones.hang_up(STRANGER)
        (row,) = await witness.until_ended()

    assert row.ended_at is not None


async def test_who_wants_a_person_is_put_through_to_an_agents_phone(
    pair: Pair, phones: Phones, watcher: Manager, day: Day, front: Front
) -> None:
    agent = await front.agent("agent-1", endpoint="PJSIP/agent-1")
    voice = speech(0.8, seed=11)
    await phones.behave("agent-1", Does.SILENT)
    await phones.tape("agent-1")

    async with inbound_rig(pair, phones, front, agents=True) as rig:
        await rig.rooms.seat(agent.room, "PJSIP/agent-1")
        await rig.until_seated(agent.room)
        await rig.rings(STRANGER)
        await rig.press(STRANGER, "1")
        await rig.until_hearing_one_another(2)
        await phones.say_out(STRANGER, phones.sound("caller", voice))
        await phones.hang_up(STRANGER)
        (row,) = await rig.until_ended()
        await rig.rooms.unseat(agent.room)
        heard = await phones.heard("agent-1")

    assert (row.result, row.agent_id) == (InboundResult.PUT_THROUGH, agent.agent_id)
    assert likeness_in_pieces(voice, heard) > SAME_VOICE


async def test_a_caller_is_not_left_alone_when_their_agent_hangs_up(
    pair: Pair, phones: Phones, watcher: Manager, day: Day, front: Front
) -> None:
    agent = await front.agent("agent-1", endpoint="PJSIP/agent-1")
    async with inbound_rig(pair, phones, front, agents=True) as rig:
        await rig.rooms.seat(agent.room, "PJSIP/agent-1")
        await rig.until_seated(agent.room)
        await rig.rings(STRANGER)
        await rig.press(STRANGER, "1")
        await rig.until_hearing_one_another(2)
        await phones.hang_up("agent-1")
        await phones.until_over(STRANGER)
        (row,) = await rig.until_ended()

    assert (row.result, row.agent_id) == (InboundResult.PUT_THROUGH, agent.agent_id)
