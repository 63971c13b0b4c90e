"""What tests in a real browser stand on: see README.md beside this file."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from pytest_asyncio import is_async_test

from api.model import ApiRole
from customers.model import Language
from tests.browser.kit.install import Chromium, wanted_chromium
from tests.browser.kit.rig import Served, World, open_served
from tests.browser.kit.visitor import Visitor, visiting

BrowserAs = Callable[..., AbstractAsyncContextManager[Visitor]]

_FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let all tests here share one loop: the browser lives in it."""
    for item in items:
        if item.path.is_relative_to(_FOLDER) and is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def chromium() -> Chromium:
    """Chromium, unpacked on the first run on a machine that has none."""
    return wanted_chromium()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: Chromium) -> AsyncIterator[Browser]:
    """The browser of this worker; a test opens a context of its own in it."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # its sandbox is none for root
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium.executable,
            args=arguments,
            env={**os.environ, **chromium.environment},
        )
        yield browser
        await browser.close()


@pytest.fixture
def world() -> World:
    """What `served` is filled with; a module or a test that wants another says so by its own."""
    return World()


@pytest_asyncio.fixture(loop_scope="session")
async def served(database_url: str, tmp_path: Path, world: World) -> AsyncIterator[Served]:
    """An installation of the test's own, served in our loop."""
    async with open_served(database_url, tmp_path, world) as served:
        yield served


@pytest.fixture
def browser_as(browser: Browser, served: Served) -> BrowserAs:
    """What opens browsers of `served`; see README.md."""

    def open_as(
        role: ApiRole | None, language: Language = Language.MANDARIN, *, dark: bool = False
    ) -> AbstractAsyncContextManager[Visitor]:
        return visiting(browser, served, role=role, language=language, dark=dark)

    return open_as
