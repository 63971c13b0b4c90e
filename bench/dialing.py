"""An engine over the simulated carrier, as the benchmarks run it."""

import logging
import random
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from callback.campaigns import shipped_campaigns
from callback.packs import shipped_packs
from core.clock import Clock
from core.ids import IdSource
from customers.model import Language
from dialer.bridges.port import Bridge, TrunkLimits
from dialer.engine.engine import Engine, EngineRules
from dialer.fleet.fleet import Fleet
from dialer.outcome import Settlement
from dialer.plan import House
from dialer.talk import TalkHost, TalkRules
from scripts.library import load_library

TRUNK = TrunkLimits(name="a", channels=120, calls_per_second=20)


def only_warnings() -> None:
    """Let a process of a benchmark log nothing of what goes well."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def house() -> House:
    """Return how the house presents itself."""
    return House(
        company=dict.fromkeys(Language, "Green Homes"),
        callback_number="+862151082000",
        callback_open="09:00",
        callback_close="20:00",
        max_promise_days=14,
        agents_available=False,
    )


def make_engine(
    sessions: async_sessionmaker[AsyncSession],
    bridge: Bridge,
    clock: Clock,
    *,
    seed: int,
    poll: timedelta | None = None,
    fleet: Fleet | None = None,
) -> Engine:
    """Return an engine by the shipped rules."""
    campaigns, library = shipped_campaigns(), load_library()
    return Engine(
        sessions=sessions,
        bridge=bridge,
        clock=clock,
        ids=IdSource(clock, random.Random(seed)),
        rules=EngineRules(campaigns=campaigns, packs=shipped_packs(), poll=poll),
        talk=TalkHost(
            sessions=sessions,
            clock=clock,
            rules=TalkRules(library=library, campaigns=campaigns, house=house()),
        ),
        settlement=Settlement(campaigns=campaigns, library=library),
        fleet=fleet,
    )
