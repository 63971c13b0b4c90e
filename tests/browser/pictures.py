"""Pictures of the console for the docs: `python -m tests.browser.pictures` writes docs/images.

They are of a demo that is served at this moment, so that everybody on them is invented.
"""

import asyncio
import os
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from tests.browser.kit.install import installed_chromium
from tests.integration.demo.shown import Shown, served

IMAGES = Path("docs/images")
_SIZE: ViewportSize = {"width": 1366, "height": 768}
_OWNERS = 300
_LARGEST = 200_000
_PATIENCE_MS = 120_000


async def take(folder: Path = IMAGES) -> None:
    """Serve a demo, go where the docs go, and keep what is seen."""
    with tempfile.TemporaryDirectory() as home:
        async with served(Path(home), owners=_OWNERS) as shown, async_playwright() as playwright:
            found = installed_chromium()
            browser = await playwright.chromium.launch(
                executable_path=found.executable,
                args=["--no-sandbox"] if os.geteuid() == 0 else [],
                env={**os.environ, **found.environment},
            )
            await _agent(browser, shown, folder)
            await _supervisor(browser, shown, folder)
            await browser.close()


async def _agent(browser: Browser, shown: Shown, folder: Path) -> None:
    page = await _sign_in(browser, shown, "agent", "zh-CN")
    await page.wait_for_selector("[data-post='/desk/sit']")
    await page.keyboard.press("Enter")
    talking = page.locator(".state--talking")
    async with asyncio.timeout(_PATIENCE_MS / 1000):
        while not await talking.count():
            if await page.locator("[data-post='/desk/dial']:not([disabled])").count():
                await page.keyboard.press("Enter")
            elif await page.locator(".state--wrapup").count():
                await page.keyboard.press("Control+Enter")
            await page.wait_for_timeout(500)
    await page.keyboard.press("1")
    await page.wait_for_timeout(1500)
    await _keep(page, folder, "agent-desk")
    await page.keyboard.press("F10")
    await page.wait_for_selector(".state--wrapup")
    await _keep(page, folder, "wrap-up")
    await page.context.close()


async def _supervisor(browser: Browser, shown: Shown, folder: Path) -> None:
    page = await _sign_in(browser, shown, "supervisor", "zh-CN")
    for path, name in (("/wall", "wallboard"), ("/recordings", "file")):
        await page.goto(shown.url + path)
        if name == "file":
            await page.locator("main a[href^='/files/']").first.click()
            await page.wait_for_load_state()
        await _keep(page, folder, name)
    await page.context.close()
    page = await _sign_in(browser, shown, "supervisor", "en-GB")
    for path, name in (("/reports", "report"), ("/scripts", "workshop")):
        await page.goto(shown.url + path)
        await _keep(page, folder, name)
    await page.context.close()


async def _sign_in(browser: Browser, shown: Shown, name: str, locale: str) -> Page:
    context = await browser.new_context(
        viewport=_SIZE, locale=locale, color_scheme="light", reduced_motion="reduce"
    )
    page = await context.new_page()
    await page.goto(shown.url)
    await page.fill("input[name=name]", name)
    await page.fill("input[type=password]", shown.passwords[name])
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".own")
    return page


async def _keep(page: Page, folder: Path, name: str) -> None:
    await page.wait_for_timeout(800)  # what comes after the page
    path = folder / f"console-{name}.png"
    await page.screenshot(path=path)
    if path.stat().st_size > _LARGEST:
        message = f"{path} is larger than {_LARGEST} bytes"
        raise ValueError(message)


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    asyncio.run(take())
