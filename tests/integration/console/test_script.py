"""The script on the agent's screen through real calls."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from api.model import ApiRole
from callback.campaigns import shipped_campaigns
from customers.account_tables import Charge, Promise, ReworkNotice
from customers.model import Language
from customers.tables import AuditEntry, DoNotCall, Note
from dialer.agents.guide import is_identified
from dialer.tables import AttemptDueCall
from tests.integration.console.desk_floor import DeskFloor
from tests.integration.console.guide_desk import Desk, guide_of
from tests.integration.dialer.agents.floor import live_attempt
from tests.integration.dialer.day import IDENTITY, answers
from tests.unit.api.forms import form_of


async def test_a_promise_goes_from_the_greeting_to_the_file(debts: DeskFloor) -> None:
    floor = debts
    attempt_id = await live_attempt(floor)
    async with floor.tab() as tab:
        desk = Desk(floor, tab)
        assert "Am I speaking to Mr 王?" in await desk.look()
        before = desk.page
        before += await desk.press("1") + desk.page
        async with floor.sessions() as session:
            assert not await is_identified(session, attempt_id)
        assert "100.00" not in before
        assert "8.54" not in before
        assert "100.00" in await desk.press("give", IDENTITY)
        async with floor.sessions() as session:
            assert await is_identified(session, attempt_id)
        assert "<b>CNY 100.00</b>" in desk.page
        await desk.press("1")
        await desk.press("2")
        assert "at least CNY 20.00" in await desk.press("give", "5")
        assert 'value="5"' in desk.page
        await desk.press("give", "60.00")
        assert "the last day I can note is 3 June" in await desk.press("give", "2026-07-01")
        await desk.press("give", "2026-05-25")
        assert "you will pay CNY 60.00 on Mon 25 May" in desk.words
        assert "Thank you, I have noted it." in await desk.press("1")
        assert "Promise to pay" in await desk.look("/desk/foot") or "promise" in desk.words.lower()
        assert "disabled" in desk.page
        await desk.hang_up()
        await desk.look("/desk/result")
        fields = form_of(desk.page, "result").fields
        assert "60.00" in fields.values()
        assert "2026-05-25" in fields.values()
        await desk.result("save", note="salary on the 25th", then="rest")
    assert await floor.states() == ["break"]
    assert await floor.results() == [("answered", "promise_to_pay")]
    (promise,) = await floor.rows(sa.select(Promise.amount_minor, Promise.promised_on))
    assert (promise.amount_minor, promise.promised_on.isoformat()) == (6000, "2026-05-25")
    (note,) = await floor.rows(sa.select(Note.text))
    assert note.text == "salary on the 25th"
    kept = await guide_of(floor)
    assert (kept.answers, kept.note, list(kept.base)) == ([], "", ["versions"])
    actions = {row.action for row in await floor.rows(sa.select(AuditEntry.action))}
    assert "wrapped_up" in actions


async def test_the_digits_of_the_check_are_kept_and_shown_nowhere(debts: DeskFloor) -> None:
    async with debts.tab() as tab:
        desk = Desk(debts, tab)
        await desk.look()
        await desk.press("1")
        await desk.press("give", "9753")
        assert "does not match" in desk.words
        assert "9753" not in desk.page
        await desk.press("give", IDENTITY)
        assert IDENTITY not in desk.page
    kept = await guide_of(debts)
    assert "9753" not in str(kept.answers)
    assert IDENTITY not in str(kept.answers)
    assert kept.wrong_proofs == 1


async def test_who_was_wrong_three_times_is_not_believed_after_going_back(
    debts: DeskFloor,
) -> None:
    async with debts.tab() as tab:
        desk = Desk(debts, tab)
        await desk.look()
        await desk.press("1")
        for _ in range(3):
            await desk.press("give", "9753")
        assert "could not confirm" in desk.words
        await desk.back(1)
        await desk.press("give", IDENTITY)
        assert "does not match" in desk.words
        assert "100.00" not in desk.page


async def test_going_back_is_as_never_having_gone(debts: DeskFloor) -> None:
    async with debts.tab() as tab:
        desk = Desk(debts, tab)
        await desk.look()
        await desk.press("1")
        await desk.press("give", IDENTITY)
        at_menu = desk.words
        await desk.press("3")
        await desk.press("give", "The lift was counted twice.")
        assert await desk.back(2) == at_menu
        await desk.press("4")
        await desk.press("give", "2026-06-10")
        await desk.hang_up()
        await desk.look("/desk/result")
        assert "2026-06-10" in form_of(desk.page, "result").fields.values()
        assert "lift" not in desk.page


async def test_an_older_page_changes_nothing_and_shows_the_present(repairs: DeskFloor) -> None:
    async with repairs.tab() as tab:
        one, other = Desk(repairs, tab), Desk(repairs, tab)
        await one.look()
        await other.look()
        await one.press("1")
        asked = one.words
        assert "Another page has gone on" in await other.press("3")
        assert asked.split("Say")[-1] in other.words
        assert len((await guide_of(repairs)).answers) == 1
        await other.press("1")
        assert len((await guide_of(repairs)).answers) == 2


async def test_the_same_answer_sent_twice_counts_once(repairs: DeskFloor) -> None:
    async with repairs.tab() as tab:
        desk = Desk(repairs, tab)
        await desk.look()
        sent = form_of(desk.page, "step").press("1")
        first = await desk.send("/desk/step", sent)
        second = await desk.send("/desk/step", sent)
        assert "Are you satisfied" in first
        assert "Are you satisfied" in second
    assert len((await guide_of(repairs)).answers) == 1


async def test_no_more_calls_can_be_taken_back_or_holds(repairs: DeskFloor) -> None:
    async with repairs.tab() as tab:
        desk = Desk(repairs, tab)
        await desk.look()
        asked = desk.words
        assert "we will not ring you about this again" in await desk.press("never")
        await desk.press("1")
        assert "Am I speaking to" in desk.words
        assert "Am I speaking to" in asked
        await desk.press("never")
        await desk.press("silence")
        await desk.hang_up()
        await desk.look("/desk/result")
        await desk.result("save")
    assert await repairs.results() == [("answered", "opted_out")]
    assert await repairs.rows(sa.select(DoNotCall.do_not_call_id))


async def test_free_words_reach_the_repairer(repairs: DeskFloor) -> None:
    async with repairs.tab() as tab:
        desk = Desk(repairs, tab)
        await desk.look()
        await desk.press("1")
        await desk.press("3")
        assert "Write a few words" in await desk.press("give", " ")
        await desk.press("give", "<b>drips</b> & 'stains'")
        await desk.hang_up()
        await desk.look("/desk/result")
        assert "<b>drips" not in desk.page
        await desk.result("save")
    (notice,) = await repairs.rows(sa.select(ReworkNotice.finding))
    assert notice.finding == "<b>drips</b> & 'stains'"


async def test_a_payment_meanwhile_is_worked_in_at_the_next_answer(debts: DeskFloor) -> None:
    async with debts.tab() as tab:
        desk = Desk(debts, tab)
        await desk.look()
        await desk.press("1")
        await desk.press("give", IDENTITY)
        (charge,) = await debts.rows(sa.select(Charge.charge_id))
        await debts.pays(charge.charge_id, 4_000)
        assert "your file has just been updated" in await desk.press("1")
        assert "CNY 60.00" in desk.words
        await debts.pays(charge.charge_id)
        assert "Your payment has just arrived" in await desk.press("1")
        await desk.hang_up()
        assert "Says it is paid" in await desk.look("/desk/result")


async def test_a_talk_for_a_person_is_handed_over_or_a_call_is_promised(
    repairs: DeskFloor,
) -> None:
    async with repairs.tab() as tab:
        desk = Desk(repairs, tab)
        await desk.look()
        await desk.press("1")
        assert "No colleague is free" in await desk.press("person")
        other = await repairs.agent("<i>Wu</i>")
        await desk.look()
        assert "<i>Wu" not in desk.page
        assert f"to:{other}" in form_of(desk.page, "step").choices
        assert "Putting them through" in await desk.press(f"to:{other}")
        await desk.press("callback")
        (row,) = await repairs.rows(sa.select(AttemptDueCall.due_call_id))
        fields = form_of(desk.page, "result").fields
        assert fields[f"{row.due_call_id}.code"] == "callback_requested"


async def test_a_talk_that_a_script_handed_over_goes_on_where_it_stood(
    database: AsyncEngine,
) -> None:
    floor = await DeskFloor.opened(database, campaigns=shipped_campaigns())
    owner = await floor.owner(answers("1", IDENTITY, "1", "0"))
    await floor.owes(owner)
    floor.talks_s = 600
    await floor.build()
    await floor.is_user(await floor.agent("Li", team="collections", endpoint="PJSIP/101"))
    await floor.work(4)
    assert await floor.states() == ["on_call"]
    async with floor.tab() as tab:
        desk = Desk(floor, tab)
        assert "has just handed the call to you" in await desk.look()
        assert "Would you like to pay all of it, CNY 100.00" in desk.words
        async with floor.sessions() as session:
            assert await is_identified(session, await live_attempt(floor))
        await desk.press("1")
        await desk.press("give", "2026-05-25")
        await desk.press("1")
        await desk.hang_up()
        await desk.look("/desk/result")
        await desk.result("save")
    assert await floor.results() == [("answered", "promise_to_pay")]


async def test_the_page_is_in_the_agents_language_and_the_words_in_the_owners(
    repairs: DeskFloor,
) -> None:
    async with repairs.house.browser(ApiRole.AGENT, {"Accept-Language": "zh-CN"}) as browser:
        page = await browser.get("/desk/step", headers={"HX-Request": "true"})
    assert "请说" in page.text
    assert 'lang="en"' in page.text
    assert Language.ENGLISH.value in page.text
