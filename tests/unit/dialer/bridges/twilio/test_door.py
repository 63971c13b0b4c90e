"""The door of webhooks: what Twilio signed comes in, whatever stands between; nothing else does."""

from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPMethod, HTTPStatus
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from dialer.bridges.twilio.door import Door, Fields, Knock, NotLetInError
from dialer.bridges.twilio.hook import CALL_SID, NOTHING, Answer, Hook, Visit

NOON = datetime(2026, 5, 20, 4, tzinfo=UTC)
TOKEN = "12345678901234567890123456789012"
ACCOUNT = "AC" + "a" * 32
CALL = "CA" + "b" * 32
PATH = "/webhooks/twilio/calls/1/status"
FORM = {"AccountSid": ACCOUNT, "CallSid": CALL, "Digits": "1#", "From": "+8613800000000"}
CHARACTERS = st.characters(codec="utf-8")
FORM_TYPE = "application/x-www-form-urlencoded"


async def _nothing(_: Visit) -> Answer:
    return NOTHING


HOOK = Hook(path="/calls/{call_id}/status", answer=_nothing, form={"CallSid": CALL_SID})
FETCH = Hook(path="/thing", answer=_nothing, method=HTTPMethod.GET)


def door(public_url: str = "https://calls.example.com") -> Door:
    return Door(public_url=public_url, account_sid=ACCOUNT, token=TOKEN)


def signed(url: str, pairs: list[tuple[str, str]]) -> str:
    return str(RequestValidator(TOKEN).compute_signature(url, Fields(pairs)))


def knock(
    *,
    target: str = PATH,
    pairs: list[tuple[str, str]] | None = None,
    url: str = "https://calls.example.com",
    **changes: Any,
) -> Knock:
    pairs = list(FORM.items()) if pairs is None else pairs
    given = {
        "target": target,
        "query": target.partition("?")[2],
        "content_type": FORM_TYPE,
        "body": urlencode(pairs).encode(),
        "signature": signed(url + target, pairs),
        "token": "i-1",
        "path": {"call_id": "1"},
    }
    return Knock(**{**given, **changes})


def refusal(hook: Hook, request: Knock) -> HTTPStatus:
    with pytest.raises(NotLetInError) as refused:
        door().let_in(hook, request, at=NOON)
    assert CALL not in str(refused.value)
    return refused.value.status


def test_what_twilio_signed_comes_in_with_its_fields_and_token() -> None:
    visit = door().let_in(HOOK, knock(), at=NOON)
    assert visit == Visit(path={"call_id": "1"}, form=FORM, at=NOON, token="i-1")


@pytest.mark.parametrize(
    ("public_url", "signed_by"),
    [
        pytest.param("https://calls.example.com", "https://calls.example.com", id="as set"),
        pytest.param("https://calls.example.com", "https://calls.example.com:443", id="with port"),
        pytest.param("https://calls.example.com:443", "https://calls.example.com", id="without"),
        pytest.param("https://calls.example.com:8443", "https://calls.example.com:8443", id="own"),
        pytest.param("https://example.com/calls", "https://example.com/calls", id="below a path"),
        pytest.param("http://127.0.0.1:8080", "http://127.0.0.1:8080", id="no proxy"),
    ],
)
def test_the_address_twilio_signed_is_known_by_the_public_url(
    public_url: str, signed_by: str
) -> None:
    assert door(public_url).let_in(HOOK, knock(url=signed_by), at=NOON).form == FORM


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(f"{PATH}?a=1&b=2", id="query"),
        pytest.param(f"{PATH}?b=2&a=1&a=0", id="order and repeats"),
        pytest.param(f"{PATH}?name=%E7%8E%8B+x&empty=", id="quoted"),
        pytest.param("/webhooks/twilio/rooms/a%2Fb%20c/events", id="quoted path"),
        pytest.param(f"{PATH}?x=%7e&y=~", id="quoted twice as one may"),
    ],
)
def test_path_and_query_count_byte_for_byte(target: str) -> None:
    assert door().let_in(HOOK, knock(target=target), at=NOON).form == FORM


