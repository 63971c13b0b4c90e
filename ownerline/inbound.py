"""The desk for calls that come in, of an installation."""

from collections.abc import Sequence

from core.phone import PhoneNumber, PhoneNumberError
from core.settings_model import Settings
from dialer.bridges.port import Bridge
from dialer.hooks import AttemptFollower
from dialer.inbound.agents import Colleagues
from dialer.inbound.desk import InboundHost
from dialer.inbound.service import InboundRules
from dialer.outcome import Settlement
from dialer.talk import TalkHost
from ownerline.books import house_of
from ownerline.runtime import Runtime


def inbound_host(
    runtime: Runtime,
    bridge: Bridge,
    settlement: Settlement,
    *,
    talk: TalkHost,
    colleagues: Colleagues,
    followers: Sequence[AttemptFollower],
    clock_factor: float,
) -> InboundHost:
    """Return the desk that sees to who rings over the bridge."""
    settings = runtime.settings
    return InboundHost(
        sessions=runtime.sessions,
        clock=runtime.clock,
        ids=runtime.ids,
        talk=talk,
        settlement=settlement,
        house=house_of(settings),
        rules=InboundRules(
            bridge=bridge.name,
            is_real=bridge.is_real,
            region=settings.region,
            time_zone=settings.time_zone,
            currency=settings.currency,
            communities=_communities(settings),
        ),
        colleagues=colleagues,
        followers=followers,
        clock_factor=clock_factor,
    )


def _communities(settings: Settings) -> dict[str, str]:
    """Return the community of each number that owners of it see, and ring back."""
    shown_by = (
        *(server.caller_ids for server in settings.asterisk.servers),
        settings.twilio.caller_ids,
    )
    found: dict[str, str] = {}
    for community, shown in (pair for each in shown_by for pair in each.items()):
        try:
            found[PhoneNumber.parse(shown, settings.region).e164] = community
        except PhoneNumberError:
            found[shown] = community
    return found
