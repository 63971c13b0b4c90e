"""Who is due a reminder: the ladder, and what takes somebody off it."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from callback.overdue import settle_progress
from callback.tables import DueCall
from customers.model import ExtensionState, PromiseState, Reason
from tests.integration.callback.customer_file import NOON, TODAY, CustomerFile


async def _finish(file: CustomerFile, due_call_id: int) -> None:
    await file.settle(due_call_id)
    await settle_progress(file.session, due_call_id, now=NOON)


@pytest.mark.parametrize(
    ("days_past_due", "script"),
    [
        (-4, None),
        (-3, "overdue-courtesy"),
        (0, "overdue-courtesy"),
        (1, "overdue-1"),
        (6, "overdue-1"),
        (7, "overdue-7"),
        (15, "overdue-15"),
        (30, "overdue-30"),
        (60, "overdue-60"),
        (89, "overdue-60"),
        (90, "overdue-90"),
        (1000, "overdue-90"),
    ],
)
async def test_the_first_import_of_a_debt_starts_at_the_highest_step_reached(
    file: CustomerFile, days_past_due: int, script: str | None
) -> None:
    home = await file.home()
    await file.charge(home, days_past_due=days_past_due)

    await file.build()

    assert [call.script for call in await file.calls(Reason.OVERDUE)] == [script] * bool(script)


async def test_skipped_steps_are_named_with_the_reason(file: CustomerFile) -> None:
    home = await file.home()
    await file.charge(home, days_past_due=16)

    await file.build()

    (call,) = await file.calls(Reason.OVERDUE)
    assert call.facts["skipped_steps"] == [-3, 1, 7]
    assert call.facts["skipped_because"] == "higher_step_reached"


async def test_a_person_gets_one_call_at_the_highest_step_with_the_total(
    file: CustomerFile,
) -> None:
    home = await file.home()
    younger = await file.charge(home, days_past_due=8, amount=500)
    older = await file.charge(home, days_past_due=40, amount=700)
    courtesy = await file.charge(home, days_past_due=-2, amount=900)
    other_currency = await file.charge(home, days_past_due=20, amount=900, currency="USD")

    await file.build()

    (call,) = await file.calls(Reason.OVERDUE)
    assert call.subject == f"person:{home.person_id}"
    assert call.cycle == f"{older}:30"
    assert call.facts["total_minor"] == 1200
    assert call.facts["charge_count"] == 2
    covered = await file.steps(call.due_call_id)
    assert covered == {younger: 7, older: 30}
    assert courtesy not in covered
    assert other_currency not in covered


async def test_debts_in_several_communities_make_one_call(file: CustomerFile) -> None:
    home = await file.home()
    second = await file.community()
    elsewhere = type(home)(second, await file.unit(second), home.person_id)
    here, there = await file.charge(home, days_past_due=8), await file.charge(elsewhere)

    await file.build(community_ids=[second])
    await file.build(community_ids=[home.community_id])

    (call,) = await file.waiting(Reason.OVERDUE)
    assert set(await file.steps(call.due_call_id)) == {here, there}


async def test_a_step_that_was_done_comes_back_only_at_the_next_step(file: CustomerFile) -> None:
    home = await file.home()
    await file.charge(home, days_past_due=7)
    await file.build()
    (first,) = await file.waiting(Reason.OVERDUE)
    await _finish(file, first.due_call_id)

    assert (await file.build(days_later=7)).changes[Reason.OVERDUE].created == 0
    assert (await file.build(days_later=8)).changes[Reason.OVERDUE].created == 1
    (second,) = await file.waiting(Reason.OVERDUE)
    assert second.script == "overdue-15"


async def test_a_higher_step_takes_the_place_of_a_waiting_one(file: CustomerFile) -> None:
    home = await file.home()
    await file.charge(home, days_past_due=7)
    await file.build()

    report = await file.build(days_later=8)

    assert report.changes[Reason.OVERDUE].withdrawn == {"superseded": 1}
    assert [call.script for call in await file.waiting(Reason.OVERDUE)] == ["overdue-15"]


async def test_a_debt_that_joins_leaves_the_waiting_call_in_place_and_is_covered(
    file: CustomerFile,
) -> None:
    home = await file.home()
    first = await file.charge(home, days_past_due=31)
    await file.build()
    older = await file.charge(home, days_past_due=45)

    report = await file.build()

    assert report.changes[Reason.OVERDUE].withdrawn == {}
    (call,) = await file.waiting(Reason.OVERDUE)
    assert await file.steps(call.due_call_id) == {first: 30, older: 30}


@pytest.mark.parametrize(
    "gone", ["paid", "disputed", "deceased", "not_liable", "promise_open", "extension"]
)
async def test_a_waiting_call_is_withdrawn_when_its_reason_has_gone(
    file: CustomerFile, gone: str
) -> None:
    home = await file.home()
    charge_id = await file.charge(home)
    await file.build()

    match gone:
        case "paid":
            await file.pay(charge_id)
        case "disputed":
            await file.change_charge(charge_id, disputed_at=NOON)
        case "deceased":
            await file.die(home.person_id)
        case "not_liable":
            await file.change_charge(charge_id, liable_person_id=None)
        case "promise_open":
            await file.promise(home, charge_id, on=TODAY)
        case _:
            await file.extend(home, charge_id, until=TODAY, state=ExtensionState.REQUESTED)
    report = await file.build()

    assert report.changes[Reason.OVERDUE].withdrawn == {gone: 1}
    assert report.to_json()["withdrawn"]["overdue"] == 1
    (call,) = await file.calls(Reason.OVERDUE)
    assert (call.state, call.settled_because) == ("withdrawn", gone)


async def test_a_call_withdrawn_for_a_dispute_is_owed_again_when_the_dispute_ends(
    file: CustomerFile,
) -> None:
    home = await file.home()
    charge_id = await file.charge(home)
    await file.build()
    await file.change_charge(charge_id, disputed_at=NOON)
    await file.build()
    await file.change_charge(charge_id, disputed_at=None)

    report = await file.build()

    assert report.changes[Reason.OVERDUE].restored == 1
    (call,) = await file.calls(Reason.OVERDUE)
    assert (call.state, call.settled_because) == ("waiting", None)


async def test_a_call_owed_again_keeps_its_retry_wait(file: CustomerFile) -> None:
    home = await file.home()
    charge_id = await file.charge(home)
    await file.build()
    later = NOON + timedelta(hours=4)
    await file.session.execute(sa.update(DueCall).values(next_at=later, attempts=2))
    await file.change_charge(charge_id, disputed_at=NOON)
    await file.build()
    await file.change_charge(charge_id, disputed_at=None)

    await file.build()

    (call,) = await file.waiting(Reason.OVERDUE)
    assert (call.next_at, call.attempts) == (later, 2)


async def test_a_part_payment_keeps_the_call(file: CustomerFile) -> None:
    home = await file.home()
    charge_id = await file.charge(home)
    await file.build()
    await file.pay(charge_id, 4_000)

    report = await file.build()

    assert report.changes[Reason.OVERDUE].withdrawn == {}


async def test_a_claimed_call_is_left_to_its_claim(file: CustomerFile) -> None:
    home = await file.home()
    charge_id = await file.charge(home)
    await file.build()
    (call,) = await file.calls(Reason.OVERDUE)
    await file.claim(call.due_call_id)
    await file.pay(charge_id)

    report = await file.build()

    assert report.changes[Reason.OVERDUE].withdrawn == {}


async def test_a_new_owner_never_hears_of_the_old_owners_debt(file: CustomerFile) -> None:
    old = await file.home()
    charge_id = await file.charge(old, days_past_due=50)
    new = await file.person()
    await file.change_owner(old, new, on=TODAY - timedelta(days=20))

    await file.build()

    (call,) = await file.calls(Reason.OVERDUE)
    assert call.person_id == old.person_id
    assert set(await file.steps(call.due_call_id)) == {charge_id}


@pytest.mark.parametrize(
    ("state", "until", "due"),
    [
        (ExtensionState.REQUESTED, TODAY, False),
        (ExtensionState.APPROVED, TODAY, False),
        (ExtensionState.APPROVED, TODAY - timedelta(days=1), True),
        (ExtensionState.REFUSED, TODAY + timedelta(days=9), True),
    ],
)
async def test_an_extension_holds_reminders_back_through_its_last_day(
    file: CustomerFile,
    state: ExtensionState,
    until: date,
    due: bool,
) -> None:
    home = await file.home()
    charge_id = await file.charge(home)
    await file.extend(home, charge_id, until=until, state=state)

    await file.build()

    assert bool(await file.waiting(Reason.OVERDUE)) is due


async def test_a_broken_promise_comes_back_the_day_after_its_date(file: CustomerFile) -> None:
    home = await file.home()
    charge_id = await file.charge(home, days_past_due=8)
    await file.build()
    (first,) = await file.waiting(Reason.OVERDUE)
    await _finish(file, first.due_call_id)
    promise_id = await file.promise(home, charge_id, on=TODAY + timedelta(days=2))

    for day in (0, 1, 2):
        await file.build(days_later=day)
        assert await file.waiting(Reason.OVERDUE) == []
    await file.build(days_later=3)

    assert await file.promise_state(promise_id) == PromiseState.BROKEN
    (second,) = await file.waiting(Reason.OVERDUE)
    assert second.cycle == f"promise:{promise_id}"
    assert second.facts["broken_promise_id"] == promise_id
    assert second.script == "overdue-7"
    assert await file.steps(second.due_call_id) == {charge_id: 7}


async def test_a_broken_promise_is_called_about_once(file: CustomerFile) -> None:
    home = await file.home()
    charge_id = await file.charge(home, days_past_due=8)
    await file.promise(home, charge_id, on=TODAY - timedelta(days=1))
    await file.build()
    (call,) = await file.waiting(Reason.OVERDUE)
    await _finish(file, call.due_call_id)

    assert (await file.build(days_later=1)).changes[Reason.OVERDUE].created == 0
    assert (await file.build(days_later=7)).changes[Reason.OVERDUE].created == 1  # the next step


@pytest.mark.parametrize(
    ("paid", "state"),
    [(0, PromiseState.BROKEN), (4_999, PromiseState.BROKEN), (5_000, PromiseState.KEPT)],
)
async def test_a_promise_is_kept_when_enough_was_paid(
    file: CustomerFile, paid: int, state: PromiseState
) -> None:
    home = await file.home()
    charge_id = await file.charge(home)
    promise_id = await file.promise(home, charge_id, on=TODAY - timedelta(days=1), amount=5_000)
    await file.pay(charge_id, paid)

    await file.build()

    assert await file.promise_state(promise_id) == state
