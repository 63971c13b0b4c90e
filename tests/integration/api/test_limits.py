"""What is too large, too deep, too often, malformed or of another type is refused as a problem."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from api.deps import ApiLimits
from core.database import create_engine
from tests.integration.api.office import Office

JSON = {"Content-Type": "application/json"}
LARGEST = ApiLimits().body_bytes


def _problem(answer: Any, status: int, what: object = "") -> None:
    assert answer.status_code == status, (what, answer.text)
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["type"].startswith("urn:ownerline:problem:")
    assert "Traceback" not in answer.text


_BODIES = {
    "cut off": (b"{", 400),
    "not UTF-8": (b"\xff\xfe{}", 400),
    "not a number": (b'{"name": NaN}', 400),
    "a lone surrogate": (b'{"name": "\\ud800"}', 400),
    "too deep": (b'{"name": ' + b"[" * 5000 + b"]" * 5000 + b"}", 400),
    "a raw NUL": (b'{"name": "a\x00b"}', 400),
    "an escaped NUL": (b'{"name": "a\\u0000b"}', 422),
    "an unknown field": (b'{"name": "a", "nickname": "b"}', 422),
    "too long": (b'{"name": "' + b"x" * 201 + b'"}', 422),
    "blank": (b'{"name": "   "}', 422),
    "nothing anybody sees": (b'{"name": "\\u200b"}', 422),
    "a number for a text": (b'{"name": 5}', 422),
    "a list for an object": (b"[]", 422),
    "null": (b"null", 422),
    "nothing": (b"", 422),
}


async def test_a_body_that_does_not_fit_is_refused(office: Office) -> None:
    async with office.client() as client:
        for what, (body, status) in _BODIES.items():
            answer = await client.post("/communities", content=body, headers=JSON)
            _problem(answer, status, what)


_VALUES: tuple[dict[str, object], ...] = (
    {"charge_id": 2**63},
    {"charge_id": 10**400},
    {"charge_id": 0},
    {"charge_id": 1.5},
    {"charge_id": "1"},
    {"charge_id": True},
    {"amount": 12.5},
    {"amount": "1e9"},
    {"amount": "0.0001"},
    {"amount": "123456789012"},
    {"amount": "NaN"},
    {"received_at": "2026-11-23T09:00:00"},
    {"received_at": "0001-01-01T00:00:00Z"},
    {"received_at": "9999-12-31T23:59:59-12:00"},
    {"received_at": 0},
    {"received_at": "soon"},
)


async def test_a_value_out_of_its_range_is_refused(office: Office) -> None:
    given = {"charge_id": 1, "amount": "10.00", "received_at": "2026-11-23T09:00:00+08:00"}
    async with office.client() as client:
        for change in _VALUES:
            _problem(await client.post("/payments", json=given | change), 422, change)


async def test_a_body_of_another_type_is_refused(office: Office) -> None:
    async with office.client() as client:
        for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x", ""):
            answer = await client.post(
                "/communities", content=b'{"name": "a"}', headers={"Content-Type": kind}
            )
            _problem(answer, 415, kind)


async def test_a_large_body_is_refused_by_its_length_and_as_it_comes(office: Office) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(LARGEST // 65536 + 1):
            yield b" " * 65536

    async with office.client() as client:
        by_length = await client.post("/communities", content=b" " * (LARGEST + 1), headers=JSON)
        as_it_comes = await client.post("/communities", content=stream(), headers=JSON)
    _problem(by_length, 413)
    _problem(as_it_comes, 413)


_ADDRESSES = (
    "/communities?limit=0",
    "/communities?limit=501",
    "/communities?limit=many",
    "/communities?cursor=!",
    "/communities?cursor=dW5pdF9pZDox",  # of the list of units
    "/communities?cursor=AAAA",
    "/communities/0",
    "/communities/9223372036854775808",
    "/communities/abc",
    "/units?label=%00",
    "/explain?of=%00",
    "/attempts/not-a-uuid",
    "/persons?phone=13800138000",
    "/due-calls?state=asleep",
)


async def test_an_address_that_does_not_fit_is_refused(office: Office) -> None:
    async with office.client() as client:
        for address in _ADDRESSES:
            _problem(await client.get(address), 422, address)


async def test_unknown_addresses_and_methods_are_problems_too(office: Office) -> None:
    async with office.client() as client:
        _problem(await client.get("/nothing"), 404)
        _problem(await client.get("/communities/"), 404)
        _problem(await client.get("/communities/77"), 404)
        refused = await client.delete("/communities")
    _problem(refused, 405)
    assert refused.headers["Allow"] == "GET, POST"


async def test_too_many_requests_of_a_token_are_refused_for_a_while(database: AsyncEngine) -> None:
    office = await Office.open(database, limits=ApiLimits(requests_per_minute=3))
    async with office.client() as client:
        answers = [await client.get("/communities") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    _problem(answers[-1], 429)
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_guessing_tokens_is_slowed_down_without_locking_out_a_valid_one(
    database: AsyncEngine,
) -> None:
    office = await Office.open(database, limits=ApiLimits(refusals_per_minute=2))
    async with office.stranger(Authorization="Bearer owl_guess") as client:
        answers = [await client.get("/communities") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 429, 429]
    async with office.client() as client:
        assert (await client.get("/communities")).status_code == 200


async def test_answers_are_kept_by_nobody_and_shown_in_no_frame(office: Office) -> None:
    async with office.client() as client:
        answer = await client.get("/communities", headers={"Origin": "https://elsewhere.example"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_database_that_is_away_is_told_with_when_to_try_again(office: Office) -> None:
    gone = create_engine("postgresql://nobody:nothing@127.0.0.1:1/none", name="test")
    office.deps.sessions.configure(bind=gone)
    async with office.client() as client:
        answer = await client.get("/communities")
    await gone.dispose()
    _problem(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in answer.text
