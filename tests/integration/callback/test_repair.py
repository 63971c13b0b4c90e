"""Who is called back after a repair, and by when."""

from datetime import UTC, date, datetime, timedelta

import pytest

from customers.model import Reason, Role, WorkOrderCategory
from tests.integration.callback.customer_file import NOON, TODAY, CustomerFile


@pytest.mark.parametrize(
    ("category", "days"),
    [
        (WorkOrderCategory.SAFETY, 2),
        (WorkOrderCategory.LEAK, 3),
        (WorkOrderCategory.OTHER, 7),
    ],
)
async def test_the_deadline_is_the_end_of_the_last_day_of_its_category(
    file: CustomerFile, category: WorkOrderCategory, days: int
) -> None:
    home = await file.home()
    order = await file.work_order(home, completed_on=date(2026, 5, 18), category=category)

    await file.build()

    (call,) = await file.calls(Reason.REPAIR)
    assert (call.subject, call.cycle) == (f"work_order:{order}", "1")
    assert call.facts["callback_by"] == date(2026, 5, 18 + days).isoformat()
    assert call.not_before == datetime(2026, 5, 17, 16, tzinfo=UTC)  # midnight in Shanghai
    assert call.due_by == datetime(2026, 5, 18 + days, 16, tzinfo=UTC)


@pytest.mark.parametrize("completed_on", [None, TODAY + timedelta(days=1)])
async def test_a_repair_that_is_not_finished_owes_no_callback(
    file: CustomerFile, completed_on: date | None
) -> None:
    await file.work_order(await file.home(), completed_on=completed_on)

    await file.build()

    assert await file.calls(Reason.REPAIR) == []


async def test_a_callback_that_missed_its_deadline_is_still_owed(file: CustomerFile) -> None:
    await file.work_order(await file.home(), completed_on=date(2026, 2, 1))

    await file.build()

    (call,) = await file.waiting(Reason.REPAIR)
    assert call.due_by < NOON


async def test_the_tenant_is_asked_before_the_owner(file: CustomerFile) -> None:
    home = await file.home()
    tenant = await file.person()
    await file.lives(tenant, home.unit_id, role=Role.TENANT)
    await file.work_order(home)

    await file.build()

    (call,) = await file.calls(Reason.REPAIR)
    assert call.person_id == tenant


async def test_a_tenant_who_came_after_the_repair_is_not_asked(file: CustomerFile) -> None:
    home = await file.home()
    tenant = await file.person()
    await file.lives(tenant, home.unit_id, role=Role.TENANT, since=TODAY)
    await file.work_order(home, completed_on=TODAY - timedelta(days=1))

    await file.build()

    (call,) = await file.calls(Reason.REPAIR)
    assert call.person_id == home.person_id


async def test_when_everybody_of_that_day_has_left_the_new_owner_is_asked(
    file: CustomerFile,
) -> None:
    home = await file.home()
    await file.work_order(home, completed_on=TODAY - timedelta(days=3))
    await file.build()
    buyer = await file.person()
    await file.change_owner(home, buyer, on=TODAY)

    report = await file.build()

    assert report.changes[Reason.REPAIR].withdrawn == {"nobody_there": 1}
    assert report.changes[Reason.REPAIR].restored == 1
    (call,) = await file.waiting(Reason.REPAIR)
    assert call.person_id == buyer
    assert (await file.build()).changes[Reason.REPAIR].restored == 0


async def test_a_reopened_order_takes_its_callback_back(file: CustomerFile) -> None:
    order = await file.work_order(await file.home())
    await file.build()
    await file.change_work_order(order, reopened_at=NOON, completed_on=None, cycle=2)

    report = await file.build()

    assert report.changes[Reason.REPAIR].withdrawn == {"reopened": 1}
    assert await file.waiting(Reason.REPAIR) == []


async def test_a_dissatisfied_owner_is_called_again_after_the_rework(file: CustomerFile) -> None:
    order = await file.work_order(await file.home())
    await file.build()
    (first,) = await file.calls(Reason.REPAIR)
    await file.settle(first.due_call_id)
    await file.change_work_order(order, reopened_at=NOON, completed_on=None, cycle=2)
    await file.build(days_later=1)
    assert await file.waiting(Reason.REPAIR) == []

    await file.change_work_order(order, reopened_at=None, completed_on=TODAY + timedelta(days=2))
    await file.build(days_later=2)

    (second,) = await file.waiting(Reason.REPAIR)
    assert (second.subject, second.cycle) == (f"work_order:{order}", "2")
    assert second.facts["callback_by"] == (TODAY + timedelta(days=9)).isoformat()


async def test_nobody_is_asked_where_nobody_lives(file: CustomerFile) -> None:
    home = await file.home()
    await file.work_order(home)
    await file.build()
    await file.die(home.person_id)

    report = await file.build()

    assert report.changes[Reason.REPAIR].withdrawn == {"deceased": 1}
    assert await file.waiting(Reason.REPAIR) == []
