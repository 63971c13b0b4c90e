"""What the account itself has in the emulated carrier's API: numbers, money, complaints."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from tests.twilio.kit import pages
from tests.twilio.kit.account import OurNumber
from tests.twilio.kit.carrier import Carrier
from tests.twilio.kit.description import Asked
from tests.twilio.kit.resources import ApiError, Do, Page, at, listed

_NOT_FOUND, _FORBIDDEN = 404, 403


def list_numbers(carrier: Carrier, asked: Asked, _: Mapping[str, str]) -> Page:
    """List the account's numbers."""
    wanted = asked.query.get("PhoneNumber", [""])[0]
    told = [
        pages.number(each, account_sid=carrier.account_sid)
        for each in carrier.numbers
        if wanted in {"", each.e164}
    ]
    return listed(asked, "incoming_phone_numbers", told)


def change_number(carrier: Carrier, asked: Asked, path: Mapping[str, str]) -> Page:
    """Say who is asked when a number of the account is rung."""
    ours = _number(carrier, path["Sid"])
    for name, field in (
        ("VoiceUrl", "voice_url"),
        ("VoiceMethod", "voice_method"),
        ("VoiceFallbackUrl", "voice_fallback_url"),
        ("StatusCallback", "status_callback"),
        ("TrunkSid", "trunk_sid"),
        ("VoiceApplicationSid", "application_sid"),
    ):
        if name in asked.form:
            setattr(ours, field, asked.form[name][0])
    return Page(body=pages.number(ours, account_sid=carrier.account_sid))


def fetch_number(carrier: Carrier, _: Asked, path: Mapping[str, str]) -> Page:
    """Return a number of the account."""
    ours = _number(carrier, path["Sid"])
    return Page(body=pages.number(ours, account_sid=carrier.account_sid))


def list_verified(carrier: Carrier, asked: Asked, _: Mapping[str, str]) -> Page:
    """List the numbers that the account may show, and does not own."""
    wanted = asked.query.get("PhoneNumber", [""])[0]
    told = [
        pages.verified(each, account_sid=carrier.account_sid)
        for each in carrier.verified
        if wanted in {"", each}
    ]
    return listed(asked, "outgoing_caller_ids", told)


def fetch_account(carrier: Carrier, _: Asked, path: Mapping[str, str]) -> Page:
    """Return the account."""
    if path["Sid"] != carrier.account_sid:
        raise ApiError(_NOT_FOUND, 20404, "no such account")
    return Page(body=pages.account(carrier))


def fetch_balance(carrier: Carrier, _: Asked, __: Mapping[str, str]) -> Page:
    """Return what is left of the account's money; keys with few rights are not told."""
    if carrier.own.balance is None:
        raise ApiError(_FORBIDDEN, 20403, "Resource not available")
    return Page(body=pages.balance(carrier.own.balance, account_sid=carrier.account_sid))


def list_noted(carrier: Carrier, asked: Asked, _: Mapping[str, str]) -> Page:
    """List what went wrong, the latest first; the filter knows days."""
    since = date.fromisoformat(asked.query.get("MessageDate>", ["1970-01-01"])[0])
    told: list[Any] = [
        pages.noted(code, at, account_sid=carrier.account_sid)
        for code, at in reversed(carrier.own.noted)
        if at.date() >= since
    ]
    return listed(asked, "notifications", told)


def _number(carrier: Carrier, sid: str) -> OurNumber:
    for each in carrier.numbers:
        if each.sid == sid:
            return each
    raise ApiError(_NOT_FOUND, 20404, f"no number {sid}")


OWN: Sequence[tuple[str, re.Pattern[str], Do]] = [
    ("GET", at("/IncomingPhoneNumbers.json"), list_numbers),
    ("GET", at("/IncomingPhoneNumbers/{Sid}.json"), fetch_number),
    ("POST", at("/IncomingPhoneNumbers/{Sid}.json"), change_number),
    ("GET", at("/OutgoingCallerIds.json"), list_verified),
    ("GET", at("/Balance.json"), fetch_balance),
    ("GET", at("/Notifications.json"), list_noted),
    ("GET", re.compile(rf"{pages.ROOT}/(?P<Sid>AC\w{{32}})\.json"), fetch_account),
]
