"""Puts the engine together: rules, talk host, settlement and bridge over one runtime."""

from datetime import timedelta

from callback.campaigns import shipped_campaigns
from callback.packs import shipped_packs
from customers.model import Language
from dialer.bridges.port import Bridge
from dialer.engine import SWITCH_POLL, Engine, EngineRules
from dialer.outcome import Settlement
from dialer.plan import House
from dialer.talk import TalkHost, TalkRules
from ownerline.runtime import Runtime
from scripts.library import load_library

# The longest an owner may put a payment off on an automatic call; beyond it, an extension.
MAX_PROMISE_DAYS = 14


def make_engine(
    runtime: Runtime, bridge: Bridge, *, poll: timedelta | None = SWITCH_POLL
) -> Engine:
    """Return an engine that places this installation's calls over the bridge."""
    settings, campaigns, library = runtime.settings, shipped_campaigns(), load_library()
    talk = TalkHost(
        sessions=runtime.sessions,
        clock=runtime.clock,
        rules=TalkRules(
            library=library,
            campaigns=campaigns,
            house=House(
                company=None
                if settings.company is None
                else dict.fromkeys(Language, settings.company),
                callback_number=settings.callback_number,
                callback_open="09:00",
                callback_close="20:00",
                max_promise_days=MAX_PROMISE_DAYS,
                agents_available=False,
            ),
        ),
    )
    return Engine(
        sessions=runtime.sessions,
        bridge=bridge,
        clock=runtime.clock,
        ids=runtime.ids,
        rules=EngineRules(
            campaigns=campaigns,
            packs=shipped_packs(),
            test_numbers=settings.test_numbers,
            destinations=settings.destinations,
            caller_id=settings.asterisk.caller_id or settings.callback_number,
            poll=poll,
        ),
        talk=talk,
        settlement=Settlement(campaigns=campaigns, library=library),
    )
