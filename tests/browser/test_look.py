"""What all pages share: keys, live parts, forms sent once, kept text, themes, sizes."""

import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from api.model import ApiRole
from customers.model import Language
from tests.browser.kit.rig import Served, World, open_served
from tests.browser.kit.visitor import DESK, Visitor, visiting

_BODY = re.compile(r'(<main class="page" id="main">).*?(</main>)', re.DOTALL)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def empty(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """An installation on its first day: its pages matter here, not its calls."""
    home = tmp_path_factory.mktemp("empty")
    async with open_served(module_database_url, home, World(owners=0, dials=False)) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(browser: Browser, empty: Served) -> AsyncIterator[Visitor]:
    """A supervisor who reads English."""
    async with visiting(
        browser, empty, role=ApiRole.SUPERVISOR, language=Language.ENGLISH
    ) as visitor:
        yield visitor


async def _open(visitor: Visitor, body: str, parts: dict[str, str] | None = None) -> Page:
    """Open a page of ours with another body; `parts` are what it may ask for, by address."""
    page = visitor.page

    async def answer(route: Route) -> None:
        path = route.request.url.removeprefix(visitor.served.url)
        if parts is not None and path in parts:
            await route.fulfill(body=parts[path], content_type="text/html")
            return
        whole = await route.fetch(url=visitor.served.url + "/password", method="GET")
        text = _BODY.sub(lambda found: found[1] + body + found[2], await whole.text())
        await route.fulfill(response=whole, body=text)

    await page.route("**/draft**", answer)
    await visitor.go("/draft")
    return page


_KEYS = """
<button class="button" data-key="F8" data-key-name="rest">Rest<kbd>F8</kbd></button>
<button class="button" data-key="KeyN" data-key-name="note">Note<kbd>N</kbd></button>
<label class="field"><span>Words</span><input class="input" id="words"></label>
<p id="heard"></p>
"""


async def _listen(page: Page) -> None:
    await page.evaluate(
        """() => document.addEventListener("click", (event) => {
          if (event.target.dataset.keyName) heard.textContent += event.target.dataset.keyName + " ";
        })"""
    )


async def test_a_key_does_what_its_button_does_and_single_keys_are_letters_while_typing(
    visitor: Visitor,
) -> None:
    page = await _open(visitor, _KEYS)
    await _listen(page)
    await page.keyboard.press("n")
    await expect(page.locator("#heard")).to_have_text("note ")
    await page.locator("#words").focus()
    await page.keyboard.press("n")
    await page.keyboard.press("F8")
    await expect(page.locator("#heard")).to_have_text("note rest ")
    await expect(page.locator("#words")).to_have_value("n")
    await page.keyboard.press("Escape")
    await page.keyboard.press("n")
    await expect(page.locator("#heard")).to_have_text("note rest note ")


async def test_the_card_names_the_keys_of_the_page_and_gives_one_another_key(
    visitor: Visitor,
) -> None:
    page = await _open(visitor, _KEYS)
    await _listen(page)
    await page.keyboard.press("Shift+Slash")
    card = page.get_by_role("region", name="Keyboard shortcuts")
    await expect(card.get_by_role("listitem")).to_contain_text(["Find a file", "Rest", "Note"])
    await visitor.axe()
    await card.get_by_role("button", name="Note: N").click()
    await page.keyboard.press("F8")
    await expect(card.get_by_role("status")).to_contain_text("taken by “Rest”")
    await card.get_by_role("button", name="Note: N").click()
    await page.keyboard.press("k")
    await expect(card.get_by_role("status")).to_contain_text("“Note” is now K")
    await page.keyboard.press("Shift+Slash")
    await expect(card).to_be_hidden()
    await page.keyboard.press("n")
    await page.keyboard.press("k")
    await expect(page.locator("#heard")).to_have_text("note ")
    await page.reload()
    await expect(page.get_by_role("button", name="Note")).to_have_text("NoteK")


_LIVE = """
<div id="part" hx-trigger="sse:agent" hx-get="/draft/part">
  <p id="state">3 talking</p>
  <ul><li data-row="1">one <button id="one">open</button></li><li data-row="2">two</li></ul>
  <label>Note<input id="note" value=""></label>
</div>
"""
_NEXT = """
<p id="state">4 talking</p>
<ul><li data-row="2">two!</li><li data-row="3">three</li>
<li data-row="1">one! <button id="one">open</button></li></ul>
<label>Note<input id="note" value=""></label>
"""


async def _news(page: Page) -> None:
    await page.evaluate("""() => htmx.trigger("#part", "sse:agent")""")


async def test_what_has_the_focus_or_is_being_typed_stays_while_news_change_the_rest(
    visitor: Visitor,
) -> None:
    page = await _open(visitor, _LIVE, {"/draft/part": _NEXT})
    await page.evaluate("() => { one.dataset.same = '1'; }")
    await page.locator("#note").fill("half a sen")
    await page.locator("#one").focus()
    await _news(page)
    await expect(page.locator("#state")).to_have_text("4 talking")
    await expect(page.locator("#part li")).to_contain_text(["two!", "three", "one!"])
    await expect(page.locator("#one")).to_be_focused()
    await expect(page.locator("#one[data-same]")).to_have_count(0)  # its attributes are news too
    await expect(page.locator("#note")).to_have_value("half a sen")


async def test_new_rows_wait_behind_a_button_that_counts_them(visitor: Visitor) -> None:
    rows = '<ul id="rows" data-hold="{n} new"><li data-row="1">one</li></ul>'
    more = rows.replace("<li", '<li data-row="3">three</li><li data-row="2">two</li><li')
    page = await _open(
        visitor,
        f'<div id="part" hx-trigger="sse:agent" hx-get="/draft/part">{rows}</div>',
        {"/draft/part": more},
    )
    await _news(page)
    button = page.get_by_role("button", name="2 new")
    await expect(button).to_be_visible()
    await expect(page.locator("#rows li")).to_have_text(["one"])
    await _news(page)
    await expect(button).to_have_count(1)
    await button.click()
    await expect(page.locator("#rows li")).to_have_text(["three", "two", "one"])
    await expect(button).to_have_count(0)


async def test_a_lost_connection_is_said_after_five_seconds_and_made_good_when_it_is_back(
    visitor: Visitor,
) -> None:
    await visitor.page.clock.install()
    page = await _open(visitor, _LIVE, {"/draft/part": _NEXT})
    tell = """(name) => part.dispatchEvent(new CustomEvent(name, {bubbles: true}))"""
    await page.evaluate(tell, "htmx:sseError")
    stale = page.get_by_text("Connection lost")
    await page.clock.fast_forward(4_000)
    await expect(stale).to_be_hidden()
    await page.clock.fast_forward(2_000)
    await expect(stale).to_be_visible()
    await expect(page.locator("#state")).to_have_text("3 talking")  # nothing is blanked
    await page.evaluate(tell, "htmx:sseOpen")
    await expect(stale).to_be_hidden()
    await expect(page.locator("#state")).to_have_text("4 talking")


async def test_a_timer_runs_by_the_servers_clock_and_is_no_news_to_screen_readers(
    visitor: Visitor,
) -> None:
    await visitor.page.clock.install()
    page = await _open(visitor, '<time id="timer"></time>')
    await page.evaluate(
        """() => { timer.dataset.since = new Date(ownerline.now() - 3_725_000).toISOString(); }"""
    )
    await page.clock.fast_forward(2_000)
    await expect(page.locator("#timer")).to_have_text(re.compile("1:02:0[678]"))
    assert await page.locator("[aria-live] #timer").count() == 0


async def test_a_form_is_sent_once_on_a_double_click(visitor: Visitor) -> None:
    page = await _open(
        visitor, '<form method="post" action="/draft/sent"><button>Send</button></form>'
    )
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    await page.evaluate(
        """() => { const button = document.querySelector("main button");
                   button.click(); button.click(); }"""
    )
    await page.wait_for_url("**/draft/sent")
    assert sent.count("POST") == 1


async def test_typed_text_survives_a_reload_and_is_forgotten_once_it_was_taken(
    visitor: Visitor,
) -> None:
    form = """<form id="form" hx-post="/draft/take" hx-target="#answer">
      <textarea aria-label="Note" data-keep="note-1"></textarea><button>Save</button></form>
      <p id="answer"></p>"""
    page = await _open(visitor, form, {"/draft/take": "taken"})
    note = page.get_by_label("Note")
    await note.fill("<b>he rings at six</b>")
    await page.reload()
    await expect(note).to_have_value("<b>he rings at six</b>")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#answer")).to_have_text("taken")
    await page.reload()
    await expect(note).to_have_value("")


async def test_light_or_dark_is_chosen_in_ones_own_menu_and_kept(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.go("/password")
    await page.locator("summary", has_text="supervisor").click()
    await visitor.axe()
    await page.get_by_role("button", name="Dark").click()
    ground = "() => getComputedStyle(document.body).backgroundColor"
    assert await page.evaluate(ground) == "rgb(13, 18, 20)"
    await page.reload()
    assert await page.evaluate(ground) == "rgb(13, 18, 20)"
    await visitor.axe("color-contrast")
    await page.locator("summary", has_text="supervisor").click()
    await expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("Tab")
    await page.locator("main").click(position={"x": 300, "y": 500}, force=True)
    await expect(page.get_by_role("button", name="Dark")).to_be_hidden()


async def test_a_page_reflows_at_two_hundred_per_cent_and_keeps_its_marks_in_forced_colours(
    visitor: Visitor,
) -> None:
    await visitor.go("/password")
    await visitor.page.set_viewport_size({"width": 683, "height": 384})
    await visitor.fits()
    await visitor.page.set_viewport_size({"width": 320, "height": 640})
    await visitor.fits()
    await visitor.page.set_viewport_size(DESK)
    await visitor.page.emulate_media(forced_colors="active")
    chosen = await visitor.page.evaluate(
        """() => getComputedStyle(document.querySelector(".lang [aria-current]"))
                   .textDecorationLine"""
    )
    assert chosen == "underline"


async def test_no_page_may_run_what_is_not_ours(visitor: Visitor) -> None:
    visitor.excuse("Content Security Policy")
    page = await _open(visitor, '<p onclick="hit()">x</p><script>window.hit = 1</script>')
    assert json.loads(await page.evaluate("() => JSON.stringify(window.hit ?? null)")) is None
    assert any("Content Security Policy" in each for each in visitor.complaints)
