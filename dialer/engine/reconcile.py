"""Asking the carrier what became of calls, and never ringing again for an answer.

A call the carrier cannot account for ends as `lost`: it counts towards caps and waits the full
retry interval (design decision 3). Calls of another living dialer are not asked about.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
import structlog

from core.database import despite_outages
from dialer.bridges.port import BridgeError, CallEnded, Fate, FateKind
from dialer.engine.hearing import Hearing, own_end
from dialer.engine.means import Means
from dialer.fleet.model import FleetRules
from dialer.fleet.takeover import LiveCall, owned, take_over, unowned
from dialer.model import AttemptState, TelephonyResult
from dialer.tables import Attempt

log = structlog.get_logger(__name__)

FATE_ASKS = 3
FATE_PAUSE_S = 5.0

# A call claimed so lately may be on its way to the carrier.
_SETTLED_IN = timedelta(seconds=30)

# RFC 9562: the ids we make are of version 7.
_OUR_VERSION = 7


class Reconciler:
    """Brings our books and the carrier's together."""

    def __init__(self, means: Means, hearing: Hearing) -> None:
        self._means = means
        self._hearing = hearing
        self._asked_now: set[UUID] = set()

    async def take_over(self) -> None:
        """Settle or adopt what nobody alive carries: after a start, or when a dialer has gone."""
        means, calls = self._means, self._means.calls
        async with means.sessions.begin() as session:
            if means.fleet is None:
                found = await unowned(session, means.bridge.name, grace_s=FleetRules().grace_s)
                taken = {each.attempt_id: each.trunk for each in found}
            else:
                taken = await take_over(session, means.fleet, live=calls.gate.load())
        if taken and means.fleet is not None:
            log.warning("calls_taken_over", calls=len(taken))
            for attempt_id, trunk in taken.items():  # their channels are in use until we know
                calls.adopt(attempt_id, trunk, now=means.clock.now())
        await self._ask_all(taken, on_its_way=means.fleet is not None)

    async def ask(self, attempt_id: UUID) -> None:
        """Ask what became of one of our calls."""
        async with self._means.sessions.begin() as session:
            trunk = await session.scalar(
                sa.select(Attempt.trunk).where(
                    Attempt.attempt_id == attempt_id, Attempt.state != AttemptState.ENDED
                )
            )
        if trunk is None:
            self._means.calls.release(attempt_id)
        else:
            await self._ask_all({attempt_id: trunk}, on_its_way=True)
        self._means.wake.set()

    async def compare(self) -> None:
        """Look for calls that ended unheard, and for calls that are up and should not be."""
        means, calls = self._means, self._means.calls
        here, on_the_way = calls.live, calls.on_the_way
        async with means.sessions.begin() as session:
            ours = (
                await unowned(session, means.bridge.name, grace_s=FleetRules().grace_s)
                if means.fleet is None
                else await owned(session, means.fleet.dialer_id)
            )
        up = set(await means.bridge.live())
        known = {each.attempt_id for each in ours}
        for attempt_id in here - known - on_the_way:  # ended, or another's, while we were away
            calls.release(attempt_id)
        for each in ours:
            if each.attempt_id in up - calls.live - calls.on_the_way:
                calls.adopt(each.attempt_id, each.trunk, now=means.clock.now())
        await self._hang_up_strangers(up - known)
        await self._ask_all(self._quiet(ours, up | on_the_way))

    def _quiet(self, ours: Iterable[LiveCall], heard_of: set[UUID]) -> dict[UUID, str]:
        before = self._means.clock.now() - _SETTLED_IN
        return {
            each.attempt_id: each.trunk
            for each in ours
            if each.attempt_id not in heard_of and each.started_at <= before
        }

    async def _hang_up_strangers(self, attempt_ids: set[UUID]) -> None:
        """Hang up what has ended in our books, say as lost, and what bears our kind of id."""
        if not attempt_ids:
            return
        async with self._means.sessions.begin() as session:
            rows = await session.execute(
                sa.select(Attempt.attempt_id, Attempt.state).where(
                    Attempt.attempt_id.in_(attempt_ids)
                )
            )
            states = {row.attempt_id: row.state for row in rows}
        for attempt_id in sorted(attempt_ids):
            state = states.get(attempt_id)
            if state is AttemptState.ENDED or (
                state is None and attempt_id.version == _OUR_VERSION
            ):
                log.warning(
                    "stranger_hung_up", attempt_id=str(attempt_id), on_file=state is not None
                )
                await self._hang_up(attempt_id)

    async def _hang_up(self, attempt_id: UUID) -> None:
        try:
            await self._means.bridge.hang_up(attempt_id)
        except BridgeError as err:
            log.warning("hang_up_refused", attempt_id=str(attempt_id), error=str(err))

    async def _ask_all(self, pending: Mapping[UUID, str], *, on_its_way: bool = False) -> None:
        """Settle what has ended, was never placed or is lost; adopt what is up.

        A call that may be on its way to the carrier was never placed only if it says so twice.
        """
        pending = {each: trunk for each, trunk in pending.items() if each not in self._asked_now}
        mine = set(pending)
        self._asked_now |= mine
        try:
            for asks in range(1, FATE_ASKS + 1):
                pending = await self._ask_round(pending, asks, doubt=on_its_way and asks == 1)
                if not pending:
                    break
                await self._means.clock.sleep(FATE_PAUSE_S * asks)
        finally:
            self._asked_now -= mine

    async def _ask_round(
        self, pending: Mapping[UUID, str], asks: int, *, doubt: bool
    ) -> dict[UUID, str]:
        """Ask about each call; return those the carrier could not account for yet."""
        unknown: dict[UUID, str] = {}
        for attempt_id, trunk in pending.items():
            fate = await self._fate(attempt_id)
            log.info("fate_asked", attempt_id=str(attempt_id), fate=fate.kind.value, asks=asks)
            if fate.kind is FateKind.LIVE:
                self._means.calls.adopt(attempt_id, trunk, now=self._means.clock.now())
            elif (fate.kind is FateKind.UNKNOWN and asks < FATE_ASKS) or (
                fate.kind is FateKind.NEVER_PLACED and doubt
            ):
                unknown[attempt_id] = trunk
            else:
                placed = fate.kind is not FateKind.NEVER_PLACED
                await self._hearing.settle(self._end(attempt_id, fate), placed=placed)
                if fate.kind is FateKind.UNKNOWN:  # it may be up all the same
                    await self._hang_up(attempt_id)
        if unknown:
            await self._count_ask(list(unknown))
        return unknown

    async def _fate(self, attempt_id: UUID) -> Fate:
        try:
            return await self._means.bridge.fate(attempt_id)
        except BridgeError as err:
            log.warning("fate_not_told", attempt_id=str(attempt_id), error=str(err))
            return Fate(kind=FateKind.UNKNOWN)

    def _end(self, attempt_id: UUID, fate: Fate) -> CallEnded:
        if fate.ended is not None:
            return fate.ended
        never_placed = fate.kind is FateKind.NEVER_PLACED
        result = TelephonyResult.CANCELLED if never_placed else TelephonyResult.LOST
        return own_end(attempt_id, result, at=self._means.clock.now())

    async def _count_ask(self, attempt_ids: list[UUID]) -> None:
        async def work() -> None:
            async with self._means.sessions.begin() as session:
                await session.execute(
                    sa.update(Attempt)
                    .where(Attempt.attempt_id.in_(attempt_ids))
                    .values(fate_asks=Attempt.fate_asks + 1)
                )

        await despite_outages(work, sleep=self._means.sleep_real)
