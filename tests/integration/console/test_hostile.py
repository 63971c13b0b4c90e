"""Whatever a form or an address holds, whoever sends it: it is answered, never by a failure."""

import asyncio
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, get_args

import httpx
import pytest
from pydantic import BaseModel

from api.console.edge import ConsoleRoute
from api.model import ApiRole
from tests.integration.console.house import House
from tests.integration.console.marked import marked_town
from tests.integration.console.who_may import WHO_MAY, routes

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_PATIENCE_S = 10
_ROUNDS = 3
_TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\r\nSet-Cookie: a=b",
    "\u202e\ufeff\uffff",
    "%",
    "%%%_\\",
    "' OR 1=1 --",
    "<svg/onload=alert(1)>",
    "=1+1",
    "../../etc/passwd",
    "http://[",
    "//elsewhere.example",
    "9" * 19,
    "9" * 40,
    "-1",
    "1e999",
    "nan",
    "٣",
    "²",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59",
    "2026-02-30",
    "24:00",
    "True",
    "[]",
    "[" * 5000,
    "{}",
    "x" * 190,
    "好" * 5000,
    "+86138001380001",
    "陈静 5-2-1801",
    "2026-05-21",
    "2026-05-21T10:00",
    "10:00",
    "1",
    "12.50",
    "2",
    "019a0000-0000-7000-8000-000000000000",
)


# Of forms that read their fields themselves.
_OWN_FIELDS = {
    "campaigns.change": ("why", "of_version", "max_attempts", "hours_kind", "hours.0", "priority"),
    "quality.keep": ("revision", "comment", "editor", "answer.greeting"),
    "quality.end": ("revision", "comment", "editor", "answer.greeting"),
    "quality.change": ("revision", "comment", "editor", "answer.greeting"),
    "desk_script.give_result": ("then", "1.amount_minor", "1.code"),
}
_WORDS = {
    "name": ["overdue", "overdue-1", "callback", "campaigns", "agents"],
    "campaign": ["overdue"],
    "version": ["1", "101"],
    "month": ["2026-05", "9999-12", "0001-01"],
    "which": ["campaigns", "agents", "results"],
    "since": ["2026-05-21"],
    "until": ["2026-05-30"],
    "text": ["name: x"],
    "saves": ["1"],
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Field:
    """A part of a request, with what the route takes for it where that is a short list."""

    name: str
    known: Sequence[str]


@pytest.mark.parametrize("role", [ApiRole.AGENT, ApiRole.SUPERVISOR, ApiRole.ADMIN])
async def test_nothing_that_is_sent_makes_a_page_fail(house: House, role: ApiRole) -> None:
    house.end_streams()
    known = {**await marked_town(house), **_WORDS}
    chance = random.Random(role.value)
    failed = set()
    async with house.browser(role) as browser:
        for name, route in sorted(routes().items()):
            if role not in WHO_MAY.get(name, ()) or name == "door.sign_out":
                continue
            for number in range(_ROUNDS):
                parts = _drawn(route, known, chance, number)
                parts["form"] |= {key: chance.choice(_TEXTS) for key in _OWN_FIELDS.get(name, ())}
                status = await _status(browser, route, parts)
                if status >= 500 and status != 503:
                    failed.add(f"{status} {name} {parts}"[:600])
    assert not failed, "\n".join(sorted(failed))


def _drawn(
    route: ConsoleRoute, known: Mapping[str, Sequence[object]], chance: random.Random, number: int
) -> dict[str, dict[str, str]]:
    """Return the parts of a request: of each round fewer are as they should be."""
    dependant = route.dependant
    kinds = {
        "path": dependant.path_params,
        "query": dependant.query_params,
        "headers": dependant.header_params,
        "form": dependant.body_params,
    }
    drawn: dict[str, dict[str, str]] = {}
    for kind, fields in kinds.items():
        drawn[kind] = {}
        for field in _fields(fields, known):
            good = field.known and chance.random() < (0.9, 0.7)[number % 2]
            drawn[kind][field.name] = chance.choice(field.known if good else _TEXTS)
    return drawn


def _fields(fields: Sequence[Any], known: Mapping[str, Sequence[object]]) -> Iterator[_Field]:
    for field in fields:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            for name in annotation.model_fields:
                yield _Field(name=name, known=[str(each) for each in known.get(name, ())])
            continue
        values = [str(each) for each in known.get(field.alias, ())]
        for kind in (annotation, *get_args(annotation)):
            if isinstance(kind, type) and issubclass(kind, Enum):
                values += [str(each.value) for each in kind]
            elif kind is int and not values:
                values = ["1"]
        yield _Field(name=field.alias, known=values)


async def _status(
    browser: httpx.AsyncClient, route: ConsoleRoute, parts: Mapping[str, Mapping[str, str]]
) -> int:
    address = route.path
    for name in _PARAMETER.findall(route.path):
        value = httpx.QueryParams({"x": parts["path"].get(name, "x")})
        text = str(value)[2:].replace("+", "%20")
        before, after = re.split(rf"\{{{name}(?::\w+)?\}}", address)
        address = before + text + after
    methods = route.methods or {"GET"}
    method = "GET" if "GET" in methods else min(methods)
    headers = {
        name.encode(): value.encode("utf-8", "ignore")
        .replace(b"\r\n", b"")
        .replace(b"\0", b"")[:150]
        for name, value in parts["headers"].items()
    }
    try:
        async with asyncio.timeout(_PATIENCE_S):
            if method == "GET":
                query = {key: text[:1500] for key, text in parts["query"].items()}
                answer = await browser.get(address, params=query, headers=headers)
            else:
                answer = await browser.request(method, address, data={**parts["form"], "csrf": ""})
    except TimeoutError:
        return 599
    return answer.status_code
