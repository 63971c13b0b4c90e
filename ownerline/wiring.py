"""Puts the engine together: rules, talk host, settlement and bridge over one runtime."""

from datetime import timedelta

from callback.packs import shipped_packs
from dialer.bridges.port import Bridge
from dialer.engine import SWITCH_POLL, Engine, EngineRules
from dialer.outcome import Settlement
from dialer.talk import TalkHost, TalkRules
from ownerline.books import campaigns_of, house_of
from ownerline.runtime import Runtime
from scripts.library import load_library


def make_engine(
    runtime: Runtime, bridge: Bridge, *, poll: timedelta | None = SWITCH_POLL
) -> Engine:
    """Return an engine that places this installation's calls over the bridge."""
    settings, campaigns, library = runtime.settings, campaigns_of(runtime.settings), load_library()
    talk = TalkHost(
        sessions=runtime.sessions,
        clock=runtime.clock,
        rules=TalkRules(library=library, campaigns=campaigns, house=house_of(settings)),
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
