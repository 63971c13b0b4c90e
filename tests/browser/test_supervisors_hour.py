"""A supervisor's hour: sees the floor, steers it, decides, listens, scores, and stops it all."""

from collections.abc import AsyncIterator

import pytest_asyncio
import sqlalchemy as sa
from playwright.async_api import Browser, Page, expect

from api.model import ApiRole
from customers.account_tables import Extension
from customers.model import Language
from customers.tables import AuditEntry
from dialer.agents.portfolio import assign_by_hand
from dialer.agents.service import add_agent
from dialer.agents.tables import Agent, Portfolio
from tests.browser.kit.at_desk import AtDesk
from tests.browser.kit.calls import ServedFloor, open_floor
from tests.browser.kit.visitor import Visitor, visiting
from tests.integration.dialer.day import IDENTITY, answers

AGENT, LEAVER = "Chen Jing", "Wang Lei"
OWN_PHONE = "PJSIP/199"
SOON_MS = 3_000  # a second is what is wanted; the machines of tests are shared
ENGLISH = Language.ENGLISH


@pytest_asyncio.fixture(loop_scope="session")
async def served(database_url: str) -> AsyncIterator[ServedFloor]:
    """Six who owe; Chen Jing is at work, and Wang Lei leaves with two owners."""
    async with open_floor(database_url) as served:
        floor = served.floor
        owners = [await floor.owner(answers(), name=name) for name in "赵钱孙李周吴"]
        for owner in owners:
            await floor.owes(owner, 286_000)
        await floor.build()
        served.agent_id = await floor.agent(AGENT, endpoint="PJSIP/101", team="service")
        await floor.is_user(served.agent_id)
        async with floor.sessions.begin() as session:
            leaver_id = await add_agent(session, name=LEAVER, team="service", now=floor.clock.now())
            for owner in owners[:2]:
                await assign_by_hand(
                    session,
                    person_id=owner.person_id,
                    agent_id=leaver_id,
                    by="a test",
                    now=floor.clock.now(),
                )
        await floor.work(0.1)
        yield served


async def test_a_supervisors_hour(served: ServedFloor, browser: Browser) -> None:
    async with (
        visiting(browser, served, role=ApiRole.AGENT, language=ENGLISH) as agent,
        visiting(browser, served, role=ApiRole.SUPERVISOR, language=ENGLISH) as lead,
    ):
        desk = AtDesk(agent, served)
        await lead.go("/wall")
        await _sees_queues_and_the_call(lead, desk)
        await _listens(lead, served)
        await _asks_for_time(desk)
        await _decides(lead, served)
        await _scores(lead)
        await _sends_on_a_break_and_sees_why_nothing_rings(lead, desk)
        await _steers_a_campaign(lead)
        await _moves_a_leavers_owners(lead, served)
    await _is_audited(served)


async def test_the_stop_is_seen_everywhere_and_nothing_rings_until_it_is_resumed(
    served: ServedFloor, browser: Browser
) -> None:
    async with (
        visiting(browser, served, role=ApiRole.AGENT, language=ENGLISH) as agent,
        visiting(browser, served, role=ApiRole.SUPERVISOR, language=ENGLISH) as lead,
    ):
        desk = AtDesk(agent, served)
        await desk.begin()
        await _stops_and_resumes(lead, desk)


async def _sees_queues_and_the_call(lead: Visitor, desk: AtDesk) -> None:
    page = lead.page
    await expect(page.locator("li.lane[data-row='overdue'] .lane__n").first).to_contain_text("6")
    await expect(page.locator("li.agent", has_text=AGENT)).to_have_class("agent is-ready")
    await desk.begin()
    await desk.ring()
    seat = page.locator("li.agent.is-talking", has_text=AGENT)
    await expect(seat).to_be_visible(timeout=SOON_MS)
    await expect(page.locator("li.lane .lane__n--main", has_text="1")).to_have_count(1)
    await lead.axe()
    await lead.shot("hour-wall")


async def _listens(lead: Visitor, served: ServedFloor) -> None:
    page = lead.page
    await page.get_by_role("link", name=AGENT).click()
    ear = page.locator(".ear")
    await ear.get_by_label("Your own phone").fill(OWN_PHONE)
    await ear.locator("[name=mode][value=listen]").click()
    await expect(ear).to_contain_text(f"Your phone {OWN_PHONE} is being rung")
    await served.floor.keeper.look()
    # Nobody can listen in on invented people, and the page says what the line said.
    await expect(ear).to_contain_text("Not connected")
    await expect(ear).to_contain_text("cannot monitor")
    await lead.shot("hour-listens")


async def _asks_for_time(desk: AtDesk) -> None:
    """An owner asks the agent for more time; a supervisor will decide."""
    await desk.answer("1")
    await desk.type(IDENTITY)
    await desk.answer("4")
    await desk.type("2026-06-10")
    await desk.hang_up()
    await desk.save()
    await desk.offered()


