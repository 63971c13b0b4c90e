"""Somebody at a browser: goes to pages, is told off by no console, and leaves pictures."""

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped] # none
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Response,
    ViewportSize,
)

from api.console import sessions
from api.model import ApiRole
from customers.model import Language

DESK: ViewportSize = {"width": 1366, "height": 768}
PHONE: ViewportSize = {"width": 390, "height": 844}
SCREENS = Path("test-output/screens")
# What is held to: WCAG 2.1 A and AA, and what axe-core's authors advise beyond it.
_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
_GRAVE = frozenset({"serious", "critical"})
_LOCALES = {Language.MANDARIN: "zh-CN", Language.ENGLISH: "en-GB"}
_PATIENCE_MS = 10_000


class Serving(Protocol):
    """What is served, and lets a role in."""

    @property
    def url(self) -> str:
        """Where its pages are."""
        ...

    async def cookie_of(self, role: ApiRole, language: Language) -> str:
        """Begin a session of the role's user, who reads this language; return its cookie."""
        ...


@dataclass(kw_only=True)
class Visitor:
    """A signed-in browser of its own; `page` is Playwright's, `tab` opens another."""

    page: Page
    context: BrowserContext
    served: Serving
    excused: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def excuse(self, pattern: str) -> None:
        """Expect a complaint of the browser, as of an answer 422: `excuse("422")`."""
        self.excused.append(pattern)

    async def go(self, path: str) -> Response:
        """Go to a page of ours and return the answer."""
        response = await self.page.goto(self.served.url + path, wait_until="load")
        assert response is not None, path
        return response

    async def tab(self) -> Page:
        """Open a second tab in the same browser."""
        page = await self.context.new_page()
        self.listen(page)
        return page

    def listen(self, page: Page) -> None:
        """Note all that a page complains of: errors, refusals by its policy, broken files."""

        def hear(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                where = urlsplit(str(message.location.get("url", ""))).path
                self.complaints.append(f"{message.type}: {message.text} ({where})")

        page.on("console", hear)
        page.on("pageerror", lambda error: self.complaints.append(f"raised: {error}"))

    def check(self) -> None:
        """Fail on what the browser complained of and nobody expected."""
        left = [
            each for each in self.complaints if not any(re.search(p, each) for p in self.excused)
        ]
        self.complaints.clear()
        assert left == [], "\n".join(left)

    async def shot(self, name: str) -> None:
        """Keep pictures of the page as it is, on a desk screen and on a phone."""
        for size, suffix in ((DESK, ""), (PHONE, "-phone")):
            await self.page.set_viewport_size(size)
            await self.picture(name + suffix)
        await self.page.set_viewport_size(DESK)

    async def picture(self, name: str) -> None:
        """Keep a picture of what is in the window."""
        await self.page.screenshot(path=SCREENS / f"{name}.png")

    async def axe(self, *rules: str) -> None:
        """Fail on a serious or critical violation axe-core finds; only of these rules, if named."""
        grave = await self.barriers(*rules)
        assert grave == [], "\n".join(grave)

    async def barriers(self, *rules: str) -> list[str]:
        """Return the serious and critical violations axe-core finds, of these rules if named."""
        only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": _TAGS}
        options = {"resultTypes": ["violations"], "runOnly": only}
        found = await Axe().run(self.page, options=options)
        return [
            f"{each['id']}: {each['help']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for each in found.response["violations"]
            if each["impact"] in _GRAVE
            for node in each["nodes"]
        ]

    async def fits(self) -> None:
        """Fail where the page is wider than its window."""
        wide: list[str] = await self.page.evaluate(
            """async () => {
              await new Promise((laid) => requestAnimationFrame(() => requestAnimationFrame(laid)));
              const width = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= width) return [];
              return [...document.body.querySelectorAll("*")]
                .filter((each) => each.getBoundingClientRect().right > width + 1)
                .slice(0, 5)
                .map((each) => `${each.tagName}.${each.getAttribute("class")}`);
            }"""
        )
        assert wide == [], f"wider than the window: {wide}"


@contextlib.asynccontextmanager
async def visiting(
    browser: Browser,
    served: Serving,
    *,
    role: ApiRole | None,
    language: Language = Language.MANDARIN,
    dark: bool = False,
    phone: bool = False,
) -> AsyncIterator[Visitor]:
    """Open a browser of its own for the block, signed in as the role's user; None: a stranger."""
    context = await browser.new_context(
        viewport=PHONE if phone else DESK,
        has_touch=phone,
        is_mobile=phone,
        locale=_LOCALES[language],
        timezone_id="Asia/Shanghai",
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(_PATIENCE_MS)
    if role is not None:
        cookie = await served.cookie_of(role, language)
        await context.add_cookies(
            [{"name": sessions.COOKIE, "value": cookie, "url": served.url, "httpOnly": True}]
        )
    visitor = Visitor(page=await context.new_page(), context=context, served=served)
    visitor.listen(visitor.page)
    try:
        yield visitor
        visitor.check()
    finally:
        await context.close()