@given(
    st.lists(
        st.tuples(
            st.text(CHARACTERS, min_size=1, max_size=5).filter(lambda name: name not in FORM),
            st.text(CHARACTERS, max_size=5),
        ),
        max_size=8,
    )
)
def test_any_fields_of_any_names_repeated_or_empty_come_in(
    more: list[tuple[str, str]],
) -> None:
    visit = door().let_in(HOOK, knock(pairs=[*FORM.items(), *more]), at=NOON)
    assert visit.form.keys() == {*FORM, *(name for name, _ in more)}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({"signature": ""}, HTTPStatus.FORBIDDEN, id="unsigned"),
        pytest.param({"signature": "AAAA"}, HTTPStatus.FORBIDDEN, id="forged"),
        pytest.param({"signature": "签名\x00"}, HTTPStatus.FORBIDDEN, id="no signature at all"),
        pytest.param(
            {"signature": signed(f"https://calls.example.com{PATH}", [])},
            HTTPStatus.FORBIDDEN,
            id="of another form",
        ),
        pytest.param({"target": f"{PATH}?x=1"}, HTTPStatus.FORBIDDEN, id="query added"),
        pytest.param({"target": PATH.replace("1", "2")}, HTTPStatus.FORBIDDEN, id="another call"),
        pytest.param(
            {"body": urlencode(FORM).encode()[:-3]}, HTTPStatus.FORBIDDEN, id="truncated in a value"
        ),
        pytest.param(
            {"body": b"AccountSid=AC&Call"}, HTTPStatus.BAD_REQUEST, id="truncated in a name"
        ),
        pytest.param({"body": b""}, HTTPStatus.FORBIDDEN, id="no body"),
        pytest.param({"body": b"a=%ff"}, HTTPStatus.BAD_REQUEST, id="no UTF-8"),
        pytest.param({"body": "a=é".encode()}, HTTPStatus.BAD_REQUEST, id="not quoted"),
        pytest.param({"body": b"&".join([b"a=1"] * 500)}, HTTPStatus.BAD_REQUEST, id="500 fields"),
        pytest.param(
            {"content_type": "application/json"}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, id="JSON"
        ),
        pytest.param({"content_type": ""}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, id="no type"),
        pytest.param(
            {"content_type": "multipart/form-data; boundary=x"},
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            id="multipart",
        ),
    ],
)
def test_what_was_not_signed_as_it_came_is_refused(
    changes: dict[str, Any], status: HTTPStatus
) -> None:
    assert refusal(HOOK, replace(knock(), **changes)) is status


@pytest.mark.parametrize(
    ("pairs", "status"),
    [
        pytest.param(
            [("AccountSid", "AC" + "0" * 32), ("CallSid", CALL)], HTTPStatus.FORBIDDEN, id="others'"
        ),
        pytest.param([("CallSid", CALL)], HTTPStatus.FORBIDDEN, id="of no account"),
        pytest.param([("AccountSid", ACCOUNT)], HTTPStatus.UNPROCESSABLE_ENTITY, id="no call"),
        pytest.param(
            [("AccountSid", ACCOUNT), ("CallSid", "CA1")],
            HTTPStatus.UNPROCESSABLE_ENTITY,
            id="wrongly typed",
        ),
        pytest.param(
            [("AccountSid", ACCOUNT), ("CallSid", CALL + "\n")],
            HTTPStatus.UNPROCESSABLE_ENTITY,
            id="with a line break",
        ),
        pytest.param(
            [("AccountSid", ACCOUNT), ("CallSid", CALL), ("CallSid", "CA" + "c" * 32)],
            HTTPStatus.UNPROCESSABLE_ENTITY,
            id="two calls",
        ),
        *(
            pytest.param(
                [("AccountSid", ACCOUNT), ("CallSid", CALL), (name, value)],
                HTTPStatus.UNPROCESSABLE_ENTITY,
                id=f"{name} is {value[:12]}",
            )
            for name, value in (
                ("CallDuration", "long"),
                ("CallDuration", "9" * 5000),
                ("SipResponseCode", "99999999999"),
                ("ErrorCode", "-1"),
                ("Timestamp", "\x00"),
                ("AnsweredBy", "A man"),
            )
        ),
    ],
)
def test_what_was_signed_and_does_not_fit_is_refused(
    pairs: list[tuple[str, str]], status: HTTPStatus
) -> None:
    assert refusal(HOOK, knock(pairs=pairs)) is status


def test_what_is_fetched_is_signed_with_its_query() -> None:
    target = f"/webhooks/twilio/thing?AccountSid={ACCOUNT}&x=1"
    request = knock(target=target, pairs=[], content_type="")
    assert door().let_in(FETCH, request, at=NOON).form == {"AccountSid": ACCOUNT, "x": "1"}
    assert refusal(FETCH, knock(target=target, pairs=[], signature="x")) is HTTPStatus.FORBIDDEN


def test_an_address_that_is_its_own_secret_needs_no_signature() -> None:
    hook = Hook(path="/audio", answer=_nothing, method=HTTPMethod.GET, is_signed=False)
    visit = door().let_in(hook, knock(target="/audio", pairs=[], signature=""), at=NOON)
    assert visit.form == {}


def test_the_token_is_in_no_repr() -> None:
    assert TOKEN not in repr(door())
