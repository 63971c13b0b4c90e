"""A plain due call that every pack here would allow, for tests to bend."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from callback.verdict import (
    CallFacts,
    Consent,
    DueFacts,
    PersonFacts,
    PhoneFacts,
    PlaceFacts,
    Setting,
)
from core.phone import PhoneNumber
from customers.model import CallMode, Purpose, Reason

SHANGHAI = PhoneNumber("+8613800138000")
NEW_YORK = PhoneNumber("+12125550123")
LOS_ANGELES = PhoneNumber("+13105550123")
LONDON = PhoneNumber("+442079460958")

HOME = {
    "CN": (
        SHANGHAI,
        PlaceFacts(time_zone="Asia/Shanghai", region="CN", currency="CNY", packs=("CN",)),
    ),
    "US": (
        NEW_YORK,
        PlaceFacts(time_zone="America/New_York", region="US", currency="USD", packs=("US",)),
    ),
    "UK": (
        LONDON,
        PlaceFacts(time_zone="Europe/London", region="GB", currency="GBP", packs=("UK",)),
    ),
    "rehearsal": (
        SHANGHAI,
        PlaceFacts(time_zone="Asia/Shanghai", region="CN", currency="CNY", packs=("rehearsal",)),
    ),
}
LONG_AGO = datetime(2020, 1, 1, tzinfo=ZoneInfo("UTC"))
FAR_OFF = datetime(2040, 1, 1, tzinfo=ZoneInfo("UTC"))


def local(zone: str, text: str, fold: int = 0) -> datetime:
    """Return the instant a wall clock in the zone shows the ISO time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def call(pack: str = "CN", purpose: Purpose = Purpose.DEBT, **changes: Any) -> CallFacts:
    """Return an automatic call under a pack, armed, consented; `due`, `person`, … take changes."""
    phone, place = HOME[pack]
    plain: dict[str, Any] = {
        "person": PersonFacts(person_id=1),
        "phones": (PhoneFacts.of(phone, 1),),
        "due": DueFacts(
            due_call_id=7,
            reason=Reason.OVERDUE,
            purpose=purpose,
            mode=CallMode.AUTOMATIC,
            due_by=FAR_OFF,
            debt_ids=frozenset({1}) if purpose is Purpose.DEBT else frozenset(),
        ),
        "place": place,
        "setting": Setting(
            bridge_is_real=True,
            armed=True,
            test_numbers=(SHANGHAI.e164,) if pack == "rehearsal" else (),
        ),
        "consents": (consent(phone, purpose),),
    }
    for name, change in changes.items():
        plain[name] = replace(plain[name], **change) if isinstance(change, dict) else change
    return CallFacts(**plain)


def consent(phone: PhoneNumber, purpose: Purpose, **changes: Any) -> Consent:
    """Return a yes to automatic calls, long ago and for good."""
    plain = Consent(
        phone=phone, purpose=purpose, mode=CallMode.AUTOMATIC, granted=True, given_at=LONG_AGO
    )
    return replace(plain, **changes)
