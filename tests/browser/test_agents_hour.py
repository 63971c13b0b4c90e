"""An agent's hour with five owners, by keys alone, and the customer files after it."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest
import pytest_asyncio
import sqlalchemy as sa
from playwright.async_api import Browser, Locator, expect

from api.model import ApiRole
from callback.tables import DueCall
from customers.account_tables import Charge, Promise, ReworkNotice, WorkOrder
from customers.model import Language
from customers.tables import AuditEntry, CallbackRequest, Note, Person, Phone
from customers.waiver_tables import Waiver, WaiverState
from dialer.tables import Attempt, AttemptDueCall
from tests.browser.kit.at_desk import AtDesk
from tests.browser.kit.calls import ServedFloor, open_floor
from tests.browser.kit.visitor import Visitor, visiting
from tests.integration.dialer.day import IDENTITY, Owner, answers

DISSATISFIED, PROMISES, WRONG, LATER, HANGS_UP = "王小明", "李华", "赵强", "孙丽", "周平"
OWED = ("2,860", "2860", "286000", "3,120", "3120", "312000")
FINDING, NOTE, HARDSHIP = "又漏水了 <b>窗台</b>", "约周五上门", "住院两个月"
WORDS = {
    Language.MANDARIN: {"result": "不满意", "wrong": "号码有误", "wrap_up": "整理中"},
    Language.ENGLISH: {"result": "Dissatisfied", "wrong": "Wrong number", "wrap_up": "Wrap-up"},
}


@pytest_asyncio.fixture(loop_scope="session")
async def served(database_url: str) -> AsyncIterator[ServedFloor]:
    """A floor nobody lives on yet."""
    async with open_floor(database_url) as served:
        yield served


@pytest.mark.parametrize("language", list(Language))
async def test_five_owners_in_an_agents_hour_and_their_files_after_it(
    served: ServedFloor, browser: Browser, language: Language
) -> None:
    owners = await _move_in(served, language)
    stories = {
        DISSATISFIED: _is_dissatisfied,
        PROMISES: _promises_and_asks_for_mercy,
        WRONG: _is_somebody_else,
        LATER: _wants_another_time,
        HANGS_UP: _hangs_up,
    }
    async with visiting(browser, served, role=ApiRole.AGENT, language=language) as agent:
        desk = AtDesk(agent, served)
        await desk.begin()
        met = []
        for _ in stories:
            name = await desk.offered()
            met.append(name)
            await desk.ring()
            await stories[name](desk, language)
            await desk.save()
        assert sorted(met) == sorted(stories)
        await expect(agent.page.locator(".state--ready")).to_be_visible()
        await expect(agent.page.locator("[data-post='/desk/dial']")).to_have_count(0)
        await _is_written_down(served, owners)
        await _stands_in_the_files(agent, owners, language)
    async with visiting(browser, served, role=ApiRole.SUPERVISOR, language=language) as lead:
        await _waiver_is_granted(lead, served)


async def _move_in(served: ServedFloor, language: Language) -> dict[str, Owner]:
    """Let five owners move in: three whose repairs are finished and two who owe."""
    floor = served.floor
    names = (DISSATISFIED, PROMISES, WRONG, LATER, HANGS_UP)
    owners = {
        name: await floor.owner(answers(), name=name, language=language, note=None)
        for name in names
    }
    for name in (DISSATISFIED, WRONG, LATER):
        await floor.repaired(owners[name])
    owing = await floor.owes(owners[PROMISES], 286_000)
    await floor.owes(owners[HANGS_UP], 312_000)
    fee = sa.update(Charge).where(Charge.charge_id == owing).values(late_fee_minor=9_000)
    await floor.write(lambda session: session.execute(fee))
    await floor.build()
    await floor.is_user(await floor.agent("陈静", endpoint="PJSIP/101"))
    await floor.work(0.1)
    return owners


# What each of them does.


async def _is_dissatisfied(desk: AtDesk, language: Language) -> None:
    await desk.answer("1", "3")
    await desk.type(FINDING)
    await desk.note(NOTE)
    await desk.hang_up()
    await expect(desk.page.locator("#foot-result")).to_contain_text(WORDS[language]["result"])
    await expect(desk.page.locator("#desk-state")).to_contain_text(WORDS[language]["wrap_up"])
    await expect(desk.page.locator("#foot [name=note]")).to_have_value(NOTE)


async def _promises_and_asks_for_mercy(desk: AtDesk, language: Language) -> None:
    await _shows_no_amount(desk)
    await desk.answer("1")
    await _shows_no_amount(desk)
    await desk.type("9753")  # not theirs
    await _shows_no_amount(desk)
    await desk.type(IDENTITY)
    await expect(desk.page.locator("#who")).to_contain_text("2,860.00")
    await desk.answer("1", "2")
    await desk.type("1000")
    await desk.type("2026-05-25")
    await desk.answer("1")
    await desk.hang_up()
    await expect(_field(desk, "amount_minor")).to_have_value("1,000.00")
    await expect(_field(desk, "promised_on")).to_have_value("2026-05-25")
    await _field(desk, "waive_late_fee").focus()
    async with desk.page.expect_response("**/desk/result"):
        await desk.page.keyboard.press("Space")
    await _field(desk, "waive_because").focus()
    await desk.page.keyboard.type(HARDSHIP)
    await desk.visitor.shot(f"hour-{language.value}-promise")


async def _is_somebody_else(desk: AtDesk, language: Language) -> None:
    del language
    await desk.answer("3")
    await desk.hang_up()


async def _wants_another_time(desk: AtDesk, language: Language) -> None:
    del language
    await desk.answer("1", "4", "1")
    await desk.type("15:00")
    await desk.hang_up()


async def _hangs_up(desk: AtDesk, language: Language) -> None:
    """End in the middle of the check, with the agent's cursor in its field."""
    del language
    await desk.answer("1")
    await expect(desk.say.locator("[name=value]")).to_be_focused()
    await desk.page.keyboard.type("24")
    await desk.hang_up()
    await _shows_no_amount(desk)


