"""Whatever owners are called and wherever it came from: on every page it is text, never markup."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import httpx
import pytest

from api.console.edge import ConsoleRoute
from api.model import ApiRole
from tests.integration.console.house import House
from tests.integration.console.marked import OTHERS, OWN, RAW, marked_town
from tests.integration.console.who_may import WHO_MAY, routes

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_PATIENCE_S = 20
_SEARCHES = ("q=alert", "subject=%3Cscript%3E&actor=%22%27%3E")


@pytest.mark.parametrize("role", [ApiRole.AGENT, ApiRole.ADMIN])
async def test_no_page_shows_markup_that_came_with_the_data(house: House, role: ApiRole) -> None:
    house.end_streams()
    known = await marked_town(house)
    shown = 0
    async with house.browser(role) as browser:
        for name, route in sorted(routes().items()):
            if "GET" not in (route.methods or ()) or role not in WHO_MAY.get(name, ()):
                continue
            for address in _addresses(route, known):
                page = await _answer(browser, "GET", address)
                _check(page, name)
                shown += "&lt;script&gt;alert(7)" in page.text
    assert shown > 0, "the town is nowhere to be seen"


async def test_forms_show_again_what_was_typed_as_text(house: House) -> None:
    house.end_streams()
    known = await marked_town(house)
    async with house.browser() as browser:
        for name, route in sorted(routes().items()):
            if "POST" not in (route.methods or ()) or name.startswith(("door.sign", "door.do_ch")):
                continue
            fields = {each.alias: RAW[0] + "\"'>" for each in route.dependant.body_params} or {
                "x": RAW[0]
            }
            for address in _addresses(route, known):
                page = await _answer(browser, "POST", address, **fields)
                _check(page, name)


async def test_an_agent_is_shown_and_given_nothing_of_anothers_calls(house: House) -> None:
    """A recording of a colleague's call is as if there were none; so is the call itself."""
    house.end_streams()
    known = await marked_town(house)
    others = {**known, "recording_id": [OTHERS], "attempt_id": [OTHERS]}
    refused = 0
    async with house.browser(ApiRole.AGENT) as browser:
        assert (await browser.get(f"/recordings/{OWN}")).status_code == 200
        for name, route in sorted(routes().items()):
            about = {"recording_id", "attempt_id"} & set(_PARAMETER.findall(route.path))
            if not about or ApiRole.AGENT not in WHO_MAY.get(name, ()):
                continue
            method = "GET" if "GET" in (route.methods or ()) else "POST"
            for address in _addresses(route, others):
                answer = await _answer(browser, method, address)
                assert answer.status_code in {403, 404, 409, 422}, (name, address)
                refused += 1
    assert refused > 0, "no route of an agent names a call"


async def _answer(
    browser: httpx.AsyncClient, method: str, address: str, **fields: str
) -> httpx.Response:
    """Return the answer to a request; an endless one, or a mistake of ours, fails by its name."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            answer = await browser.request(method, address, data=fields or None)
    except TimeoutError:
        pytest.fail(f"{method} {address} does not end")
    assert answer.status_code != 500, f"{method} {address}"
    return answer


def _check(page: httpx.Response, name: str) -> None:
    if page.headers.get("Content-Type", "").startswith(("text/html", "text/event-stream")):
        for raw in RAW:
            assert raw not in page.text, f"{name} shows {raw}"
        assert "49" not in re.findall(r"alert\(7\)[^{]{0,40}b id=x&gt;(\d+)", page.text), name


def _addresses(route: ConsoleRoute, known: Mapping[str, Sequence[object]]) -> Iterator[str]:
    """Yield a route's addresses with all that is known of its parameters; none if one is not."""
    names = _PARAMETER.findall(route.path)
    if not set(names) <= known.keys():
        return
    for values in product(*(known[name] for name in names)):
        address = route.path
        for name, value in zip(names, values, strict=True):
            address = re.sub(rf"\{{{name}(:\w+)?\}}", str(value), address)
        yield address
        if not names and "GET" in (route.methods or ()):
            yield from (f"{address}?{search}" for search in _SEARCHES)
