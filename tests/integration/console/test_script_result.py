"""What the script fills in of the wrap-up, and what an agent makes of it."""

import pytest
import sqlalchemy as sa

from callback.tables import DueCall
from customers.account_tables import Charge
from customers.model import Reason
from customers.tables import CallbackRequest
from customers.waiver_tables import Waiver
from dialer.tables import Attempt, AttemptDueCall
from tests.integration.console.desk_floor import DeskFloor
from tests.integration.console.guide_desk import Desk, guide_of
from tests.integration.dialer.day import IDENTITY, answers
from tests.unit.api.forms import form_of


async def test_a_refused_form_keeps_what_was_typed_and_says_the_mend(repairs: DeskFloor) -> None:
    async with repairs.tab() as tab:
        desk = Desk(repairs, tab)
        await desk.look()
        await desk.hang_up()
        await desk.look("/desk/result")
        assert "One matter has no result yet" in await desk.result("save")
        (row,) = await repairs.rows(sa.select(AttemptDueCall.due_call_id))
        due_call_id = row.due_call_id
        await desk.result(f"choose:{due_call_id}:callback_requested", note="rings later")
        at = f"{due_call_id}.callback_at"
        assert "Give a time to come" in await desk.result("save", **{at: "2020-01-01T10:00"})
        assert form_of(desk.page, "result").fields[at] == "2020-01-01T10:00"
        assert await repairs.states() == ["wrap_up"]
        assert "rings later" in (await guide_of(repairs)).note
        await desk.result("save", **{at: "2026-05-21T10:00", f"{due_call_id}.personal": "1"})
    assert await repairs.states() == ["ready"]
    (request,) = await repairs.rows(sa.select(CallbackRequest.agent_id))
    assert request.agent_id is not None


async def test_what_the_script_came_to_comes_back_when_it_is_chosen_again(
    debts: DeskFloor,
) -> None:
    async with debts.tab() as tab:
        desk = Desk(debts, tab)
        await desk.look()
        for choice, value in (("1", ""), ("give", IDENTITY), ("4", ""), ("give", "2026-06-10")):
            await desk.press(choice, value)
        await desk.hang_up()
        await desk.look("/desk/result")
        (row,) = await debts.rows(sa.select(AttemptDueCall.due_call_id))
        await desk.result(f"choose:{row.due_call_id}:refused")
        assert "2026-06-10" not in desk.page
        await desk.result(f"choose:{row.due_call_id}:extension_requested")
        assert "2026-06-10" in form_of(desk.page, "result").fields.values()
        await desk.result("save", then="lunch")
    assert await debts.results() == [("answered", "extension_requested")]
    assert await debts.states() == ["break"]


@pytest.mark.parametrize(("fee", "state"), [(854, "approved"), (9_000, "requested")])
async def test_a_late_fee_is_waived_within_the_limit_and_asked_for_above_it(
    debts: DeskFloor, fee: int, state: str
) -> None:
    floor = debts
    await floor.write(lambda session: session.execute(sa.update(Charge).values(late_fee_minor=fee)))
    async with floor.tab() as tab:
        desk = Desk(floor, tab)
        await desk.look()
        await desk.press("1")
        await desk.press("give", IDENTITY)
        await desk.press("2")
        await desk.hang_up()
        await desk.look("/desk/result")
        (row,) = await floor.rows(sa.select(AttemptDueCall.due_call_id))
        waive = f"{row.due_call_id}.waive_late_fee"
        assert "Say why it is waived" in await desk.result("save", **{waive: "1"})
        because = {f"{row.due_call_id}.waive_because": "paid on the day"}
        await desk.result("save", **{waive: "1"}, **because)
    (waiver,) = await floor.rows(sa.select(Waiver.state, Waiver.asked_by, Waiver.amount_minor))
    assert (waiver.state.value, waiver.asked_by, waiver.amount_minor) == (state, "Li", fee)
    (charge,) = await floor.rows(sa.select(Charge.late_fee_minor))
    assert charge.late_fee_minor == (0 if state == "approved" else fee)


async def test_what_the_agent_walked_stands_when_the_wrap_up_never_comes(
    repairs: DeskFloor,
) -> None:
    async with repairs.tab() as tab:
        desk = Desk(repairs, tab)
        await desk.look()
        await desk.press("1")
        await desk.press("1")
        await desk.hang_up()
    await repairs.work(5)
    assert await repairs.due(Reason.REPAIR) == [("done", "satisfied")]


async def test_with_no_call_there_is_no_script(repairs: DeskFloor) -> None:
    async with repairs.tab() as tab:
        desk = Desk(repairs, tab)
        await desk.look()
        await desk.hang_up()
        await desk.look("/desk/result")
        (row,) = await repairs.rows(sa.select(AttemptDueCall.due_call_id))
        await desk.result(f"choose:{row.due_call_id}:satisfied")
        await desk.result("save")
        assert "There is no call just now" in await desk.look()
        stale = {"counter": "0", "choice": "1"}
        assert "There is no call just now" in await desk.send("/desk/step", stale)
    (attempt,) = await repairs.rows(sa.select(Attempt.agent_id))
    assert attempt.agent_id is not None


async def test_the_foot_foretells_who_comes_next_and_keeps_nobody(repairs: DeskFloor) -> None:
    async with repairs.tab() as tab:
        desk = Desk(repairs, tab)
        await desk.look()
        assert "as it looks now" not in await desk.look("/desk/foot")
        await desk.hang_up()
        assert "Nobody comes next, as it looks now" in await desk.look("/desk/result")
        await repairs.repaired(await repairs.owner(answers()))
        await repairs.build()
        before = await repairs.rows(sa.select(DueCall.due_call_id, DueCall.next_at, DueCall.state))
        assert "Only a forecast; it is settled when you are ready" in await desk.look(
            "/desk/result"
        )
        after = await repairs.rows(sa.select(DueCall.due_call_id, DueCall.next_at, DueCall.state))
        assert sorted(after) == sorted(before)
