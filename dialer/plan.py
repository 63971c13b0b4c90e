"""The plan of a talk from the facts of its due calls: who is addressed, with which variables."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from customers.model import Language, RecordingConsent
from customers.naming import address
from dialer.call_facts import Matter
from scripts.model import CallPlan, Section

_MIN_IDENTITY_DIGITS = 4

_DOCUMENT_HINT = {
    "zh-CN": "您证件号码的最后四位数字",
    "en": "the last four digits of your identity document",
}
_UNIT_HINT = {
    "zh-CN": "您家完整房号的数字,楼栋、单元、房号依次相连",
    "en": "the digits of your full unit number: building, entrance and room, one after the other",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """How this installation presents itself on a call."""

    company: Mapping[str, str] | None  # by language; None: made from the community's name
    callback_number: str
    callback_open: str  # HH:MM, the window in which an owner may ask to be rung back
    callback_close: str
    max_promise_days: int
    agents_available: bool


def build_plan(
    matters: Sequence[Matter],
    *,
    house: House,
    now: datetime,
    recording: RecordingConsent = RecordingConsent.NEVER,
    free_answers: bool = True,
    inbound: bool = False,
) -> CallPlan:
    """Return the plan of one call with one person; sections in the order of the matters.

    `inbound` says that they rang us. A caller's number can be forged, and where an owner lives is
    no secret: then only their document's digits prove who they are.
    """
    lead = matters[0].due_call
    local_now = now.astimezone(ZoneInfo(lead.time_zone))
    identity, hint = identity_of(lead.identity_digits, None if inbound else lead.unit)
    variables: dict[str, Any] = {
        "company": company_of(house, lead.community),
        "community": lead.community,
        "person": address(lead.person_name, lead.honorific),
        "unit": lead.unit or "",
        "callback_number": house.callback_number,
        "today": local_now.date().isoformat(),
        "callback_open": house.callback_open,
        "callback_close": house.callback_close,
        "max_promise_days": house.max_promise_days,
        "agents_available": house.agents_available,
        "identity_hint": hint,
    }
    if inbound:
        variables["inbound"] = True
    return CallPlan(
        language=Language(lead.language),
        now=local_now,
        currency=lead.currency,
        variables=variables,
        sections=tuple(
            Section(
                due_call_id=each.due_call_id,
                script=each.due_call.script,
                variables=dict(each.subject.script_variables),
            )
            for each in matters
        ),
        identity=identity,
        recording=recording,
        free_answers=free_answers,
    )


def identity_of(
    document_digits: str | None, unit: str | None
) -> tuple[str | None, Mapping[str, str]]:
    """Return the digits the owner must give, and what they are called.

    The last digits of the identity document where the file has them; else all digits of the unit
    number, which nobody is told during the call. None when neither has four.
    """
    if document_digits is not None:
        return document_digits, _DOCUMENT_HINT
    digits = "".join(re.findall(r"\d", unit or ""))
    return (digits if len(digits) >= _MIN_IDENTITY_DIGITS else None), _UNIT_HINT


def company_of(house: House, community: str | None) -> dict[str, str]:
    """Return who we say we are, in each language."""
    if house.company is not None:
        return dict(house.company)
    if community is None:
        return {
            Language.MANDARIN: "物业客户服务中心",
            Language.ENGLISH: "the owner service centre",
        }
    return {
        Language.MANDARIN: f"{community}物业客户服务中心",
        Language.ENGLISH: f"the owner service centre of {community}",
    }
