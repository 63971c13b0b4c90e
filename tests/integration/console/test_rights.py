"""Every page and form × every role and a stranger, against the table in `who_may.py`."""

import re

import httpx

from api.console.edge import ConsoleRoute
from api.model import RIGHTS, ApiRole, Right
from tests.integration.console.house import House
from tests.integration.console.who_may import WHO_MAY, routes

_NO_UUID = "019a0000-0000-7000-8000-000000000000"
_NO_ID = "999999999"


def test_the_table_names_every_route_and_no_other() -> None:
    known = routes().keys()
    assert not known - WHO_MAY.keys(), "say in who_may.py who may open these"
    assert not WHO_MAY.keys() - known, "who_may.py names routes that are gone"


def test_a_route_asks_for_a_right_that_exactly_these_roles_have() -> None:
    for name, route in routes().items():
        extra = route.openapi_extra or {}
        if "x-right" not in extra:
            assert None in WHO_MAY[name], f"{name} is open to strangers"
            continue
        has = {role for role, rights in RIGHTS.items() if Right(extra["x-right"]) in rights}
        assert has == WHO_MAY[name], f"{name} asks for {extra['x-right']}"


async def test_every_route_refuses_every_role_that_may_not_and_strangers(house: House) -> None:
    """What is asked here names nothing on file: whoever may is not refused for the role."""
    for name, route in sorted(routes().items()):
        for role in (None, *ApiRole):
            async with house.visitor(role) as browser:
                answer = await _asked(browser, route)
            may = role in WHO_MAY[name]
            if role is None and not may:
                assert answer.status_code == 303, (name, "a stranger was not led to the door")
                assert answer.headers["Location"].startswith("/sign-in?next="), name
                continue
            forbidden = answer.status_code == 403 and "may not" in answer.text
            assert forbidden is not may, (name, role, answer.status_code, answer.text[:2000])
            # 503 is what a listener hears in a process without a live feed.
            assert answer.status_code < 500 or answer.status_code == 503, (name, role, answer.text)


async def _asked(browser: httpx.AsyncClient, route: ConsoleRoute) -> httpx.Response:
    """Ask for a route with an empty form and ids of nothing."""
    methods = route.methods or {"GET"}
    method = "GET" if "GET" in methods else min(methods)
    path = re.sub(r"\{(\w+)(:\w+)?\}", lambda found: _nothing(route, found[1]), route.path)
    if method == "GET":
        return await browser.get(path)
    return await browser.request(method, path, data={"nothing": "x"})


def _nothing(route: ConsoleRoute, parameter: str) -> str:
    """Return a value of a path's parameter that names nothing on file."""
    kind = str(route.endpoint.__annotations__.get(parameter, "int"))
    if "UUID" in kind:
        return _NO_UUID
    return _NO_ID if re.search(r"\bint\b|\bId\b|PathId", kind) else "nothing"
