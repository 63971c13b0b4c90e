"""What every part of the engine works with: the rules, the doors, and the calls that are up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from callback.campaigns import Campaigns
from callback.packs import Packs
from core.clock import Clock, Signal
from core.ids import IdSource
from dialer.bridges.port import Bridge
from dialer.call_facts import SettingBasis
from dialer.control import Switches
from dialer.engine.calls import CallsUp
from dialer.fleet.fleet import Fleet
from dialer.hooks import AttemptFollower, CallSource
from dialer.outcome import Settlement

# `ownerline stop` holds everywhere within a second: on the system's clock we look twice in it.
SWITCH_POLL = timedelta(milliseconds=500)


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineRules:
    """What the engine goes by: data and settings, the same for every call."""

    campaigns: Campaigns
    packs: Packs
    test_numbers: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    caller_id: str = ""
    batch: int = 100
    poll: timedelta | None = SWITCH_POLL  # None: only signals and the clock wake it


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """What the parts of one engine share."""

    sessions: async_sessionmaker[AsyncSession]
    bridge: Bridge
    clock: Clock
    ids: IdSource
    rules: EngineRules
    settlement: Settlement
    sources: Sequence[CallSource]
    followers: Sequence[AttemptFollower]
    calls: CallsUp
    fleet: Fleet | None  # None: alone on a clock of its own, or in a test
    wake: Signal  # the run loop waits for it
    tells: bool  # every new state of an attempt is told to the other processes

    @property
    def clock_factor(self) -> float:
        """How many seconds of the clock pass in a real one."""
        return 1.0 if self.fleet is None else self.fleet.rules.clock_factor

    @property
    def poll(self) -> timedelta | None:
        """How much of the clock's time passes between two looks at what was decided elsewhere."""
        return None if self.rules.poll is None else self.rules.poll * self.clock_factor

    async def sleep_real(self, seconds: float) -> None:
        """Sleep so many real seconds: databases come back in real time."""
        await self.clock.sleep(seconds * self.clock_factor)

    def basis(self, turned: Switches) -> SettingBasis:
        """Return what verdicts need to know of the installation."""
        return SettingBasis(
            bridge_is_real=self.bridge.is_real,
            armed=turned.armed,
            stopped=turned.stopped,
            reconciled=turned.reconciled,
            paused_campaigns=turned.paused_campaigns,
            test_numbers=self.rules.test_numbers,
            destinations=self.rules.destinations,
        )
