"""The plan of a talk with somebody who rang us about nothing that is due."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from customers.model import Language
from dialer.plan import House, company_of
from scripts.model import CallPlan, Section

SCRIPT = "inbound"
UNIT_STEP = "inbound_unit"  # where it asks which of several rings
# What is said is for no due call, and what it comes to stays with the call that came in.
NO_DUE_CALL = 0

_MANDARIN_REGIONS = frozenset({"CN", "HK", "MO", "TW"})


class Entry(StrEnum):
    """Where the script begins."""

    USUAL = "usual"
    WHICH_UNIT = "which_unit"  # several people have the caller's number
    NOBODY_FREE = "nobody_free"  # they were to be put through, and nobody is there


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a caller is looked after from: their community, else the installation's own place."""

    community: str | None
    time_zone: str
    currency: str


def inbound_plan(
    *,
    place: Place,
    house: House,
    language: Language,
    entry: Entry,
    caller_known: bool,
    now: datetime,
) -> CallPlan:
    """Return the plan of a call about nothing due; nothing in it is personal."""
    local_now = now.astimezone(ZoneInfo(place.time_zone))
    return CallPlan(
        language=language,
        now=local_now,
        currency=place.currency,
        variables={
            "company": company_of(house, place.community),
            "callback_number": house.callback_number,
            "callback_open": house.callback_open,
            "callback_close": house.callback_close,
            "today": local_now.date().isoformat(),
            "agents_available": house.agents_available,
            "entry": entry.value,
            "caller_known": caller_known,
        },
        sections=(Section(due_call_id=NO_DUE_CALL, script=SCRIPT, variables={}),),
    )


def language_of_region(region: str | None) -> Language:
    """Return the language of callers nobody knows, by their number's country."""
    return Language.MANDARIN if region in _MANDARIN_REGIONS else Language.ENGLISH
