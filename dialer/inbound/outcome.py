"""What a call that came in came to, from what its script, or the talk about due calls, settled.

Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from core.phone import PhoneNumber, PhoneNumberError
from customers.model import WrapUpCode
from dialer.inbound.model import InboundResult
from dialer.retry import FINAL_CODES
from scripts.model import SectionOutcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """How a caller wants to be rung back; None: as soon as may be, at the number they rang from."""

    at: datetime | None = None  # aware
    number: PhoneNumber | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CameTo:
    """The result of a call, and the wish that was left with it."""

    result: InboundResult
    wish: Wish = Wish()


_RESULTS = {
    WrapUpCode.CALLBACK_REQUESTED: InboundResult.WISH,
    # Put through to nobody: they were told that we ring back.
    WrapUpCode.TRANSFERRED: InboundResult.WISH,
    WrapUpCode.MESSAGE_LEFT: InboundResult.WORD,
    WrapUpCode.OPTED_OUT: InboundResult.OPTED_OUT,
}


def of_script(outcome: SectionOutcome | None, *, zone: tzinfo, region: str) -> CameTo:
    """Return what a call about nothing due came to; None: its script never spoke."""
    if outcome is None:
        return CameTo(result=InboundResult.MISSED)
    result = _RESULTS.get(outcome.wrap_up_code, InboundResult.MISSED)
    if result is not InboundResult.WISH:
        return CameTo(result=result)
    at = _moment(outcome.data.get("callback_at"), zone)
    number = _number(outcome.data.get("ring_number"), region)
    return CameTo(result=result, wish=Wish(at=at, number=number))


def of_talk(codes: Iterable[WrapUpCode]) -> CameTo:
    """Return what a call about due calls came to, by the outcomes of its sections."""
    found = set(codes)
    if WrapUpCode.OPTED_OUT in found:
        return CameTo(result=InboundResult.OPTED_OUT)
    told = bool(found & FINAL_CODES)
    return CameTo(result=InboundResult.TOLD if told else InboundResult.HUNG_UP)


def _moment(written: Any, zone: tzinfo) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written).replace(tzinfo=zone)


def _number(keyed: Any, region: str) -> PhoneNumber | None:
    """Read a number as keyed in; None: none, or none that can be rung."""
    if keyed is None:
        return None
    try:
        return PhoneNumber.parse(keyed, region)
    except PhoneNumberError:
        return None
