"""An owner asks to be called again: an hour the law forbids is refused at once, with the next."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import sqlalchemy as sa
from playwright.async_api import Browser, expect

from customers.model import Language
from customers.tables import CallbackRequest
from tests.browser.kit.at_desk import AtDesk
from tests.browser.kit.speaking import speaking
from tests.integration.dialer.day import IDENTITY


@pytest_asyncio.fixture(loop_scope="session", params=list(Language))
async def desk(
    database_url: str, browser: Browser, request: pytest.FixtureRequest
) -> AsyncIterator[AtDesk]:
    async with speaking(database_url, browser, request.param) as desk:
        yield desk


async def test_a_forbidden_hour_is_refused_as_it_is_typed_and_the_next_is_one_press_away(
    desk: AtDesk,
) -> None:
    page = desk.page
    await desk.answer("1")
    await desk.type(IDENTITY)
    await desk.answer("1", "2")
    await desk.type("600")
    await expect(desk.say.locator("select[name=pay_by]")).to_be_visible()
    await desk.visitor.fits()
    await desk.visitor.shot("script-promise-day")
    await desk.hang_up()
    await page.locator("[name=do][value$=':callback_requested']").click()
    field = page.locator("#result input[type=datetime-local]")
    await field.fill("2026-05-20T23:30")
    await field.blur()
    refused = page.locator("[id^=time-] .field__error")
    await expect(refused).to_be_visible()
    await expect(page.locator("#forecast")).to_be_visible()
    await desk.visitor.axe()
    await desk.visitor.fits()
    await desk.visitor.shot("wrap-up-forbidden-hour")
    await page.locator("[id^=time-] .chip").click()
    await expect(field).to_have_value("2026-05-21T09:00")
    await expect(refused).to_be_hidden()
    await expect(page.locator("[id^=time-] .is-ok")).to_be_visible()
    await desk.save()
    await desk.offered()
    (asked,) = await desk.served.floor.rows(sa.select(CallbackRequest.call_at))
    assert asked.call_at.isoformat() == "2026-05-21T01:00:00+00:00"
