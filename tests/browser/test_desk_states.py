"""An agent's desk in each of its states, in both languages: whole, and open to everybody."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from api.model import ApiRole
from customers.model import Language
from tests.browser.kit.at_desk import RING_MINUTES, AtDesk
from tests.browser.kit.calls import ServedFloor, open_floor
from tests.browser.kit.sight import look
from tests.browser.kit.visitor import visiting
from tests.integration.dialer.day import IDENTITY, answers

CLAIM_MINUTES = 0.02


@pytest.fixture(params=list(Language))
def language(request: pytest.FixtureRequest) -> Language:
    """What the agent reads and the owner speaks."""
    return Language(request.param)


@pytest_asyncio.fixture(loop_scope="session")
async def served(database_url: str, language: Language) -> AsyncIterator[ServedFloor]:
    """Li is at work, and one owner owes."""
    async with open_floor(database_url) as served:
        floor = served.floor
        await floor.owes(await floor.owner(answers(), language=language), 286_000)
        await floor.build()
        served.agent_id = await floor.agent("Li", endpoint="PJSIP/101")
        await floor.is_user(served.agent_id)
        await floor.work(0.1)
        yield served


async def test_a_desk_is_whole_and_open_to_everybody_in_each_of_its_states(
    served: ServedFloor, browser: Browser, language: Language
) -> None:
    told = []
    async with visiting(browser, served, role=ApiRole.AGENT, language=language) as agent:
        async for state in _states(AtDesk(agent, served)):
            told += [f"{state}: {each}" for each in await look(agent)]
            await agent.picture(f"desk-{state}-{language.value}")
    assert told == [], "\n".join(told)


async def _states(desk: AtDesk) -> AsyncIterator[str]:
    """Bring a desk through a call and home, and name each state it is in."""
    page = desk.page
    await desk.begin()
    yield "offered"
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-post='/desk/dial']")).to_be_disabled()
    yield "asked"
    await desk.served.floor.work(CLAIM_MINUTES)
    await expect(page.locator(".state--ringing")).to_be_visible()
    yield "dialling"
    await desk.served.floor.work(RING_MINUTES)
    await expect(desk.say.locator("[data-step='0']")).to_be_visible()
    yield "talking"
    await page.keyboard.press("F8")
    await expect(page.locator("#panel [name=number]")).to_be_visible()
    yield "transfer"
    await page.keyboard.press("Escape")
    await desk.answer("1")
    await desk.type(IDENTITY)
    await expect(page.locator("#who .sums")).to_be_visible()
    yield "talking-identified"
    await desk.hang_up()
    yield "wrap-up"
    await page.locator("[name=do][value$=':promise_to_pay']").click()
    await expect(page.locator("#result [name$='.promised_on']")).to_be_visible()
    yield "wrap-up-promise"
    await page.locator(".script__others summary").click()
    await page.locator("[name=do][value$=':hung_up']").click()
    await expect(page.locator("#result [name$='.promised_on']")).to_be_hidden()
    await desk.save()
    await expect(page.locator(".state--ready")).to_be_visible()
    yield "ready"
    await page.keyboard.press("F8")
    await expect(page.locator("#panel [value=lunch]")).to_be_visible()
    yield "breaks"
    await page.locator("#panel [value=lunch]").click()
    await expect(page.locator(".state--rest")).to_be_visible()
    yield "break"
    await page.keyboard.press("F9")
    await expect(page.locator("[data-post='/desk/sit']")).to_be_visible()
    yield "offline"
