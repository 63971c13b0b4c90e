"""The engine: keeps the window filled, claims within trunk tokens, rings, hears what comes back.

One loop on the clock. Each step is a transaction of its own (design decision 3): the attempt is
committed before anything rings, every event is committed when it is heard.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from callback.campaigns import Campaigns
from callback.packs import Packs
from core.clock import Clock, Signal
from core.database import despite_deadlocks
from core.ids import IdSource
from customers.model import CallMode
from dialer.bridges.port import (
    Bridge,
    BridgeError,
    CallEnded,
    CallEvent,
    OutboundCall,
    SubmissionUnknownError,
    TrunkLimits,
)
from dialer.call_facts import SettingBasis
from dialer.claim import Claimed, ClaimReport, claim
from dialer.control import Switches, switches
from dialer.idle import IdleReason, IdleWatch
from dialer.model import TelephonyResult
from dialer.outcome import Settlement, settle
from dialer.progress import note_event
from dialer.ready import earliest_due_at, next_due_at, refill
from dialer.reconcile import own_end, reconcile
from dialer.states import Answered, Live
from dialer.talk import TalkHost
from dialer.trunks import TrunkGate
from dialer.watch import calls_to_cut

log = structlog.get_logger(__name__)

# `ownerline stop` holds everywhere within a second: on the system's clock we look twice in it.
SWITCH_POLL = timedelta(milliseconds=500)

# What became due meanwhile, or more urgent, enters the window at least so often.
REFILL_EVERY = timedelta(seconds=5)

# A call that should have ended so long ago has lost its last event.
OVERDUE_MARGIN = timedelta(seconds=90)


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
class _Step:
    """What one look at the queue came to; `next_at` is when something may be tried next."""

    calls: tuple[Claimed, ...] = ()
    next_at: datetime | None = None
    look_again: bool = False


class Engine:
    """Places due calls over one bridge until told to stop; also the bridge's event sink."""

    def __init__(
        self,
        *,
        sessions: async_sessionmaker[AsyncSession],
        bridge: Bridge,
        clock: Clock,
        ids: IdSource,
        rules: EngineRules,
        talk: TalkHost,
        settlement: Settlement,
    ) -> None:
        self._sessions = sessions
        self._bridge = bridge
        self._clock = clock
        self._ids = ids
        self._rules = rules
        self._talk = talk
        self._settlement = settlement
        self._gate = TrunkGate(bridge.trunks)
        self._wake = Signal()
        self._overdue_at: dict[UUID, datetime] = {}
        self._states: dict[UUID, Live] = {}  # as last committed, of the calls that are up
        self._on_the_way: set[UUID] = set()  # committed, and not yet with the carrier
        self._unwanted: set[UUID] = set()  # of those, the ones that have lost their reason
        self._refill_at: datetime | None = None
        self._next_at: datetime | None = None
        self._fruitful = False
        self._ending = False
        self._stop_obeyed = False
        self._idle = IdleWatch(channels=sum(trunk.channels for trunk in bridge.trunks))

    async def start(self) -> None:
        """Connect the bridge and settle or adopt what an earlier process left behind."""
        await self._bridge.start(self, self._talk)
        adopted = await reconcile(
            sessions=self._sessions,
            bridge=self._bridge,
            clock=self._clock,
            settlement=self._settlement,
        )
        for attempt_id, trunk in adopted.items():
            self._gate.adopt(attempt_id, trunk)
            self._overdue_at[attempt_id] = self._clock.now() + OVERDUE_MARGIN

    async def run(self, *, until: datetime | None = None, drain: bool = False) -> None:
        """Place calls until the instant; with `drain` also end once nothing can come before it.

        A drain without `until` ends as soon as nothing may be rung now; either kind sees its live
        calls to their end.
        """
        while not self._ending and (until is None or self._clock.now() < until):
            now = self._clock.now()
            self._ask_about_overdue_calls(now)
            if self._rules.poll is not None:
                await self.accounts_changed()
            step = await self._step(now)
            await self._ring(step.calls)
            if step.look_again:
                continue
            over = not step.calls and not self._gate.live  # what was refused may come again
            if drain and over and not _comes(step.next_at, until):
                break
            await self._clock.wait(self._wake, self._next_look(now, step.next_at, until))
        while drain and self._gate.live:
            self._ask_about_overdue_calls(self._clock.now())
            await self._clock.wait(self._wake, min(self._overdue_at.values(), default=None))
        async with self._sessions.begin() as session:
            turned = await switches(session)
            await self._idle.look(session, turned, now=self._clock.now(), live=len(self._gate.live))

    def end(self) -> None:
        """Let `run` return after its present step; live calls go on."""
        self._ending = True
        self._wake.set()

    def nudge(self) -> None:
        """Look again now: something became due, or a switch was turned."""
        self._wake.set()

    @property
    def live(self) -> frozenset[UUID]:
        """The calls that are up."""
        return self._gate.live

    @property
    def idle_reason(self) -> IdleReason | None:
        """Why nothing is dialled although something is due; None while calls are placed."""
        return self._idle.reason

    async def heard(self, event: CallEvent) -> None:
        """Take an event of the bridge and commit what it changes."""
        if not isinstance(event, CallEnded):
            async with self._sessions.begin() as session:
                known = self._states.get(event.attempt_id)
                state = await note_event(session, event, known)
            if state is not None:
                self._states[event.attempt_id] = state
            return
        await self._settle(event)

    async def _settle(self, event: CallEnded, *, placed: bool = True) -> None:
        async def work() -> None:
            async with self._sessions.begin() as session:
                await settle(session, event, self._settlement, placed=placed)

        await despite_deadlocks(work)
        self._release(event.attempt_id)
        log.info(
            "attempt_ended",
            attempt_id=str(event.attempt_id),
            result=event.result.value,
            seconds=round(event.seconds, 1),
        )
        self._wake.set()

    async def accounts_changed(self) -> None:
        """Hang up what only rings and has lost its reason (design decision 5).

        A polling engine looks by itself; others are told after a payment, opt-out or dispute.
        """
        unanswered = {
            attempt_id
            for attempt_id in self._gate.live | self._on_the_way
            if not self._is_answered(attempt_id)
        }
        if not unanswered:
            return
        async with self._sessions.begin() as session:
            cut = await calls_to_cut(
                session,
                unanswered,
                now=self._clock.now(),
                basis=self._basis(await switches(session)),
                campaigns=self._rules.campaigns,
                packs=self._rules.packs,
            )
        for attempt_id in cut:
            log.info("ringing_call_cut", attempt_id=str(attempt_id))
            self._unwanted |= {attempt_id} & self._on_the_way
            await self._bridge.hang_up(attempt_id)
        self._wake.set()

    def _is_answered(self, attempt_id: UUID) -> bool:
        return isinstance(self._states.get(attempt_id), Answered)

    async def _step(self, now: datetime) -> _Step:
        """Claim what the tokens allow, and find out when something comes next."""
        tokens = self._gate.tokens(now, self._rules.batch)
        polled = self._rules.poll is not None or self._idle.is_due(now)
        if not tokens and self._gate.live and not polled:
            return _Step(next_at=self._next_at)  # only a call's end can change anything
        async with self._sessions.begin() as session:
            turned = await switches(session)
            self._next_at = await earliest_due_at(session)
        await self._obey_stop(turned)
        if not tokens or turned.stopped or not _is_due(self._next_at, now):
            if self._idle.is_due(now):
                async with self._sessions.begin() as session:
                    await self._idle.look(session, turned, now=now, live=len(self._gate.live))
            return _Step(next_at=None if turned.stopped else self._next_at)
        return await self._claim(tokens, turned, now)

    async def _claim(self, tokens: Sequence[TrunkLimits], turned: Switches, now: datetime) -> _Step:
        # Where the last look brought calls, a few more than the tokens will do.
        batch = len(tokens) + 5 if self._fruitful else self._rules.batch
        refilled = self._refill_at is None or now >= self._refill_at
        if refilled:
            # A transaction of its own: refills wait for one another, claims must not.
            async with self._sessions.begin() as session:
                await refill(
                    session, now=now, size=self._rules.batch * 4, paused=turned.paused_campaigns
                )

        async def work() -> ClaimReport:
            async with self._sessions.begin() as session:
                claimed = await claim(
                    session,
                    tokens,
                    bridge=self._bridge.name,
                    now=now,
                    basis=self._basis(turned),
                    campaigns=self._rules.campaigns,
                    packs=self._rules.packs,
                    ids=self._ids,
                    batch=batch,
                )
                self._next_at = await next_due_at(session, now)
                if not claimed.looked_at and self._idle.is_due(now):
                    await self._idle.look(session, turned, now=now, live=len(self._gate.live))
                return claimed

        report = await despite_deadlocks(work)
        self._fruitful = bool(report.calls)
        emptied = report.looked_at < min(batch, len(tokens))
        self._refill_at = None if emptied else now + REFILL_EVERY
        if report.calls:
            self._idle.over()
        # A window that was filled just now and is empty again holds nothing for this instant.
        look_again = bool(report.looked_at) and not (emptied and refilled)
        return _Step(calls=report.calls, next_at=self._next_at, look_again=look_again)

    def _basis(self, turned: Switches) -> SettingBasis:
        return SettingBasis(
            bridge_is_real=self._bridge.is_real,
            armed=turned.armed,
            stopped=turned.stopped,
            reconciled=turned.reconciled,
            paused_campaigns=turned.paused_campaigns,
            test_numbers=self._rules.test_numbers,
            destinations=self._rules.destinations,
        )

    async def _ring(self, calls: tuple[Claimed, ...]) -> None:
        self._on_the_way = {call.attempt_id for call in calls}
        for call in calls:
            if call.attempt_id in self._unwanted:
                await self._never_rang(call, TelephonyResult.CANCELLED)
            else:
                await self._hand_over(call)
            self._on_the_way.discard(call.attempt_id)
            self._unwanted.discard(call.attempt_id)

    async def _hand_over(self, call: Claimed) -> None:
        now = self._clock.now()
        campaign = self._rules.campaigns.get(call.campaign)
        self._gate.take(call.trunk, call.attempt_id, now)
        self._overdue_at[call.attempt_id] = (
            now + timedelta(seconds=campaign.ring_timeout_s + campaign.max_seconds) + OVERDUE_MARGIN
        )
        try:
            await self._bridge.originate(
                OutboundCall(
                    attempt_id=call.attempt_id,
                    to=call.to,
                    caller_id=call.trunk.caller_id or self._rules.caller_id,
                    trunk=call.trunk.name,
                    ring_timeout_s=max(campaign.ring_timeout_s, call.ring_at_least_s),
                    max_seconds=min(campaign.max_seconds, self._bridge.max_seconds),
                    detect_machine=campaign.mode is CallMode.AUTOMATIC,
                    synthetic=call.synthetic,
                )
            )
        except SubmissionUnknownError:
            log.warning("submission_unknown", attempt_id=str(call.attempt_id))
            self._clock.spawn(self._ask_fate(call.attempt_id))
        except BridgeError as err:
            rest = self._gate.refused(call.trunk, self._clock.now()) if err.retryable else None
            log.warning(
                "submission_refused",
                trunk_rests_s=None if rest is None else rest.total_seconds(),
                attempt_id=str(call.attempt_id),
                trunk=call.trunk.name,
                retryable=err.retryable,
                error=str(err),
            )
            result = TelephonyResult.CONGESTION if err.retryable else TelephonyResult.CARRIER_ERROR
            await self._never_rang(call, result)
        else:
            self._gate.accepted(call.trunk)
        if call.attempt_id in self._unwanted:
            await self._bridge.hang_up(call.attempt_id)

    async def _never_rang(self, call: Claimed, result: TelephonyResult) -> None:
        end = own_end(call.attempt_id, result, at=self._clock.now())
        await self._settle(end, placed=False)

    async def _ask_fate(self, attempt_id: UUID) -> None:
        adopted = await reconcile(
            sessions=self._sessions,
            bridge=self._bridge,
            clock=self._clock,
            settlement=self._settlement,
            only=attempt_id,
        )
        if attempt_id not in adopted:
            self._release(attempt_id)
        self._wake.set()

    def _ask_about_overdue_calls(self, now: datetime) -> None:
        """Ask the carrier about calls that outlived the longest call: their end went unheard."""
        for attempt_id in [each for each, at in self._overdue_at.items() if at <= now]:
            self._overdue_at[attempt_id] = now + OVERDUE_MARGIN
            log.warning("call_overdue", attempt_id=str(attempt_id))
            self._clock.spawn(self._ask_fate(attempt_id))

    def _release(self, attempt_id: UUID) -> None:
        self._gate.release(attempt_id)
        self._overdue_at.pop(attempt_id, None)
        self._states.pop(attempt_id, None)

    async def _obey_stop(self, turned: Switches) -> None:
        if turned.stopped and not self._stop_obeyed:
            log.warning("stop_obeyed", live=len(self._gate.live))
            await self._bridge.stop_all()
        self._stop_obeyed = turned.stopped

    def _next_look(
        self, now: datetime, next_at: datetime | None, until: datetime | None
    ) -> datetime | None:
        polled = None if self._rules.poll is None else now + self._rules.poll
        rate_free = self._gate.next_at(now)
        # Something waits now but no token is free: look when the rate lets the next one through.
        blocked = None if rate_free is None or rate_free <= now else rate_free
        overdue = min(self._overdue_at.values(), default=None)
        # What became due while no token was free is looked at when one is; waiting for an instant
        # that has passed would be no wait at all.
        looks = (polled, blocked, next_at, overdue, until)
        return min((at for at in looks if at is not None and at > now), default=None)


def _comes(next_at: datetime | None, until: datetime | None) -> bool:
    return next_at is not None and until is not None and next_at < until


def _is_due(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now
