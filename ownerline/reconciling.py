"""`ownerline reconcile`: after a restore, find out what was rung since the backup, then go on."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from callback.campaign_changes import follow_changes
from core.clock import ScaledClock, SystemClock
from core.settings import BridgeName, Settings
from customers.service import audit
from dialer.bridges.port import Bridge
from dialer.bridges.simulated.bridge import SimulatedBridge
from dialer.found import CarrierCannotSayError, Found, asked_from, find_rings, longest_retry
from dialer.restored import Restoration, mark_reconciled, restoration
from dialer.tables import Attempt
from ownerline.books import campaigns_of
from ownerline.carrier import open_carrier, real_bridge, simulated_bridge
from ownerline.population import population_of
from ownerline.runtime import Runtime, open_runtime, operator
from ownerline.sole import nobody_dials
from ownerline.wiring import make_engine


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciled:
    """How the installation stands after it; `found` is None when nothing had to be asked."""

    restored: bool  # whether the database came out of a backup at all
    since: datetime | None
    found: Found | None

    def as_json(self) -> dict[str, object]:
        """Return the object that `reconcile --json` prints."""
        found = self.found
        return {
            "restored": self.restored,
            "reconciled": True,
            "since": None if self.since is None else self.since.isoformat(),
            "rings_found": 0 if found is None else found.rings,
            "of_unknown_numbers": 0 if found is None else found.of_unknown_numbers,
            "held_until": None
            if found is None or found.held_until is None
            else found.held_until.isoformat(),
        }

    def sentence(self) -> str:
        """Return what a person reads."""
        if not self.restored:
            return "this installation did not come out of a backup; nothing to reconcile"
        if self.since is None:
            return "reconciled already; dialling is not held back by the restore"
        if self.found is None:
            return "reconciled on your word that nothing was rung since the backup"
        held = self.found.held_until
        last = "" if held is None else f"; the last of them binds until {held:%Y-%m-%d %H:%M} UTC"
        return (
            f"reconciled: the carrier placed {self.found.rings} calls since the backup that the "
            f"database did not know{last}; to ring on a real bridge say `ownerline arm`"
        )


async def reconcile_restored(
    settings: Settings, *, confirmed_nothing_rung: bool, seed: int = 1
) -> Reconciled:
    """Settle the calls that were up at the backup, and count those placed since.

    Args:
        settings: which installation, on which bridge.
        confirmed_nothing_rung: an operator's word, where the carrier cannot say.
        seed: of the simulated carrier's people.

    Raises:
        CarrierCannotSayError: the carrier keeps no book that it lets us read.
        CallsStillUpError: calls are up that the carrier does not end.
    """
    async with open_runtime(settings) as runtime:
        async with runtime.sessions() as session:
            known = await restoration(session)
            if known is None or known.reconciled_at is not None:
                return Reconciled(restored=known is not None, since=None, found=None)
            since = await asked_from(session, known)
            last = await session.scalar(sa.select(sa.func.max(Attempt.started_at)))
        clock = _not_before(last, runtime.clock.now())
        asker = replace(runtime, clock=clock)
        try:
            with nobody_dials(settings):
                async with _bridge(asker, seed) as bridge:
                    found = await _ask(asker, bridge, known, since, confirmed_nothing_rung)
        finally:
            await clock.cancel_all()
    return Reconciled(restored=True, since=since, found=found)


async def _ask(
    runtime: Runtime,
    bridge: Bridge,
    known: Restoration,
    since: datetime,
    confirmed_nothing_rung: bool,  # noqa: FBT001 - named by the only caller
) -> Found | None:
    campaigns = campaigns_of(runtime.settings)
    async with runtime.sessions() as session:
        await follow_changes(session, campaigns)
    hold = longest_retry(campaigns)
    # It hears the ends of the calls we hang up, and settles what the database knows to be up.
    engine = make_engine(runtime, bridge, poll=None)
    await engine.start()
    try:
        found = await find_rings(
            runtime.sessions, bridge, clock=runtime.clock, since=since, hold=hold
        )
    finally:
        await engine.close()
    now = runtime.clock.now()
    if found is None and not confirmed_nothing_rung and now < known.restored_at + hold:
        message = (
            f"bridge {bridge.name} cannot say what it placed since {since:%Y-%m-%d %H:%M} UTC; "
            f"say it again after {known.restored_at + hold:%Y-%m-%d %H:%M} UTC, when every retry "
            "interval has passed, or say --confirm-nothing-was-rung if you know that"
        )
        raise CarrierCannotSayError(message)
    async with runtime.sessions.begin() as session:
        await mark_reconciled(session, now=now, bridge=bridge.name, stand_in=runtime.ids.new())
        await audit(
            session,
            now=now,
            actor=operator(),
            action="reconciled",
            subject="installation",
            detail={
                "since": since.isoformat(),
                "rings_found": None if found is None else found.rings,
                "confirmed_nothing_was_rung": confirmed_nothing_rung,
            },
        )
    return found


def _not_before(last: datetime | None, now: datetime) -> SystemClock:
    """Return a clock that is not behind the database: a rehearsal may have been ahead of time."""
    if last is None or last <= now:
        return SystemClock()
    return ScaledClock(last + timedelta(seconds=1), factor=1.0, origin=now)


@contextlib.asynccontextmanager
async def _bridge(runtime: Runtime, seed: int) -> AsyncIterator[Bridge]:
    if runtime.settings.bridge is not BridgeName.SIMULATED:
        async with real_bridge(runtime, speaks=False) as bridge:
            yield bridge
        return
    if runtime.settings.simulated_carrier is not None:
        async with simulated_bridge(runtime, seed=seed) as bridge:
            yield bridge
        return
    async with runtime.sessions.begin() as session:
        people = await population_of(session)
    with open_carrier(runtime, seed=seed, population=people) as carrier:
        yield SimulatedBridge(carrier)
