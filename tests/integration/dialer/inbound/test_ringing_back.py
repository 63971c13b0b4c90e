"""Owners who ring back: they hear why we rang once we know who they are, and it is settled."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from callback.tables import DueCall
from customers.account_tables import Promise
from customers.model import Reason
from customers.tables import Person, Phone, Unit
from dialer.inbound.model import InboundResult
from dialer.model import AttemptState, Direction
from dialer.tables import Attempt
from tests.integration.dialer.day import IDENTITY, RINGS_OUT, TEN, Day, answers
from tests.integration.dialer.inbound.front import Front


async def test_an_owner_who_rings_back_hears_of_the_repair_and_settles_it(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.repaired(owner)
    await day.build()
    await day.dial()
    assert await day.due(Reason.REPAIR) == [("waiting", None)]

    call = await Front(day).rings(owner.phones[0])
    assert "Thank you for ringing back" in call.said
    assert "leak repair" not in call.said
    await call.press("1")
    assert "leak repair" in call.said
    await call.press("1")
    row = await call.hang_up()

    assert row.result is InboundResult.TOLD
    assert row.attempt_id == row.call_id
    assert await day.due(Reason.REPAIR) == [("done", "satisfied")]


async def test_a_debt_is_named_only_after_the_digits(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.owes(owner, 12_345)
    await day.build()

    call = await Front(day).rings(owner.phones[0])
    await call.press("1")
    assert "123" not in call.said
    await call.press(IDENTITY)
    assert "123" in call.said
    await call.press("1", "1", "0522", "1")
    await call.hang_up()

    assert await day.due(Reason.OVERDUE) == [("done", "promise_to_pay")]
    assert len(await day.rows(sa.select(Promise.promise_id))) == 1


async def test_where_they_live_proves_nobody_who_rings(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.owes(owner, 12_345)
    await day.build()
    await day.write(lambda session: session.execute(sa.update(Person).values(identity_digits=None)))

    call = await Front(day).rings(owner.phones[0])
    (unit,) = await day.rows(sa.select(Unit.label))
    await call.press("1", "".join(each for each in unit.label if each.isdecimal()), "1")

    assert "123" not in call.said
    await call.hang_up()


async def test_who_guesses_the_digits_call_after_call_is_told_nothing_any_more(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.owes(owner, 12_345)
    await day.build()
    front = Front(day)
    for _ in range(5):
        call = await front.rings(owner.phones[0])
        await call.press("1", "0000", "0001")
        await call.hang_up()

    call = await front.rings(owner.phones[0])
    await call.press("1", IDENTITY)

    assert "123" not in call.said
    assert await day.due(Reason.OVERDUE) == [("waiting", None)]
    await call.hang_up()


async def test_a_debt_and_a_survey_never_share_a_call(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.owes(owner)
    await day.repaired(owner)
    await day.build()
    await day.write(
        lambda session: session.execute(
            sa.update(DueCall).where(DueCall.reason == Reason.REPAIR).values(reason="survey")
        )
    )

    call = await Front(day).rings(owner.phones[0])

    assert len(await day.rows(sa.select(Attempt.attempt_id))) == 1
    states = await day.rows(sa.select(DueCall.state).order_by(DueCall.due_call_id))
    assert sorted(row.state for row in states) == ["claimed", "waiting"]
    await call.hang_up()


@pytest.mark.parametrize(
    "keys", [(), ("1",), ("",)], ids=["at once", "after the question", "silent"]
)
async def test_what_they_did_not_settle_waits_as_if_they_had_not_rung(
    day: Day, keys: tuple[str, ...]
) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.repaired(owner)
    await day.build()
    before = await day.rows(sa.select(DueCall.attempts, DueCall.next_at, DueCall.state))

    row = await (await (await Front(day).rings(owner.phones[0])).press(*keys)).hang_up()

    assert row.result is InboundResult.HUNG_UP
    assert await day.rows(sa.select(DueCall.attempts, DueCall.next_at, DueCall.state)) == before


async def test_nobody_is_rung_who_is_ringing_us(day: Day) -> None:
    owner = await day.owner(answers("1", "1"))
    await day.owes(owner)
    await day.repaired(owner)
    await day.build()
    front = Front(day)

    call = await front.rings(owner.phones[0])
    await day.dial(hours=0.2)
    assert day.rung == []
    await call.hang_up()
    await day.dial()
    assert day.rung == [owner.phones[0]]


async def test_who_rings_while_we_ring_them_is_no_second_talk(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.repaired(owner)
    await day.build()
    (due,) = await day.rows(sa.select(DueCall.due_call_id))
    phones = await day.rows(sa.select(Phone.phone_id))
    await day.add(
        Attempt,
        attempt_id=Front(day).call(None).call_id,
        person_id=owner.person_id,
        phone_id=phones[0].phone_id,
        e164=owner.phones[0],
        bridge="simulated",
        trunk="a",
        mode="automatic",
        campaign="repair",
        state=AttemptState.RINGING,
        started_at=TEN,
    )

    await day.until(TEN + timedelta(seconds=1))
    call = await Front(day).rings(owner.phones[0])

    assert "Thank you for ringing. " in call.said
    assert (await call.row()).attempt_id is None
    assert due is not None


async def test_somebody_else_on_their_phone_is_told_nothing_and_may_choose(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.repaired(owner)
    await day.build()

    call = await Front(day).rings(owner.phones[0])
    await call.press("2")
    assert "To be rung back, press 2" in call.turns[-1].say[-1]
    await call.press("2", "1", "1")
    row = await call.hang_up()

    assert "repair" not in call.said
    assert row.result is InboundResult.WISH
    assert await day.due(Reason.REPAIR) == [("waiting", None)]


async def test_of_several_who_share_a_number_the_unit_tells_who_rings(day: Day) -> None:
    one, other = await day.owner(RINGS_OUT), await day.owner(RINGS_OUT)
    await day.repaired(other)
    await day.share_number(one, other)
    await day.build()

    call = await Front(day).rings(other.phones[0])
    assert "unit number" in call.said
    labels = await day.rows(sa.select(Unit.label).where(Unit.unit_id == other.unit_id))
    await call.press(labels[0].label.replace("-", ""))
    assert "Thank you for ringing back" in call.said
    await call.press("1", "1")

    assert (await call.hang_up()).person_id == other.person_id
    assert await day.due(Reason.REPAIR) == [("done", "satisfied")]


async def test_no_unit_tells_of_nobody(day: Day) -> None:
    one, other = await day.owner(RINGS_OUT), await day.owner(RINGS_OUT)
    await day.repaired(other)
    await day.share_number(one, other)
    await day.build()

    call = await (await Front(day).rings(other.phones[0])).press("99999")

    assert "To speak to a colleague" in call.said
    assert (await call.hang_up()).person_id is None


async def test_invented_people_are_not_known_where_calls_are_real(day: Day) -> None:
    owner = await day.owner(RINGS_OUT, synthetic=True)
    await day.repaired(owner)
    await day.build()

    call = await Front(day, is_real=True).rings(owner.phones[0])

    assert (await call.row()).person_id is None


async def test_a_talk_with_who_rang_is_an_attempt_of_theirs(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.repaired(owner)
    await day.build()

    await (await (await Front(day).rings(owner.phones[0])).press("1", "1")).hang_up()

    (row,) = await day.rows(
        sa.select(Attempt.direction, Attempt.state, Attempt.telephony_result, Attempt.dialer_id)
    )
    assert tuple(row) == (Direction.INBOUND, AttemptState.ENDED, "answered", None)
