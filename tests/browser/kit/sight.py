"""A page as everybody meets it: on a desk screen, in dark colours, enlarged, and by keys alone."""

from playwright.async_api import ViewportSize

from tests.browser.kit import keyboard, layout
from tests.browser.kit.visitor import DESK, Visitor

_ZOOMED: ViewportSize = {"width": 683, "height": 384}  # 1366×768 at 200 %


async def look(visitor: Visitor) -> list[str]:
    """Return what is wrong with the page somebody is on; it stays as it is."""
    page = visitor.page
    found = await layout.troubles(page) + await layout.hidden_doors(page)
    found += await visitor.barriers() + await keyboard.unseen(page)
    await page.emulate_media(color_scheme="dark")
    found += [f"dark: {each}" for each in await visitor.barriers("color-contrast")]
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(_ZOOMED)
    found += [f"at 200 %: {each}" for each in await layout.troubles(page)]
    await page.set_viewport_size(DESK)
    return found
