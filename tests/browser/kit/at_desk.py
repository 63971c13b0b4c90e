"""An agent at their desk in a browser: by keys alone, going on when the screen has."""

from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

from tests.browser.kit.calls import ServedFloor
from tests.browser.kit.visitor import Visitor

RING_MINUTES = 0.6
HANG_UP_MINUTES = 0.1


@dataclass
class AtDesk:
    """The agent's page, and the floor whose lines they speak on."""

    visitor: Visitor
    served: ServedFloor

    @property
    def page(self) -> Page:
        """The page they look at."""
        return self.visitor.page

    @property
    def say(self) -> Locator:
        """The pane in the middle."""
        return self.page.locator("#say")

    async def begin(self) -> None:
        """Open the desk and be shown somebody."""
        await self.visitor.go("/desk")
        await self.offered()

    async def offered(self) -> str:
        """Wait for whoever is shown next; return their name."""
        await expect(self.page.locator("[data-post='/desk/dial']")).to_be_enabled()
        return await self.name()

    async def name(self) -> str:
        """Return who is the subject of the page."""
        return await self.page.locator(".who__name > span").inner_text()

    async def ring(self) -> None:
        """Ring whoever is shown, and be put through."""
        await self.page.keyboard.press("Enter")
        await expect(self.page.locator("[data-post='/desk/dial']")).not_to_be_enabled()
        await self.served.floor.work(RING_MINUTES)
        await expect(self.page.locator(".state--talking")).to_be_visible()
        await expect(self.say.locator("[data-step='0']")).to_be_visible()

    async def step(self) -> str:
        """Return which step of the script is shown."""
        return await self.say.locator("[data-step]").get_attribute("data-step") or ""

    async def answer(self, *keys: str) -> None:
        """Press keys; the script goes on with each."""
        for key in keys:
            before = await self.step()
            await self.page.keyboard.press(key)
            await self._moved_on(before)

    async def type(self, text: str) -> None:
        """Type into the field of the step, which has the focus, and give it."""
        before = await self.step()
        field = self.say.locator("[name=value]")
        await expect(field).to_be_focused()
        if await field.get_attribute("type") in {"date", "time"}:
            await field.fill(text)  # what a person types depends on the browser's language
        else:
            await self.page.keyboard.type(text)
        await self.page.keyboard.press("Enter")
        await self._moved_on(before)

    async def _moved_on(self, before: str) -> None:
        await expect(self.say.locator(f"[data-step]:not([data-step='{before}'])")).to_be_visible()

    async def note(self, text: str) -> None:
        """Write a note, and leave its field."""
        await self.page.keyboard.press("KeyN")
        await expect(self.page.locator("#foot [name=note]")).to_be_focused()
        await self.page.keyboard.type(text)
        async with self.page.expect_response("**/desk/note"):
            await self.page.keyboard.press("Escape")

    async def hang_up(self) -> None:
        """Hang up by key, and see the wrap-up in the middle."""
        async with self.page.expect_response("**/desk/hang-up"):
            await self.page.keyboard.press("F10")
        await self.served.floor.work(HANG_UP_MINUTES)
        await self.wraps_up()

    async def wraps_up(self) -> None:
        """See the wrap-up, where the result is chosen and saved."""
        await expect(self.page.locator(".state--wrapup")).to_be_visible()
        await expect(self.page.locator("form#result")).to_be_visible()

    async def save(self) -> None:
        """Save the result by key; the wrap-up is over."""
        async with self.page.expect_response("**/desk/result"):
            await self.page.keyboard.press("Control+Enter")
        await expect(self.page.locator(".state--wrapup")).to_be_hidden()
