"""Every page there is, as everybody who may open it, in both languages: see kit/tour.py."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from http import HTTPStatus

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from api.model import ApiRole
from customers.model import Language
from tests.browser.kit import layout
from tests.browser.kit.furnished import Furnished, open_furnished
from tests.browser.kit.sight import look
from tests.browser.kit.tour import Stop, gone, stops, unvisited
from tests.browser.kit.visitor import Visitor, visiting

_NAMES = {Language.MANDARIN: "zh", Language.ENGLISH: "en"}
# By finger: targets of 24 px (WCAG 2.2, 2.5.8), and boxes that scroll take the keyboard's focus.
_BY_FINGER = ("target-size", "scrollable-region-focusable")
_REFUSED = {
    "/files/999999": HTTPStatus.NOT_FOUND,
    "/settings/users": HTTPStatus.FORBIDDEN,
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def showcase(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Furnished]:
    """One installation for all who only look."""
    async with open_furnished(module_database_url, tmp_path_factory.mktemp("showcase")) as shown:
        yield shown


def test_every_page_is_on_the_tour() -> None:
    assert unvisited() == set(), (
        "no test opens these routes: give each a line in PAGES of tests/browser/kit/tour.py with "
        "its addresses, or in PARTS, if it is no page by itself, with where it is seen"
    )
    assert gone() == set(), "tests/browser/kit/tour.py names routes that are gone: take them out"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tour:
    """What one test visits: several share the many pages, so that workers can."""

    role: ApiRole | None
    language: Language
    nth: int
    of: int

    def __str__(self) -> str:
        who = self.role or "stranger"
        return f"{who}-{_NAMES[self.language]}-{self.nth + 1}of{self.of}"

    @property
    def stops(self) -> list[Stop]:
        """The pages; in Chinese an administrator sees those alone that are no supervisor's."""
        found = list(stops(self.role))
        if self.role is ApiRole.ADMIN and self.language is Language.MANDARIN:
            seen = {each.path for each in stops(ApiRole.SUPERVISOR)}
            found = [each for each in found if each.path not in seen]
        return found[self.nth :: self.of]


def _tours() -> Iterator[Tour]:
    for role in (*ApiRole, None):
        for language in Language:
            of = 3 if len(list(stops(role))) > 20 else 1
            of = 1 if role is ApiRole.ADMIN and language is Language.MANDARIN else of
            yield from (Tour(role=role, language=language, nth=nth, of=of) for nth in range(of))


@pytest.mark.parametrize("tour", list(_tours()), ids=str)
async def test_pages_are_whole_and_open_to_everybody(
    browser: Browser, showcase: Furnished, tour: Tour
) -> None:
    told = []
    async with visiting(browser, showcase.served, role=tour.role, language=tour.language) as guest:
        for stop in tour.stops:
            path = await _open(guest, showcase, stop)
            told += [f"{path}: {each}" for each in await look(guest)]
            await guest.picture(f"{stop.picture}-{_NAMES[tour.language]}-{tour.role or 'stranger'}")
    assert told == [], "\n".join(told)


@pytest.mark.parametrize("language", list(Language), ids=_NAMES.get)
async def test_a_supervisor_leads_from_a_phone(
    browser: Browser, showcase: Furnished, language: Language
) -> None:
    told = []
    async with visiting(
        browser, showcase.served, role=ApiRole.SUPERVISOR, language=language, phone=True
    ) as lead:
        for stop in stops(ApiRole.SUPERVISOR):
            path = await _open(lead, showcase, stop)
            found = await layout.troubles(lead.page) + await layout.hidden_doors(lead.page)
            found += await lead.barriers(*_BY_FINGER)
            told += [f"{path}: {each}" for each in found]
            await lead.picture(f"{stop.picture}-{_NAMES[language]}-phone")
    assert told == [], "\n".join(told)


@pytest.mark.parametrize("language", list(Language), ids=_NAMES.get)
async def test_a_refusal_is_a_page_like_all_others(
    browser: Browser, showcase: Furnished, language: Language
) -> None:
    told = []
    lead = ApiRole.SUPERVISOR
    async with visiting(browser, showcase.served, role=lead, language=language) as guest:
        guest.excuse("40[34]")
        for path, status in _REFUSED.items():
            assert (await guest.go(path)).status == status
            told += [f"{path}: {each}" for each in await look(guest)]
            await guest.picture(f"refused-{status}-{_NAMES[language]}")
    assert told == [], "\n".join(told)


@pytest.mark.parametrize("language", list(Language), ids=_NAMES.get)
async def test_a_first_password_is_changed_before_anything_else(
    browser: Browser, showcase: Furnished, language: Language
) -> None:
    who = ApiRole.INTEGRATOR
    await showcase.owes_password(who, owes=True)
    async with visiting(browser, showcase.served, role=who, language=language) as guest:
        await guest.go("/")
        assert guest.page.url == f"{showcase.served.url}/password"
        assert await look(guest) == []
        await guest.picture(f"first-password-{_NAMES[language]}")
    await showcase.owes_password(who, owes=False)


async def _open(visitor: Visitor, showcase: Furnished, stop: Stop) -> str:
    """Open a page and return its address."""
    path = stop.path.format_map(showcase.known)
    response = await visitor.go(path)
    assert response.status == HTTPStatus.OK, path
    assert visitor.page.url == showcase.served.url + path, "it leads on: see PARTS"
    return path
