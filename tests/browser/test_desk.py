"""The agent's desk in a real browser: a call by keys alone, two windows, a lost connection."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, expect

from api.console import sessions as console_sessions
from api.model import ApiRole
from callback.campaigns import Dialling
from core.database import create_engine, libpq_url
from core.live import LiveFeed
from tests.browser.kit.visitor import DESK, SCREENS
from tests.integration.console.desk_floor import DeskFloor, user_of
from tests.integration.dialer.agents.floor import agents_campaigns
from tests.integration.dialer.day import answers

_PATIENCE_MS = 20_000


class Desk:
    """A floor that is served, and the browser of its agent."""

    def __init__(self, floor: DeskFloor, url: str, context: BrowserContext) -> None:
        self.floor = floor
        self.url = url
        self.context = context
        self.complaints: list[str] = []

    async def window(self) -> Page:
        """Open the desk in a window."""
        page = await self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(f"{self.url}/desk")
        return page


@pytest_asyncio.fixture(loop_scope="session")
async def desk(database_url: str, browser: Browser) -> AsyncIterator[Desk]:
    """Two repairs are to be called back, and Li is at work with a phone."""
    engine = create_engine(database_url, name="desk")
    feed = LiveFeed(libpq_url(database_url))
    await feed.start()
    campaigns = agents_campaigns(Dialling.PREVIEW)
    floor = await DeskFloor.opened(engine, campaigns=campaigns, feed=feed)
    for _ in range(2):
        await floor.repaired(await floor.owner(answers()))
    await floor.build()
    await floor.is_user(await floor.agent("Li", endpoint="PJSIP/101"))
    floor.talks_s = 600
    await floor.work(0.1)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(floor.house.office.app, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    port = listener.getsockname()[1]
    context = await browser.new_context(viewport=DESK, locale="en-GB", reduced_motion="reduce")
    context.set_default_timeout(_PATIENCE_MS)
    expect.set_options(timeout=_PATIENCE_MS)
    async with floor.sessions.begin() as session:
        cookie = await console_sessions.begin(
            session,
            await user_of(session, ApiRole.AGENT),
            address="127.0.0.1",
            browser="a test",
            now=floor.clock.now(),
        )
    url = f"http://127.0.0.1:{port}"
    await context.add_cookies(
        [{"name": console_sessions.COOKIE, "value": cookie, "url": url, "httpOnly": True}]
    )
    SCREENS.mkdir(parents=True, exist_ok=True)
    made = Desk(floor, url, context)
    yield made
    await context.close()
    server.should_exit = True
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    await feed.close()
    await engine.dispose()
    assert made.complaints == []


async def _call(desk: Desk, page: Page) -> None:
    """Go by keys from ready to a call that was answered."""
    await expect(page.get_by_role("button", name="Ring Mr 王")).to_be_enabled()
    await page.screenshot(path=SCREENS / "desk-offer.png")
    await page.keyboard.press("Enter")
    await expect(page.locator("#desk-state")).to_contain_text("Asking for a line")
    await desk.floor.work(0.6)
    await expect(page.locator("#desk-state")).to_contain_text("On call")
    await expect(page.locator(".say__words")).to_be_visible()


async def test_a_call_by_keys_alone_and_what_was_typed_is_still_there_after_a_reload(
    desk: Desk,
) -> None:
    page = await desk.window()
    await _call(desk, page)
    await page.screenshot(path=SCREENS / "desk-call.png")
    name = page.locator(".who__name")
    await expect(name).to_contain_text("王小明")

    await page.keyboard.press("F8")
    await expect(page.locator("#panel")).to_contain_text("Transfer or three-way")
    await page.screenshot(path=SCREENS / "desk-transfer.png")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await page.locator("body").click(position={"x": 700, "y": 160})
    async with page.expect_response("**/desk/hold"):
        await page.keyboard.press("F4")
    await desk.floor.keeper.look()
    await expect(page.locator("#desk-state")).to_contain_text("Owner on hold")

    await page.keyboard.press("KeyN")
    await page.keyboard.type("asks for a morning")
    await page.reload()
    await expect(page.locator("#foot [name=note]")).to_have_value("asks for a morning")
    await expect(page.locator("#desk-state")).to_contain_text("Owner on hold")
    await page.keyboard.press("F10")
    await desk.floor.work(0.1)
    await expect(page.locator("#desk-state")).to_contain_text("Wrap-up")
    await expect(page.locator("#say .answer").first).to_be_visible()
    await page.screenshot(path=SCREENS / "desk-wrap-up.png")


async def test_two_windows_never_speak_at_once(desk: Desk) -> None:
    first = await desk.window()
    await _call(desk, first)
    second = await desk.window()
    await expect(second.locator("#desk-state")).to_contain_text("On call")
    await expect(first.locator("#desk-banner")).to_contain_text("open in another window")
    await first.screenshot(path=SCREENS / "desk-elsewhere.png")
    await first.get_by_role("button", name="Go on here").click()
    await expect(second.locator("#desk-banner")).to_contain_text("open in another window")
    await expect(first.locator("#desk-banner")).to_be_empty()


async def test_a_lost_connection_is_said_and_made_good(desk: Desk) -> None:
    page = await desk.window()
    await _call(desk, page)
    await desk.context.set_offline(offline=True)
    await page.keyboard.press("F9")
    await expect(page.locator("#desk-banner")).to_contain_text("The server is away")
    await page.screenshot(path=SCREENS / "desk-lost.png")
    async with page.expect_response("**/desk/pause"):  # what was pressed is sent by itself
        await desk.context.set_offline(offline=False)
    await expect(page.locator("#desk-banner")).to_contain_text("Back again")
    await desk.floor.keeper.look()
    await expect(page.locator("#desk-state")).to_contain_text("Resume rec.")
