"""Reload, second tab, a cut connection and a web server begun anew, all in the middle of a call."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
import sqlalchemy as sa
from playwright.async_api import Browser, expect

from customers.model import Language
from dialer.agents.guide_tables import CallGuide
from dialer.agents.tables import Agent
from tests.browser.kit.at_desk import AtDesk
from tests.browser.kit.speaking import speaking
from tests.integration.dialer.day import IDENTITY

NOTE = "asks for a morning"
# What a browser says of a cut.
CUT = r"ERR_|Failed to (fetch|load)|htmx:(sendError|afterRequest)|EventSource"


@pytest_asyncio.fixture(loop_scope="session")
async def desk(database_url: str, browser: Browser) -> AsyncIterator[AtDesk]:
    async with speaking(database_url, browser, Language.ENGLISH) as desk:
        yield desk


async def _guide(desk: AtDesk) -> Any:
    (row,) = await desk.served.floor.rows(sa.select(CallGuide.__table__))
    return row


async def _state(desk: AtDesk) -> str:
    (row,) = await desk.served.floor.rows(sa.select(Agent.state))
    state: str = row.state.value
    return state


async def _ends_well(desk: AtDesk) -> None:
    """Promise all of it, by keys, and save; the next owner is shown."""
    await desk.answer("1", "1")
    await desk.type("2026-05-25")
    await desk.answer("1")
    await desk.hang_up()
    await desk.save()
    await desk.offered()
    assert await desk.served.floor.results() == [("answered", "promise_to_pay")]


async def test_a_reload_stays_at_the_step_with_what_was_typed(desk: AtDesk) -> None:
    await desk.answer("1")
    await desk.type(IDENTITY)
    await desk.note(NOTE)
    step, owner = await desk.step(), await desk.name()
    await desk.page.reload()
    await expect(desk.say.locator(f"[data-step='{step}']")).to_be_visible()
    await expect(desk.page.locator("#foot [name=note]")).to_have_value(NOTE)
    await expect(desk.page.locator("#who")).to_contain_text("2,860.00")
    assert await desk.name() == owner
    await desk.visitor.shot("mid-call-reloaded")
    await _ends_well(desk)


async def test_a_note_half_typed_at_a_reload_is_kept(desk: AtDesk) -> None:
    await desk.page.keyboard.press("KeyN")
    await expect(desk.page.locator("#foot [name=note]")).to_be_focused()
    await desk.page.keyboard.type(NOTE)
    await desk.page.reload()  # before it was sent
    await expect(desk.page.locator("#foot [name=note]")).to_have_value(NOTE)


async def test_a_second_tab_takes_the_desk_and_the_first_changes_nothing_until_it_takes_it_back(
    desk: AtDesk,
) -> None:
    first, second = desk.page, await desk.visitor.tab()
    await second.goto(f"{desk.served.url}/desk")
    await expect(second.locator("#say [data-step='0']")).to_be_visible()
    await expect(first.locator("#desk-banner")).to_contain_text("open in another window")
    await desk.visitor.shot("mid-call-elsewhere")

    # A post of the old tab that was on its way already: as its script sends it, past its banner.
    desk.visitor.excuse("409")
    for path in ("/desk/hang-up", "/desk/hold", "/desk/step", "/desk/note", "/desk/result"):
        assert await first.evaluate(_POST, path) == 409, path
    assert await _state(desk) == "on_call"
    kept = await _guide(desk)
    assert (kept.answers, kept.note) == ([], "")

    await first.get_by_role("button", name="Go on here").click()
    await expect(second.locator("#desk-banner")).to_contain_text("open in another window")
    await expect(first.locator("#desk-banner")).to_be_empty()
    await second.close()
    await desk.answer("1")
    await desk.type(IDENTITY)
    await _ends_well(desk)


async def test_a_cut_connection_is_said_and_what_was_pressed_and_typed_meanwhile_arrives(
    desk: AtDesk,
) -> None:
    page = desk.page
    desk.visitor.excuse(CUT)
    await desk.answer("1")
    await desk.type(IDENTITY)
    await desk.visitor.context.set_offline(offline=True)
    await page.keyboard.press("KeyN")
    await page.keyboard.type(NOTE)
    await page.keyboard.press("Escape")
    await expect(page.locator("#desk-banner")).to_contain_text("The server is away")
    await expect(page.locator("#foot [name=note]")).to_have_value(NOTE)
    await desk.visitor.shot("mid-call-cut")
    async with page.expect_response("**/desk/note"):
        await desk.visitor.context.set_offline(offline=False)
    await expect(page.locator("#desk-banner")).to_contain_text("Back again")
    await expect(page.locator("#foot [name=note]")).to_have_value(NOTE)
    assert (await _guide(desk)).note == NOTE
    await _ends_well(desk)


async def test_a_web_server_that_is_begun_anew_mid_call_loses_nothing(desk: AtDesk) -> None:
    page, served = desk.page, desk.served
    desk.visitor.excuse(CUT)
    await desk.answer("1")
    await desk.type(IDENTITY)
    await desk.note("first words")
    step = await desk.step()
    await served.web.stop()
    await page.keyboard.press("KeyN")
    await page.keyboard.press("End")
    await page.keyboard.type(", more words")
    await page.keyboard.press("Escape")
    await expect(page.locator("#desk-banner")).to_contain_text("The server is away")
    await served.floor.work(0.2)  # the call goes on without pages
    assert await _state(desk) == "on_call"
    async with page.expect_response("**/desk/note"):
        await served.restart()
    await expect(page.locator("#desk-banner")).to_contain_text("Back again")
    await expect(desk.say.locator(f"[data-step='{step}']")).to_be_visible()
    assert (await _guide(desk)).note == "first words, more words"
    await _ends_well(desk)


async def test_a_call_that_ends_while_the_connection_is_away_lands_in_the_wrap_up(
    desk: AtDesk,
) -> None:
    page, floor = desk.page, desk.served.floor
    desk.visitor.excuse(CUT)
    await desk.answer("1")
    await desk.type(IDENTITY)
    await desk.note(NOTE)
    await desk.visitor.context.set_offline(offline=True)
    await page.keyboard.press("F9")
    await expect(page.locator("#desk-banner")).to_contain_text("The server is away")
    await floor.bridge.hang_up((await _guide(desk)).attempt_id)  # at the far end
    await floor.work(0.1)
    assert await _state(desk) == "wrap_up"
    await desk.visitor.context.set_offline(offline=False)
    await desk.wraps_up()
    await expect(page.locator("#foot [name=note]")).to_have_value(NOTE)
    await desk.visitor.shot("mid-call-ended")
    await desk.save()
    await desk.offered()
    assert await floor.results() == [("answered", "hung_up")]


async def test_hanging_up_from_a_field_of_the_script_leads_to_the_wrap_up_which_saves(
    desk: AtDesk,
) -> None:
    await desk.answer("1")
    await expect(desk.say.locator("[name=value]")).to_be_focused()
    await desk.page.keyboard.type("24")
    await desk.hang_up()
    await expect(desk.say.locator("form#step")).to_have_count(0)
    await desk.save()
    await desk.offered()


_POST = """async (path) => {
  const note = document.querySelector("[hx-vals*=attempt_id]");
  const form = new URLSearchParams({
    counter: "0", choice: "1", note: "from the old tab", do: "draft",
    attempt_id: JSON.parse(note.getAttribute("hx-vals")).attempt_id,
  });
  const sent = { detail: { headers: {}, verb: "post", parameters: {} } };
  document.dispatchEvent(new CustomEvent("htmx:configRequest", sent));
  const csrf = JSON.parse(document.body.getAttribute("hx-headers"));
  const headers = { ...csrf, ...sent.detail.headers, "HX-Request": "true" };
  return (await fetch(path, { method: "POST", body: form, headers })).status;
}"""