def _field(desk: AtDesk, name: str) -> Locator:
    return desk.page.locator(f"#result [name$='.{name}']")


async def _shows_no_amount(desk: AtDesk) -> None:
    shown = await desk.page.content()
    assert not [each for each in OWED if each in shown]


# What is left of it.


async def _is_written_down(served: ServedFloor, owners: dict[str, Owner]) -> None:
    floor = served.floor
    codes = await floor.rows(
        sa.select(Person.name, AttemptDueCall.wrap_up_code)
        .join(DueCall, DueCall.person_id == Person.person_id)
        .join(AttemptDueCall, AttemptDueCall.due_call_id == DueCall.due_call_id)
    )
    assert {row.name: row.wrap_up_code.value for row in codes} == {
        DISSATISFIED: "dissatisfied",
        PROMISES: "promise_to_pay",
        WRONG: "wrong_number",
        LATER: "callback_requested",
        HANGS_UP: "hung_up",
    }
    (notice,) = await floor.rows(
        sa.select(ReworkNotice.finding, WorkOrder.unit_id, WorkOrder.completed_on).join(
            WorkOrder, WorkOrder.work_order_id == ReworkNotice.work_order_id
        )
    )
    assert notice.finding == FINDING
    assert (notice.unit_id, notice.completed_on) == (owners[DISSATISFIED].unit_id, None)
    (promise,) = await floor.rows(
        sa.select(Promise.person_id, Promise.amount_minor, Promise.promised_on)
    )
    assert tuple(promise) == (owners[PROMISES].person_id, 100_000, date(2026, 5, 25))
    (dead,) = await floor.rows(
        sa.select(Phone.person_id, Phone.dead_because).where(Phone.dead_at.is_not(None))
    )
    assert tuple(dead) == (owners[WRONG].person_id, "wrong_number")
    (asked,) = await floor.rows(sa.select(CallbackRequest.person_id, CallbackRequest.call_at))
    assert asked.person_id == owners[LATER].person_id
    assert asked.call_at == datetime(2026, 5, 21, 7, tzinfo=UTC)  # three in the afternoon there
    (note,) = await floor.rows(sa.select(Note.person_id, Note.text))
    assert tuple(note) == (owners[DISSATISFIED].person_id, NOTE)
    (waiver,) = await floor.rows(sa.select(Waiver.state, Waiver.amount_minor, Waiver.because))
    assert tuple(waiver) == (WaiverState.REQUESTED, 9_000, HARDSHIP)
    looks = await floor.rows(
        sa.select(AuditEntry.subject).where(AuditEntry.action == "looked_at").distinct()
    )
    assert {f"person:{each.person_id}" for each in owners.values()} <= {
        row.subject for row in looks
    }
    (calls,) = await floor.rows(
        sa.select(sa.func.count(), sa.func.count(Attempt.ended_at)).select_from(Attempt)
    )
    assert tuple(calls) == (5, 5)


async def _stands_in_the_files(
    agent: Visitor, owners: dict[str, Owner], language: Language
) -> None:
    """Read the files on their pages, as somebody does whom an owner rings back."""
    page = agent.page

    async def opens(name: str) -> Locator:
        await agent.go(f"/files/persons/{owners[name].person_id}")
        await expect(page.get_by_role("heading", level=1)).to_contain_text(name)
        return page.locator("main")

    file = await opens(DISSATISFIED)
    await expect(file).to_contain_text(FINDING)  # as text: its angle brackets, too
    await expect(file).to_contain_text(NOTE)
    await agent.axe()
    await agent.fits()
    await agent.shot(f"hour-{language.value}-file")
    await expect(await opens(PROMISES)).to_contain_text("1,000.00")
    await expect(page.locator("main")).to_contain_text("90.00")
    await expect(await opens(WRONG)).to_contain_text(WORDS[language]["wrong"])
    await expect(await opens(LATER)).to_contain_text("15:00")
    await opens(HANGS_UP)


async def _waiver_is_granted(lead: Visitor, served: ServedFloor) -> None:
    await lead.go("/approvals")
    await expect(lead.page.locator(".ask")).to_contain_text(HARDSHIP)
    await lead.page.locator(".ask button[value=approve]").click()
    await expect(lead.page.locator(".ask")).to_have_count(0)
    (waiver,) = await served.floor.rows(sa.select(Waiver.state, Waiver.forgiven_minor))
    assert tuple(waiver) == (WaiverState.APPROVED, 9_000)
