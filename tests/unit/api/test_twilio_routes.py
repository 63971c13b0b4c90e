"""Webhooks of Twilio over HTTP: bounded, behind the door, and nothing is told to strangers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from http import HTTPMethod, HTTPStatus
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator

from api.routes.twilio import twilio_routes
from core.clock import VirtualClock
from dialer.bridges.twilio.door import LARGEST_BYTES, Door
from dialer.bridges.twilio.hook import CALL_SID, NOTHING, Answer, Hook, Visit, twiml

URL = "https://calls.example.com"
TOKEN = "12345678901234567890123456789012"
ACCOUNT = "AC" + "a" * 32
FORM = {"AccountSid": ACCOUNT, "CallSid": "CA" + "b" * 32, "Digits": "13800000000"}
PATH = "/webhooks/twilio/calls/1/steps/2"
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}


class Heard:
    """A hook that keeps what came in, or fails."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self.error: Exception | None = None

    async def __call__(self, visit: Visit) -> Answer:
        if self.error is not None:
            raise self.error
        self.visits.append(visit)
        return twiml("<Response/>")


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def client(heard: Heard) -> AsyncIterator[httpx.AsyncClient]:
    async def nothing(_: Visit) -> Answer:
        return NOTHING

    hooks = (
        Hook(path="/calls/{call_id}/steps/{turn_no:int}", answer=heard, form={"CallSid": CALL_SID}),
        Hook(path="/open", answer=nothing, method=HTTPMethod.GET, is_signed=False),
    )
    door = Door(public_url=URL, account_sid=ACCOUNT, token=TOKEN)
    clock = VirtualClock(datetime(2026, 5, 20, 4, tzinfo=UTC))
    app = Starlette(routes=twilio_routes(hooks, door, clock))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.7:8080") as asks:
        yield asks


def _signed(target: str = PATH, form: dict[str, str] = FORM) -> dict[str, str]:
    signature = RequestValidator(TOKEN).compute_signature(URL + target, form)
    return {**FORM_TYPE, "X-Twilio-Signature": signature, "I-Twilio-Idempotency-Token": "i-7"}


async def test_a_request_comes_to_its_hook_whatever_a_proxy_calls_us(
    client: httpx.AsyncClient, heard: Heard
) -> None:
    lies = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Forwarded": "host=x"}
    got = await client.post(PATH, content=urlencode(FORM), headers={**_signed(), **lies})
    assert (got.status_code, got.text) == (200, "<Response/>")
    assert got.headers["Content-Type"].startswith("application/xml")
    assert got.headers["Cache-Control"] == "no-store"
    (visit,) = heard.visits
    assert visit.path == {"call_id": "1", "turn_no": "2"}
    assert (visit.form, visit.token) == (FORM, "i-7")


async def test_a_query_that_twilio_signed_reaches_the_door_as_it_came(
    client: httpx.AsyncClient, heard: Heard
) -> None:
    target = f"{PATH}?b=%E7%8E%8B&a=2&a=1&c="
    got = await client.post(target, content=urlencode(FORM), headers=_signed(target))
    assert got.status_code == HTTPStatus.OK
    assert len(heard.visits) == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({"headers": FORM_TYPE}, HTTPStatus.FORBIDDEN, id="unsigned"),
        pytest.param({"content": urlencode(FORM) + "&x=1"}, HTTPStatus.FORBIDDEN, id="forged"),
        pytest.param({"content": urlencode(FORM)[:-1]}, HTTPStatus.FORBIDDEN, id="truncated"),
        pytest.param(
            {"content": "x" * (LARGEST_BYTES + 1)},
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            id="oversized",
        ),
        pytest.param(
            {"headers": {**_signed(), "Content-Type": "application/json"}, "content": "{}"},
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            id="wrongly typed",
        ),
        pytest.param({"url": PATH.replace("/2", "/two")}, HTTPStatus.NOT_FOUND, id="no turn"),
        pytest.param({"method": "GET"}, HTTPStatus.METHOD_NOT_ALLOWED, id="fetched"),
    ],
)
async def test_an_attack_is_refused_logged_and_comes_to_no_hook(
    client: httpx.AsyncClient, heard: Heard, change: dict[str, Any], status: HTTPStatus
) -> None:
    request = {"method": "POST", "url": PATH, "content": urlencode(FORM), "headers": _signed()}
    with capture_logs() as logs:
        got = await client.request(**{**request, **change})
    assert got.status_code == status
    assert heard.visits == []
    assert FORM["Digits"] not in f"{logs}{got.text}"
    assert TOKEN not in f"{logs}{got.text}"
    routed = status not in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
    assert [each["event"] for each in logs if each["log_level"] == "warning"] == [
        "twilio_webhook_refused"
    ] * routed


async def test_a_body_of_no_told_length_is_bounded_too(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(LARGEST_BYTES // 1000 + 2):
            yield b"a" * 1000

    got = await client.post(PATH, content=endless(), headers=_signed())
    assert got.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(KeyError("13800000000"), HTTPStatus.INTERNAL_SERVER_ERROR, id="a fault"),
        pytest.param(ConnectionError("13800000000"), HTTPStatus.SERVICE_UNAVAILABLE, id="away"),
        pytest.param(TimeoutError(), HTTPStatus.SERVICE_UNAVAILABLE, id="late"),
    ],
)
async def test_what_fails_here_is_told_so_that_twilio_goes_to_the_fallback(
    client: httpx.AsyncClient, heard: Heard, error: Exception, status: HTTPStatus
) -> None:
    heard.error = error
    with capture_logs() as logs:
        got = await client.post(PATH, content=urlencode(FORM), headers=_signed())
    assert got.status_code == status
    assert "13800000000" not in f"{logs}{got.text}"
    assert any(each["event"] == "twilio_webhook_failed" for each in logs)


async def test_a_request_that_is_given_up_is_not_answered(heard: Heard) -> None:
    """Twilio hangs up before the body has come."""
    door = Door(public_url=URL, account_sid=ACCOUNT, token=TOKEN)
    hook = Hook(path="/calls/{call_id}/steps/{turn_no}", answer=heard)
    clock = VirtualClock(datetime(2026, 5, 20, 4, tzinfo=UTC))
    (route,) = twilio_routes((hook,), door, clock)
    sent: list[Any] = []
    given = iter([{"type": "http.request", "body": b"Acc", "more_body": True}])

    async def receive() -> Any:
        await asyncio.sleep(0)
        return next(given, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": [(b"content-type", FORM_TYPE["Content-Type"].encode())],
        "path_params": {},
    }
    await route.handle(scope, receive, send)
    assert sent[0]["status"] == HTTPStatus.BAD_REQUEST
    assert heard.visits == []


async def test_an_answer_without_words_has_no_body(client: httpx.AsyncClient) -> None:
    got = await client.get("/webhooks/twilio/open")
    assert (got.status_code, got.content) == (HTTPStatus.NO_CONTENT, b"")