async def _decides(lead: Visitor, served: ServedFloor) -> None:
    page = lead.page
    await lead.go("/approvals")
    await expect(page.locator(".ask")).to_contain_text("10 June 2026")
    await expect(page.locator(".ask")).to_contain_text(AGENT)
    await page.locator(".ask button[value=approve]").click()
    await expect(page.locator(".ask")).to_have_count(0)
    await expect(page.locator("table.told")).to_contain_text("10 June 2026")
    (row,) = await served.floor.rows(sa.select(Extension.state))
    assert row.state.value == "approved"


async def _scores(lead: Visitor) -> None:
    page = lead.page
    await lead.go("/quality")
    await page.get_by_label("Month").select_option("2026-05")
    await page.get_by_role("button", name="Draw").click()
    await page.locator(".quality__calls tbody a").first.click()
    for criterion in await page.locator(".quality__criterion").all():
        await criterion.locator("input[value=yes]").check()
    await page.get_by_role("button", name="Finish").click()
    await expect(page.get_by_role("heading", name="1 of 1 calls scored")).to_be_visible()
    await lead.fits()
    await lead.shot("hour-scored")


async def _sends_on_a_break_and_sees_why_nothing_rings(lead: Visitor, desk: AtDesk) -> None:
    page = lead.page
    await lead.go("/wall")
    await page.get_by_role("link", name=AGENT).click()
    await page.get_by_role("link", name="Open the agent's page").click()
    await page.get_by_label("Why").fill("a word with me")
    await page.locator("button[name=to][value=break]").click()
    await expect(desk.page.locator(".state--rest")).to_be_visible()
    await desk.served.floor.work(0.2)
    await lead.go("/wall")
    await expect(page.locator("li.agent.is-rest", has_text=AGENT)).to_be_visible()
    # No process keeps the lease of a dialer here, and that is what the wall says first.
    await expect(page.locator(".why-not")).to_contain_text("no dialer is running")
    await expect(page.locator(".why-not")).to_contain_text("5 waiting")
    await lead.shot("hour-why")
    await desk.page.locator("[data-post='/desk/ready']").click()
    await desk.offered()


async def _steers_a_campaign(lead: Visitor) -> None:
    page = lead.page
    await lead.go("/campaigns")
    row = page.locator("tr[data-row=overdue]")
    await row.get_by_role("button", name="Pause").click()
    await expect(row.get_by_role("button", name="Resume")).to_be_visible()
    await row.get_by_role("link").first.click()
    await page.get_by_label("Only these hours").check()
    await page.get_by_label("Wed").fill("09:00-12:00")
    await page.get_by_label("Why the change").fill("mornings alone")
    await page.get_by_role("button", name="Save the change").click()
    await expect(page.get_by_text("Version 1")).to_be_visible()
    await lead.go("/campaigns")
    await row.get_by_role("button", name="Resume").click()
    await expect(row.get_by_role("button", name="Pause")).to_be_visible()


async def _moves_a_leavers_owners(lead: Visitor, served: ServedFloor) -> None:
    page, floor = lead.page, served.floor
    await lead.go("/agents/balance")
    form = page.locator("form", has=page.locator("input[name=leaving]"))
    await form.locator("[name=from_id]").select_option(label=f"{LEAVER} (2)")
    await form.get_by_role("button").click()
    await expect(page.locator(".agents__will")).to_contain_text("2")
    await page.locator("form.agents__preview .button--primary").click()
    await expect(page.locator("table.balance")).to_be_visible()
    owned = await floor.rows(sa.select(Portfolio.agent_id))
    assert {row.agent_id for row in owned} == {served.agent_id}
    (leaver,) = await floor.rows(sa.select(Agent.active).where(Agent.name == LEAVER))
    assert not leaver.active


async def _stops_and_resumes(lead: Visitor, desk: AtDesk) -> None:
    page, floor = lead.page, desk.served.floor
    rung = len(floor.rung)
    await lead.go("/wall")
    await page.get_by_role("button", name="Stop").click()
    await expect(page.locator(".halt")).to_be_visible()
    await _says_it_is_stopped(desk.page)
    desk.visitor.excuse("409|422")
    await desk.page.keyboard.press("Enter")
    await floor.work(0.5)
    assert len(floor.rung) == rung
    for path in ("/wall", "/campaigns", "/files", "/agents", "/approvals", "/quality"):
        await lead.go(path)
        await _says_it_is_stopped(page)
    await lead.shot("hour-stopped")
    await page.get_by_role("link", name="Resume").first.click()
    await lead.axe()
    await page.locator("form[action='/resume'] button").click()
    await expect(page.locator(".halt")).to_have_count(0)
    await desk.offered()
    await desk.ring()
    assert len(floor.rung) == rung + 1
    await desk.hang_up()


async def _says_it_is_stopped(page: Page) -> None:
    await expect(page.locator("#standing.is-overdue")).to_be_visible()


async def _is_audited(served: ServedFloor) -> None:
    rows = await served.floor.rows(sa.select(AuditEntry.action).distinct())
    actions = {row.action for row in rows}
    assert len(actions) > 8, actions
