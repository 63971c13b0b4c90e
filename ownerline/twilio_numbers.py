"""Our numbers as the account has them: whose they are, and where those who ring them come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from twilio.rest.api.v2010.account.incoming_phone_number import IncomingPhoneNumberInstance

from dialer.bridges.twilio.rest import Rest
from ownerline.twilio_settings import TwilioPlan

_POST = "POST"
_DEMO = "demo.twilio.com"  # where a number leads that was only just bought


class Holding(StrEnum):
    """How the account holds a number."""

    OWNED = "owned"
    VERIFIED = "verified"  # it may be shown; who rings it rings another carrier
    FOREIGN = "foreign"


@dataclass(frozen=True, kw_only=True, slots=True)
class OurNumber:
    """A number that our settings name; without `sid` it is none of the account's."""

    e164: str
    holding: Holding
    sid: str | None = None
    speaks: bool = True  # has the capability voice
    voice_url: str = ""
    voice_method: str = _POST
    fallback_url: str = ""
    status_url: str = ""
    taken_by: str = ""  # a trunk or an application, which wins over all of these

    def is_led(self, plan: TwilioPlan) -> bool:
        """Say whether who rings it comes to us, and we hear of the end."""
        came_in, status = plan.addresses.came_in(), plan.addresses.came_in_status()
        return (
            not self.taken_by
            and (self.voice_url, self.voice_method) == (came_in, _POST)
            and (self.fallback_url, self.status_url) == (came_in, status)
        )

    @property
    def is_free(self) -> bool:
        """Whether it leads nowhere that anybody has chosen."""
        return not self.taken_by and (
            not self.voice_url or urlsplit(self.voice_url).hostname == _DEMO
        )

    def trouble(self, plan: TwilioPlan) -> str | None:
        """Return what is wrong with it, with the mend; None: nothing."""
        if self.holding is Holding.FOREIGN:
            return (
                "is none of the account's numbers, nor verified: Twilio refuses calls that show "
                "it; buy one, or verify this one as a caller ID in the console"
            )
        if not self.speaks:
            return "has no voice: it is for messages; take one with the capability voice"
        if self.taken_by:
            return f"{self.leads_to()}; take it off there, in the console"
        if self.holding is Holding.OWNED and not self.is_led(plan):
            return f"{self.leads_to()}; say `ownerline twilio connect` to bring them to us"
        return None

    def leads_to(self) -> str:
        """Say where who rings it comes to now, without what an address may hide."""
        if self.taken_by:
            return f"who rings it comes to {self.taken_by}, not to us"
        if self.is_free:
            return "who rings it comes to nobody"
        parts = urlsplit(self.voice_url)
        place = parts.netloc.rpartition("@")[2]
        return f"who rings it comes to {parts.scheme}://{place}{parts.path}"

    def told(self, plan: TwilioPlan) -> str:
        """Say how it stands, where nothing is wrong."""
        if self.holding is Holding.VERIFIED:
            return (
                "verified as a caller ID: it may be shown; who rings back rings your other "
                "carrier, not us"
            )
        return f"the account's; who rings it comes to {plan.addresses.public_url}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Connected:
    """What became of a number that was to be led to us; `why_not`: it was left as it is."""

    e164: str
    is_changed: bool
    why_not: str = ""

    @property
    def told(self) -> str:
        """Return what a person reads."""
        return self.why_not or ("leads to us now" if self.is_changed else "leads to us already")

    def as_json(self) -> dict[str, object]:
        """Return the object that `--json` prints."""
        return {"number": self.e164, "changed": self.is_changed, "why_not": self.why_not}


async def numbers_of(rest: Rest, plan: TwilioPlan) -> tuple[OurNumber, ...]:
    """Return the numbers of our settings as the account has them now."""
    return tuple([await _read(rest, e164) for e164 in plan.numbers])


async def connect(rest: Rest, plan: TwilioPlan, *, force: bool) -> Sequence[Connected]:
    """Lead those who ring our numbers to us; one that leads elsewhere is left without `force`."""
    return [
        await _connect(rest, plan, number, force=force) for number in await numbers_of(rest, plan)
    ]


async def _connect(rest: Rest, plan: TwilioPlan, number: OurNumber, *, force: bool) -> Connected:
    sid = number.sid
    if sid is None:
        why_not = number.trouble(plan) or number.told(plan)
        return Connected(e164=number.e164, is_changed=False, why_not=why_not)
    if number.is_led(plan):
        return Connected(e164=number.e164, is_changed=False)
    if number.taken_by:  # which the API's description lets nobody take back
        why_not = f"{number.leads_to()}: take it off there, in the console"
        return Connected(e164=number.e164, is_changed=False, why_not=why_not)
    if not (force or number.is_free or _is_ours(number, plan)):
        why_not = f"{number.leads_to()}: if that is to end, say --force"
        return Connected(e164=number.e164, is_changed=False, why_not=why_not)
    came_in = plan.addresses.came_in()
    await rest.ask(
        lambda: rest.client.incoming_phone_numbers(sid).update_async(
            voice_url=came_in,
            voice_method=_POST,
            voice_fallback_url=came_in,
            voice_fallback_method=_POST,
            status_callback=plan.addresses.came_in_status(),
            status_callback_method=_POST,
        ),
        what="lead a number of ours to us",
    )
    return Connected(e164=number.e164, is_changed=True)


def _is_ours(number: OurNumber, plan: TwilioPlan) -> bool:
    """Say whether it leads to our own host already, if not in all that is asked there."""
    host = urlsplit(plan.addresses.public_url).hostname
    return urlsplit(number.voice_url).hostname == host


async def _read(rest: Rest, e164: str) -> OurNumber:
    owned = await rest.ask(
        lambda: rest.client.incoming_phone_numbers.list_async(phone_number=e164),
        what="look for a number of ours",
    )
    for each in owned:  # Twilio's filter takes parts of a number, too
        if each.phone_number == e164:
            return _owned(e164, each)
    verified = await rest.ask(
        lambda: rest.client.outgoing_caller_ids.list_async(phone_number=e164),
        what="look for a verified caller ID",
    )
    is_verified = any(each.phone_number == e164 for each in verified)
    return OurNumber(e164=e164, holding=Holding.VERIFIED if is_verified else Holding.FOREIGN)


def _owned(e164: str, found: IncomingPhoneNumberInstance) -> OurNumber:
    can: object = found.capabilities
    taken_by = ""
    if found.trunk_sid:
        taken_by = f"the SIP trunk {found.trunk_sid}"
    elif found.voice_application_sid:
        taken_by = f"the application {found.voice_application_sid}"
    return OurNumber(
        e164=e164,
        holding=Holding.OWNED,
        sid=found.sid,
        speaks=not isinstance(can, dict) or bool(can.get("voice", True)),
        voice_url=found.voice_url or "",
        voice_method=found.voice_method or _POST,
        fallback_url=found.voice_fallback_url or "",
        status_url=found.status_callback or "",
        taken_by=taken_by,
    )
