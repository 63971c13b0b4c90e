"""What a call that came in came to."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from callback.model import DueCallState
from core.phone import PhoneNumber
from customers.model import WrapUpCode
from dialer.inbound.model import OWES_A_CALL, InboundResult
from dialer.inbound.outcome import CameTo, Wish, of_script, of_talk
from dialer.retry import FINAL_CODES, after_inbound
from scripts.model import SectionOutcome

ZONE = ZoneInfo("Asia/Shanghai")


def came_to(code: WrapUpCode | None, data: Mapping[str, Any]) -> CameTo:
    outcome = None if code is None else SectionOutcome(due_call_id=0, wrap_up_code=code, data=data)
    return of_script(outcome, zone=ZONE, region="CN")


@pytest.mark.parametrize(
    ("code", "result"),
    [
        (None, InboundResult.MISSED),
        (WrapUpCode.CALLBACK_REQUESTED, InboundResult.WISH),
        (WrapUpCode.TRANSFERRED, InboundResult.WISH),
        (WrapUpCode.MESSAGE_LEFT, InboundResult.WORD),
        (WrapUpCode.OPTED_OUT, InboundResult.OPTED_OUT),
        (WrapUpCode.NO_REPLY, InboundResult.MISSED),
        (WrapUpCode.HUNG_UP, InboundResult.MISSED),
        (WrapUpCode.INFORMATION_GIVEN, InboundResult.MISSED),
    ],
)
def test_a_call_about_nothing_due_is_a_wish_a_word_or_missed(
    code: WrapUpCode | None, result: InboundResult
) -> None:
    assert came_to(code, {}) == CameTo(result=result)


@pytest.mark.parametrize(
    ("data", "wish"),
    [
        ({}, Wish()),
        (
            {"callback_at": "2026-05-21T15:30"},
            Wish(at=datetime(2026, 5, 21, 7, 30, tzinfo=UTC)),
        ),
        ({"ring_number": "013800138000"}, Wish(number=PhoneNumber("+8613800138000"))),
        ({"ring_number": "123"}, Wish()),
        ({"ring_number": "110"}, Wish()),
    ],
    ids=["soon", "at a time", "elsewhere", "no number", "an emergency number"],
)
def test_a_wish_has_its_time_in_the_owners_zone_and_a_number_that_can_be_rung(
    data: dict[str, Any], wish: Wish
) -> None:
    assert came_to(WrapUpCode.CALLBACK_REQUESTED, data).wish == wish


@pytest.mark.parametrize(
    ("codes", "result"),
    [
        ([WrapUpCode.SATISFIED], InboundResult.TOLD),
        ([WrapUpCode.NO_REPLY, WrapUpCode.PROMISE_TO_PAY], InboundResult.TOLD),
        ([WrapUpCode.OPTED_OUT], InboundResult.OPTED_OUT),
        ([WrapUpCode.HUNG_UP], InboundResult.HUNG_UP),
        ([], InboundResult.HUNG_UP),
    ],
)
def test_a_call_about_due_calls_is_told_once_one_is_settled(
    codes: list[WrapUpCode], result: InboundResult
) -> None:
    assert of_talk(codes).result is result


def test_we_owe_a_call_to_who_was_not_served_and_to_nobody_else() -> None:
    assert set(InboundResult) - OWES_A_CALL == {
        InboundResult.TOLD,
        InboundResult.PUT_THROUGH,
        InboundResult.OPTED_OUT,
        InboundResult.HUNG_UP,
    }


@pytest.mark.parametrize("code", [None, *WrapUpCode])
def test_their_call_settles_a_due_call_or_leaves_it_waiting(code: WrapUpCode | None) -> None:
    following = after_inbound(code)

    assert following.state is (DueCallState.DONE if code in FINAL_CODES else DueCallState.WAITING)
    assert following.retry_at is None
