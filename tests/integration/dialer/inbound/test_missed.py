"""Whoever was not served is rung back: one call a person, until somebody has spoken with them."""

from datetime import timedelta

import sqlalchemy as sa

from callback.tables import DueCall
from customers.model import Reason
from dialer.inbound.model import InboundResult
from tests.integration.dialer.day import RINGS_OUT, TEN, Day, answers
from tests.integration.dialer.inbound.front import Front


async def test_a_call_while_no_dialer_ran_becomes_a_due_call(day: Day) -> None:
    owner = await day.owner(answers("1", "3"))
    front = Front(day)
    call = front.call(owner.phones[0])
    await day.until(TEN + timedelta(hours=2))

    await front.desk.missed(call)
    await front.desk.missed(call)

    (row,) = await front.rows()
    assert (row.result, row.ended_at, row.callback_person_id) == (
        InboundResult.MISSED,
        TEN,
        owner.person_id,
    )
    (due,) = await day.rows(sa.select(DueCall.reason, DueCall.due_by, DueCall.unit_id))
    assert tuple(due) == (Reason.MISSED_CALL, TEN + timedelta(hours=24), owner.unit_id)


async def test_several_misses_of_a_person_make_one_due_call(day: Day) -> None:
    owner = await day.owner(answers("1", "3"))
    front = Front(day)

    for _ in range(3):
        await (await front.rings(owner.phones[0])).hang_up()
    await day.build()

    assert await day.due(Reason.MISSED_CALL) == [("waiting", None)]
    await day.dial()
    assert await day.due(Reason.MISSED_CALL) == [("done", "information_given")]
    await day.build()
    assert await day.due(Reason.MISSED_CALL) == [("done", "information_given")]
    await (await front.rings(owner.phones[0])).hang_up()
    assert await day.due(Reason.MISSED_CALL) == [("done", "information_given"), ("waiting", None)]


async def test_a_later_talk_with_them_withdraws_it(day: Day) -> None:
    owner = await day.owner(answers("1", "3"))
    front = Front(day)
    await (await front.rings(owner.phones[0])).hang_up()
    await day.repaired(owner)
    await day.build()
    await day.write(
        lambda session: session.execute(
            sa.update(DueCall)
            .where(DueCall.reason == Reason.MISSED_CALL)
            .values(next_at=TEN + timedelta(hours=3), not_before=TEN + timedelta(hours=3))
        )
    )

    await day.dial()
    await day.build()

    assert [state for state, _ in await day.due(Reason.REPAIR)] == ["done"]
    assert await day.due(Reason.MISSED_CALL) == [("withdrawn", "spoken_to")]


async def test_a_wish_changes_the_call_that_waits(day: Day) -> None:
    owner = await day.owner(RINGS_OUT)
    front = Front(day)
    await (await front.rings(owner.phones[0])).hang_up()

    call = await front.rings(owner.phones[0])
    # They are due the call back by now: it is that they hear of.
    assert "nobody could take your call" not in call.said
    await call.press("1", "2", "1", "1530")
    await call.hang_up()

    assert await day.due(Reason.MISSED_CALL) == [("done", "callback_requested")]
    assert await day.due(Reason.PROMISED) == [("waiting", None)]
