"""What a due call rests on, read again at the last moment."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from callback.subjects import SubjectFacts, load_subjects
from customers.account_tables import SurveyAnswer, SurveyTarget
from customers.model import ExtensionState, Reason, WorkOrderCategory
from customers.tables import CallbackRequest
from tests.integration.callback.customer_file import NOON, TODAY, CustomerFile, Home


async def _facts(file: CustomerFile, reason: Reason, *, at: datetime = NOON) -> SubjectFacts:
    (call,) = await file.waiting(reason)
    found = await load_subjects(file.session, [call.due_call_id], now=at, lock=True)
    return found[call.due_call_id]


def _without_names(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in variables.items() if name != "kinds"}


async def test_a_reminder_says_the_total_of_this_moment(file: CustomerFile) -> None:
    home = await file.home()
    younger = await file.charge(home, days_past_due=8, amount=500)
    older = await file.charge(home, days_past_due=40, amount=700)
    await file.build()
    await file.pay(older, 100)

    facts = await _facts(file, Reason.OVERDUE)

    assert facts.reason_holds
    assert facts.debt_ids == {younger, older}
    assert _without_names(facts.script_variables) == {
        "total": {"amount_minor": 1100, "currency": "CNY"},
        "charge_count": 2,
        "oldest_due_on": (TODAY - timedelta(days=40)).isoformat(),
        "days_past_due": 40,
        "step": 30,
    }
    assert len(facts.script_variables["kinds"]) == 1


async def test_a_charge_that_was_paid_is_no_longer_spoken_of(file: CustomerFile) -> None:
    home = await file.home()
    paid, left = await file.charge(home), await file.charge(home, days_past_due=9)
    await file.build()
    await file.pay(paid)

    facts = await _facts(file, Reason.OVERDUE)

    assert facts.debt_ids == {left}
    assert facts.script_variables["charge_count"] == 1


@pytest.mark.parametrize("gone", ["paid", "not_liable", "promise_open"])
async def test_a_reminder_whose_reason_has_gone_says_why(file: CustomerFile, gone: str) -> None:
    home = await file.home()
    charge_id = await file.charge(home)
    await file.build()

    match gone:
        case "paid":
            await file.pay(charge_id)
        case "not_liable":
            await file.change_charge(charge_id, liable_person_id=await file.person())
        case _:
            await file.promise(home, charge_id, on=TODAY)

    facts = await _facts(file, Reason.OVERDUE)
    assert (facts.reason_holds, facts.reason_gone) == (False, gone)
    assert facts.debt_ids == set()


async def test_a_dispute_and_an_extension_are_told_to_the_verdict(file: CustomerFile) -> None:
    home = await file.home()
    charge_id = await file.charge(home)
    await file.build()
    await file.change_charge(charge_id, disputed_at=NOON)
    assert (await _facts(file, Reason.OVERDUE)).disputed

    await file.change_charge(charge_id, disputed_at=None)
    await file.extend(home, charge_id, until=TODAY, state=ExtensionState.APPROVED)

    facts = await _facts(file, Reason.OVERDUE)
    assert facts.reason_holds
    assert facts.extension_until == datetime(2026, 5, 20, 16, tzinfo=UTC)


async def test_a_callback_names_the_repair(file: CustomerFile) -> None:
    home = await file.home()
    await file.work_order(home, category=WorkOrderCategory.LEAK)
    await file.build()

    facts = await _facts(file, Reason.REPAIR)

    assert facts.reason_holds
    assert facts.script_variables["completed_on"] == TODAY.isoformat()
    assert facts.script_variables["repair_category"] == {
        "zh-CN": "漏水维修",
        "en": "the leak repair",
    }


async def test_a_callback_is_gone_when_the_order_was_reopened_or_the_person_left(
    file: CustomerFile,
) -> None:
    home = await file.home()
    order = await file.work_order(home)
    await file.build()
    await file.change_owner(home, await file.person(), on=TODAY)
    assert (await _facts(file, Reason.REPAIR)).reason_gone == "nobody_there"

    await file.change_work_order(order, reopened_at=NOON, completed_on=None, cycle=2)

    assert (await _facts(file, Reason.REPAIR)).reason_gone == "reopened"


async def test_a_survey_call_is_gone_when_answered_or_closed(file: CustomerFile) -> None:
    opening = datetime(2026, 6, 15, 4, tzinfo=UTC)
    await file.home()
    await file.build(now=opening)

    facts = await _facts(file, Reason.SURVEY, at=opening)
    assert facts.script_variables["closes_on"] == date(2026, 6, 30).isoformat()
    closed = await _facts(file, Reason.SURVEY, at=opening + timedelta(days=16))
    assert closed.reason_gone == "survey_closed"

    target = await file.session.execute(sa.select(SurveyTarget.survey_target_id))
    await file.session.execute(
        sa.insert(SurveyAnswer).values(
            survey_target_id=target.scalar_one(), question="service", score=5, answered_at=opening
        )
    )
    assert (await _facts(file, Reason.SURVEY, at=opening)).reason_gone == "answered"


async def _promised(file: CustomerFile, home: Home, about: Reason, original: Reason | None) -> None:
    await file.build()
    about_id = None
    if original is not None:
        (call,) = await file.waiting(original)
        await file.settle(call.due_call_id)
        about_id = call.due_call_id
    await file.ask_for_call(
        home, call_at=NOON + timedelta(hours=3), about=about, about_due_call_id=about_id
    )
    await file.build()


async def test_a_promised_call_goes_on_with_what_it_is_about(file: CustomerFile) -> None:
    home = await file.home()
    charge_id = await file.charge(home)
    await _promised(file, home, Reason.OVERDUE, Reason.OVERDUE)

    facts = await _facts(file, Reason.PROMISED)

    assert facts.debt_ids == {charge_id}
    assert facts.asked_at == NOON
    assert facts.script_variables["about"] == "overdue"
    assert facts.script_variables["asked_at"] == "2026-05-20T12:00"
    assert facts.script_variables["total"] == {"amount_minor": 10_000, "currency": "CNY"}


async def test_a_promised_call_about_a_repair_outlasts_its_reopening(file: CustomerFile) -> None:
    home = await file.home()
    order = await file.work_order(home)
    await _promised(file, home, Reason.REPAIR, Reason.REPAIR)
    assert (await _facts(file, Reason.PROMISED)).script_variables["about"] == "repair"

    await file.change_work_order(order, reopened_at=NOON, completed_on=None, cycle=2)

    facts = await _facts(file, Reason.PROMISED)
    assert facts.reason_holds
    assert facts.script_variables["about"] == "other"


async def test_a_promised_call_about_nothing_on_file_goes_to_a_colleague(
    file: CustomerFile,
) -> None:
    await _promised(file, await file.home(), Reason.REPAIR, None)

    facts = await _facts(file, Reason.PROMISED)

    assert facts.reason_holds
    assert facts.script_variables["about"] == "other"


async def test_a_promised_call_is_gone_when_cancelled_or_paid(file: CustomerFile) -> None:
    home = await file.home()
    charge_id = await file.charge(home)
    await _promised(file, home, Reason.OVERDUE, Reason.OVERDUE)
    await file.pay(charge_id)
    assert (await _facts(file, Reason.PROMISED)).reason_gone == "paid"

    await file.session.execute(sa.update(CallbackRequest).values(cancelled_at=NOON))

    assert (await _facts(file, Reason.PROMISED)).reason_gone == "cancelled"


async def test_a_payment_waits_for_the_claim_that_reads_the_debt(database: AsyncEngine) -> None:
    async with AsyncSession(database) as session:
        file = CustomerFile(session)
        charge_id = await file.charge(await file.home())
        await file.build()
        await session.commit()
        await _facts(file, Reason.OVERDUE)
        async with AsyncSession(database) as finance:
            await finance.execute(sa.text("SET LOCAL lock_timeout = '20ms'"))
            with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
                await CustomerFile(finance).pay(charge_id)
        await session.rollback()


async def test_a_batch_is_read_in_a_fixed_number_of_queries(
    file: CustomerFile,
) -> None:
    for _ in range(3):
        home = await file.home()
        await file.charge(home)
        await file.work_order(home)
    await file.build()
    calls = [*await file.waiting(Reason.OVERDUE), *await file.waiting(Reason.REPAIR)]
    seen: list[str] = []
    engine = file.session.get_bind()
    sa.event.listen(engine, "before_cursor_execute", lambda *args: seen.append(args[2]))

    found = await load_subjects(
        file.session, [call.due_call_id for call in calls], now=NOON, lock=True
    )

    assert len(found) == 6
    assert all(facts.reason_holds for facts in found.values())
    assert len(seen) == 4  # the calls, their debts, their orders, who is there
