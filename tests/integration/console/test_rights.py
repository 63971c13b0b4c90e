"""Every page and form × every role and a stranger, against the table in `who_may.py`."""

import re

import httpx

from api.console.edge import ConsoleRoute
from api.model import RIGHTS, ApiRole, Right
from tests.integration.console.house import House
from tests.integration.console.who_may import ADMIN, WHO_MAY, routes

_NO_UUID = "019a0000-0000-7000-8000-000000000000"
_NO_ID = "999999999"


def test_the_table_names_every_route_and_no_other() -> None:
    known = routes().keys()
    lacking, gone = sorted(known - WHO_MAY.keys()), sorted(WHO_MAY.keys() - known)
    assert not lacking, f"say in who_may.py who may open these: {lacking}"
    assert not gone, f"who_may.py names routes that are gone: {gone}"


def test_a_route_asks_for_a_right_that_exactly_these_roles_have() -> None:
    wrong = []
    for name, route in routes().items():
        right = (route.openapi_extra or {}).get("x-right")
        has: set[ApiRole | None] = {None, *ApiRole}
        if right is not None:
            has = {role for role, rights in RIGHTS.items() if Right(right) in rights}
        if has != set(WHO_MAY.get(name, ())):
            wrong.append(f"{name} asks for {right}")
    assert not wrong, f"who_may.py says otherwise: {wrong}"


async def test_every_route_refuses_every_role_that_may_not_and_strangers(house: House) -> None:
    """What is asked here names nothing on file: whoever may is not refused for the role."""
    house.end_streams()
    wrong = []
    for role in (None, *ApiRole):
        async with house.visitor(role) as browser:
            for name, route in sorted(routes().items()):
                if name == "door.sign_out":
                    continue  # signs the browser out; it has a test of its own
                if role is ApiRole.ADMIN and WHO_MAY.get(name, ADMIN) != ADMIN:
                    continue  # what others may too is asked for by them
                answer = await _asked(browser, route)
                if not _is_as_promised(answer, role, may=role in WHO_MAY.get(name, ())):
                    wrong.append(f"{name} as {role}: {answer.status_code}")
    assert not wrong, "\n".join(wrong[:20])


def _is_as_promised(answer: httpx.Response, role: ApiRole | None, *, may: bool) -> bool:
    status = answer.status_code
    if role is None and not may:
        return status == 303 and answer.headers["Location"].startswith("/sign-in?next=")
    forbidden = status == 403 and "may not" in answer.text
    # 503 is what a listener hears in a process without a live feed.
    return forbidden is not may and (status < 500 or status == 503)


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
