"""Every page there is, in both languages and themes, on a desk screen and on a phone."""

from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import pytest
import pytest_asyncio
from fastapi.routing import APIRoute
from playwright.async_api import Browser

from api.console.doors import DOORS, Door
from api.console.routes import ROUTERS
from api.console.sessions import COOKIE
from api.model import RIGHT_KEY, RIGHTS, ApiRole, Right
from customers.model import Language
from tests.browser.kit.rig import Served, open_served
from tests.browser.kit.visitor import PHONE, visiting

_WIDEST = (ApiRole.ADMIN, ApiRole.SUPERVISOR, ApiRole.AGENT, ApiRole.INTEGRATOR)
# Pages of one's own work: an administrator has the right, and no desk.
_OWN = {Right.WORK_AS_AGENT: ApiRole.AGENT}
_NAMES = {Language.MANDARIN: "zh", Language.ENGLISH: "en"}


def _pages() -> list[APIRoute]:
    """Return what can be opened by its address alone."""
    found = [
        route
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ()) and "{" not in route.path
    ]
    return sorted(found, key=lambda route: route.path)


def _reader(route: APIRoute) -> ApiRole | None:
    """Return who looks at a page; None: a stranger."""
    extra = route.openapi_extra or {}
    if RIGHT_KEY not in extra:
        return None
    right = Right(extra[RIGHT_KEY])
    return _OWN.get(right) or next(role for role in _WIDEST if right in RIGHTS[role])


def _doors(role: ApiRole) -> list[Door]:
    """Return the pages of the bar that a role works with."""
    known = {route.path for route in _pages()}
    return [
        door
        for door in DOORS
        if door.right in RIGHTS[role] and role is _OWN.get(door.right, role) and door.path in known
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def showcase(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """One installation for all who only look."""
    async with open_served(module_database_url, tmp_path_factory.mktemp("showcase")) as served:
        yield served


async def _is_page(served: Served, path: str, cookies: dict[str, str]) -> bool:
    """Say whether an address is a page: not a part of one, a file, or news without end."""
    async with (
        httpx.AsyncClient(trust_env=False, cookies=cookies, follow_redirects=True) as client,
        client.stream("GET", served.url + path, headers={"Accept": "text/html"}) as answer,
    ):
        if answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:  # it answers a question only
            return False
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            return False
        return (await answer.aread()).lstrip().lower().startswith(b"<!doctype")


@pytest.mark.parametrize("language", list(Language), ids=_NAMES.get)
@pytest.mark.parametrize("route", _pages(), ids=lambda route: route.path)
async def test_a_page_is_whole_and_open_to_everybody(
    browser: Browser, showcase: Served, route: APIRoute, language: Language
) -> None:
    role = _reader(route)
    cookies = {} if role is None else {COOKIE: await showcase.cookie_of(role, language)}
    if not await _is_page(showcase, route.path, cookies):
        return
    async with visiting(browser, showcase, role=role, language=language) as visitor:
        response = await visitor.go(route.path)
        assert response.status == HTTPStatus.OK
        words = _words(visitor.page.url.removeprefix(showcase.url))
        await visitor.fits()
        if language is Language.MANDARIN:  # parts and colours are the same in every language
            await visitor.axe()
            await visitor.page.emulate_media(color_scheme="dark")
            await visitor.axe("color-contrast")
            await visitor.page.emulate_media(color_scheme="light")
        await visitor.shot(f"{words}-{_NAMES[language]}")
        await visitor.page.set_viewport_size(PHONE)
        await visitor.fits()


def _words(path: str) -> str:
    """Return a page's address as the name of its picture."""
    return path.partition("?")[0].strip("/").replace("/", "-") or "home"


@pytest.mark.parametrize("role", list(ApiRole))
async def test_a_role_sees_its_pages_in_the_bar_and_each_opens(
    browser: Browser, showcase: Served, role: ApiRole
) -> None:
    async with visiting(browser, showcase, role=role) as visitor:
        for door in _doors(role):
            response = await visitor.go(door.path)
            assert response.status == HTTPStatus.OK, door.path
