"""What is read of callbacks and of the API's resources."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from twilio.rest.api.v2010.account.call import CallInstance

from dialer.bridges.twilio.booked import Told
from dialer.bridges.twilio.reports import listed, price_of, told_by_form, told_by_resource
from dialer.bridges.twilio.results import CallStatus, Gone
from dialer.model import AnsweredBy

AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
EARLIER = AT - timedelta(seconds=30)
SID = "CA" + "0" * 32
NO_VERSION: Any = None


def form(status: str, **more: str) -> dict[str, str]:
    return {"CallSid": SID, "CallStatus": status, **more}


def resource(**payload: str | None) -> CallInstance:
    return CallInstance(NO_VERSION, {"sid": SID, **payload}, account_sid="AC" + "0" * 32)


@pytest.mark.parametrize(
    ("told", "means"),
    [
        (form("queued"), Told(sid=SID)),
        (form("initiated"), Told(sid=SID)),
        (form("ringing"), Told(sid=SID, ringing_at=AT)),
        (
            form("ringing", Timestamp="Mon, 09 Mar 2026 01:59:30 +0000"),
            Told(sid=SID, ringing_at=EARLIER),
        ),
        (form("in-progress"), Told(sid=SID, answered_at=AT)),
        (
            form("in-progress", AnsweredBy="machine_end_beep"),
            Told(sid=SID, answered_at=AT, answered_by=AnsweredBy.MACHINE),
        ),
        (
            form("completed", CallDuration="12", SipResponseCode="200"),
            Told(
                sid=SID,
                gone=Gone(at=AT, status=CallStatus.COMPLETED, duration_s=12, sip_code=200),
            ),
        ),
        (
            form("failed", CallDuration="0", SipResponseCode="404", ErrorCode="13224"),
            Told(
                sid=SID,
                gone=Gone(
                    at=AT,
                    status=CallStatus.FAILED,
                    duration_s=0,
                    sip_code=404,
                    error_code=13224,
                ),
            ),
        ),
        (form("exploded"), Told(sid=SID)),
        ({}, Told()),
    ],
    ids=lambda value: value.get("CallStatus", "nothing") if isinstance(value, dict) else "",
)
def test_a_callback_tells_no_more_than_it_says(told: dict[str, str], means: Told) -> None:
    assert told_by_form(told, at=AT) == means


@pytest.mark.parametrize(
    ("call", "means"),
    [
        (resource(status="queued"), Told(sid=SID)),
        (resource(status="ringing"), Told(sid=SID)),
        (
            resource(status="in-progress", start_time="Mon, 09 Mar 2026 01:59:30 +0000"),
            Told(sid=SID, answered_at=EARLIER),
        ),
        (
            resource(
                status="completed",
                start_time="Mon, 09 Mar 2026 01:59:00 +0000",
                end_time="Mon, 09 Mar 2026 01:59:30 +0000",
                duration="30",
                price="-0.02",
                answered_by="human",
            ),
            Told(
                sid=SID,
                answered_by=AnsweredBy.HUMAN,
                price=Decimal("0.02"),
                gone=Gone(at=EARLIER, status=CallStatus.COMPLETED, duration_s=30),
            ),
        ),
        (
            resource(status="no-answer", end_time=None, duration=None),
            Told(sid=SID, gone=Gone(at=AT, status=CallStatus.NO_ANSWER)),
        ),
    ],
    ids=["queued", "ringing", "up", "completed", "nobody answered"],
)
def test_a_call_that_is_asked_about_tells_what_it_knows(call: CallInstance, means: Told) -> None:
    assert told_by_resource(call, at=AT) == means


def test_a_listed_call_says_who_was_rung_from_where_and_when() -> None:
    found = listed(
        resource(
            to="+8613800138000",
            **{"from": "+12025550100"},
            direction="outbound-api",
            status="queued",
            date_created="Mon, 09 Mar 2026 01:59:30 +0000",
        ),
        at=AT,
    )
    assert (found.sid, found.to, found.shown) == (SID, "+8613800138000", "+12025550100")
    assert found.is_created
    assert found.placed_at == EARLIER


@pytest.mark.parametrize(
    ("told", "price"),
    [("-0.03000", Decimal("0.03")), ("0", Decimal(0)), ("", None), (None, None), ("free", None)],
)
def test_a_charge_is_a_price_above_zero(told: str | None, price: Decimal | None) -> None:
    assert price_of(told) == price
