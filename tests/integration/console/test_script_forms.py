"""A step's form stays with its step: what was typed comes back, and is written once at the end."""

import sqlalchemy as sa

from customers.account_tables import Promise
from customers.model import Language
from customers.pay_ways import pay_ways
from tests.integration.console.desk_floor import DeskFloor
from tests.integration.console.guide_desk import Desk, guide_of
from tests.integration.dialer.day import IDENTITY
from tests.unit.api.forms import form_of

TO_THE_DAY = (("1", ""), ("give", IDENTITY), ("1", ""), ("2", ""), ("give", "60.00"))


async def test_a_promise_keeps_what_was_typed_back_and_forth_and_how_they_will_pay(
    debts: DeskFloor,
) -> None:
    async with debts.tab() as tab:
        desk = Desk(debts, tab)
        await desk.look()
        for choice, value in TO_THE_DAY:
            await desk.press(choice, value)
        assert "How they will pay" in desk.page
        sent = form_of(desk.page, "step").press("give", value="2026-05-25")
        strange = await desk.send("/desk/step", {**sent, "pay_by": "in cows"})
        assert "There is no such way to pay" in strange
        await desk.send("/desk/step", {**sent, "pay_by": "wechat"})
        assert "Is that right?" in desk.words
        await desk.back(4)
        assert form_of(desk.page, "step").fields["value"] == "60.00"
        await desk.press("give")
        fields = form_of(desk.page, "step").fields
        assert (fields["value"], fields["pay_by"]) == ("2026-05-25", "wechat")
        left = {**fields, "to": "4", "value": "2026-05-26", "pay_by": "card"}
        await desk.send("/desk/step/back", left)
        await desk.press("give")
        fields = form_of(desk.page, "step").fields
        assert (fields["value"], fields["pay_by"]) == ("2026-05-26", "card"), "left, not answered"
        await desk.press("give")
        await desk.press("1")
        kept = await guide_of(debts)
        assert IDENTITY not in str(kept.typed)
        await desk.hang_up()
        await desk.look("/desk/result")
        (way,) = (name for name in form_of(desk.page, "result").fields if name.endswith(".pay_by"))
        assert form_of(desk.page, "result").fields[way] == "card"
        assert "There is no such way to pay" in await desk.result("save", **{way: "in cows"})
        await desk.result("save", **{way: "alipay"})
    (promise,) = await debts.rows(
        sa.select(Promise.amount_minor, Promise.promised_on, Promise.pay_by, Promise.person_id)
    )
    assert (promise.amount_minor, promise.promised_on.isoformat()) == (6_000, "2026-05-26")
    assert promise.pay_by == "alipay"
    assert (await guide_of(debts)).typed == {}
    async with debts.house.browser() as browser:
        assert "Pays by: Alipay" in (await browser.get(f"/files/{promise.person_id}")).text


async def test_what_the_script_came_to_stands_with_how_they_will_pay(debts: DeskFloor) -> None:
    async with debts.tab() as tab:
        desk = Desk(debts, tab)
        await desk.look()
        for choice, value in TO_THE_DAY:
            await desk.press(choice, value)
        sent = form_of(desk.page, "step").press("give", value="2026-05-25")
        await desk.send("/desk/step", {**sent, "pay_by": "counter"})
        await desk.press("1")
        await desk.hang_up()
    await debts.work(5)
    (promise,) = await debts.rows(sa.select(Promise.pay_by))
    assert promise.pay_by == "counter"


def test_every_way_to_pay_has_a_name_in_both_languages() -> None:
    assert {"bank_transfer", "wechat", "alipay", "card", "counter"} <= set(pay_ways())
    assert all(set(names) == set(Language) for names in pay_ways().values())
