"""Calls at the time an owner named."""

from datetime import timedelta

import sqlalchemy as sa

from callback.overdue import settle_progress
from customers.model import Purpose, Reason
from customers.tables import CallbackRequest
from tests.integration.callback.customer_file import NOON, CustomerFile, Home

AT = NOON + timedelta(days=1, hours=3)


async def _postponed(file: CustomerFile, home: Home) -> int:
    """Have a reminder answered with a request to call later; return the reminder."""
    await file.build()
    (reminder,) = await file.waiting(Reason.OVERDUE)
    await file.settle(reminder.due_call_id)
    await settle_progress(file.session, reminder.due_call_id, now=NOON)
    await file.ask_for_call(
        home, call_at=AT, about=Reason.OVERDUE, about_due_call_id=reminder.due_call_id
    )
    return int(reminder.due_call_id)


async def test_a_promised_call_is_an_appointment_at_its_time(file: CustomerFile) -> None:
    home = await file.home()
    request = await file.ask_for_call(home, call_at=AT, about=Reason.REPAIR)

    await file.build()

    (call,) = await file.calls(Reason.PROMISED)
    assert call.subject == f"callback_request:{request}"
    assert call.appointment
    assert (call.not_before, call.next_at) == (AT, AT)
    assert call.due_by == AT + timedelta(minutes=30)
    assert call.purpose == Purpose.SERVICE


async def test_a_promised_call_about_a_debt_speaks_of_the_same_charges(file: CustomerFile) -> None:
    home = await file.home()
    charge_id = await file.charge(home, days_past_due=8)
    reminder = await _postponed(file, home)

    await file.build()

    (call,) = await file.waiting(Reason.PROMISED)
    assert call.purpose == Purpose.DEBT
    assert call.facts["about_due_call_id"] == reminder
    assert await file.steps(call.due_call_id) == {charge_id: 7}


async def test_an_appointment_holds_the_next_reminder_of_its_debt_back(file: CustomerFile) -> None:
    home = await file.home()
    await file.charge(home, days_past_due=14)
    await _postponed(file, home)

    await file.build(days_later=1)

    assert len(await file.waiting(Reason.PROMISED)) == 1
    assert await file.waiting(Reason.OVERDUE) == []


async def test_a_promised_call_about_a_paid_debt_is_withdrawn(file: CustomerFile) -> None:
    home = await file.home()
    charge_id = await file.charge(home)
    await _postponed(file, home)
    await file.build()
    await file.pay(charge_id)

    report = await file.build()

    assert report.changes[Reason.PROMISED].withdrawn == {"paid": 1}
    assert (await file.build()).changes[Reason.PROMISED].withdrawn == {}


async def test_a_cancelled_request_is_withdrawn(file: CustomerFile) -> None:
    home = await file.home()
    await file.ask_for_call(home, call_at=AT, about=Reason.REPAIR)
    await file.build()
    await file.session.execute(sa.update(CallbackRequest).values(cancelled_at=NOON))

    report = await file.build()

    assert report.changes[Reason.PROMISED].withdrawn == {"cancelled": 1}


async def test_a_call_postponed_twice_is_still_about_the_first(file: CustomerFile) -> None:
    home = await file.home()
    await file.charge(home)
    reminder = await _postponed(file, home)
    await file.build()
    (once,) = await file.waiting(Reason.PROMISED)
    await file.settle(once.due_call_id)
    await file.ask_for_call(
        home,
        call_at=AT + timedelta(days=1),
        about=Reason.OVERDUE,
        about_due_call_id=once.due_call_id,
    )

    await file.build()

    (twice,) = await file.waiting(Reason.PROMISED)
    assert twice.facts["about_due_call_id"] == reminder
    assert len(await file.steps(twice.due_call_id)) == 1
