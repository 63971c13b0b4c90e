"""The engine: keeps the window filled, claims within trunk tokens, rings, hears what comes back.

One loop on the clock. Each step is a transaction of its own (design decision 3): the attempt is
committed before anything rings, every event is committed when it is heard.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.clock import Clock, Signal
from core.ids import IdSource
from dialer.bridges.port import Bridge, CallEvent
from dialer.engine_calls import CallsUp
from dialer.engine_handover import HandOver
from dialer.engine_hearing import Hearing
from dialer.engine_means import SWITCH_POLL, EngineRules, Means
from dialer.engine_queue import Queue
from dialer.engine_watch import Watch
from dialer.hooks import AttemptFollower, CallSource
from dialer.idle import IdleReason
from dialer.outcome import Settlement
from dialer.reconcile import reconcile
from dialer.talk import TalkHost

__all__ = ["SWITCH_POLL", "Engine", "EngineRules"]

log = structlog.get_logger(__name__)


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
        sources: Sequence[CallSource] = (),
        followers: Sequence[AttemptFollower] = (),
        tells: bool = False,
    ) -> None:
        """Put an engine together.

        Args:
            sessions: its database.
            bridge: where it rings.
            clock: its time.
            ids: of the attempts.
            rules: what it goes by.
            talk: what is said on the calls.
            settlement: what settling goes by.
            sources: asked for calls at each step, in their order, before the automatic queue.
            followers: called in the transaction that commits an attempt's new state.
            tells: whether each new state is told to the other processes (topic ATTEMPT).
        """
        self._talk = talk
        self._bridge = bridge
        self._clock = clock
        self._rules = rules
        self._wake = Signal()
        self._calls = CallsUp(bridge.trunks)
        self._means = Means(
            sessions=sessions,
            bridge=bridge,
            clock=clock,
            ids=ids,
            rules=rules,
            settlement=settlement,
            sources=tuple(sources),
            followers=tuple(followers),
            calls=self._calls,
            wake=self._wake,
            tells=tells,
        )
        self._hearing = Hearing(self._means)
        self._watch = Watch(self._means)
        self._queue = Queue(self._means, self._watch)
        self._hand_over = HandOver(self._means, self._hearing, unknown=self._ask_fate)
        self._ending = False

    async def start(self) -> None:
        """Connect the bridge and settle or adopt what an earlier process left behind."""
        await self._bridge.start(self, self._talk)
        adopted = await reconcile(
            sessions=self._means.sessions,
            bridge=self._bridge,
            clock=self._clock,
            settlement=self._means.settlement,
        )
        for attempt_id, trunk in adopted.items():
            self._calls.adopt(attempt_id, trunk, now=self._clock.now())

    async def run(self, *, until: datetime | None = None, drain: bool = False) -> None:
        """Place calls until the instant; with `drain` also end once nothing can come before it.

        A drain without `until` ends as soon as nothing may be rung now; either kind sees its live
        calls to their end.
        """
        self._watch.forget()
        while not self._ending and (until is None or self._clock.now() < until):
            now = self._clock.now()
            self._ask_about_overdue_calls(now)
            if self._rules.poll is not None:
                self._watch.forget()
                await self.accounts_changed()
            step = await self._queue.step(now)
            await self._hand_over.ring(step.calls)
            if step.look_again:
                continue
            over = not step.calls and not self._calls.live  # what was refused may come again
            if drain and over and not _comes(step.next_at, until):
                break
            await self._clock.wait(self._wake, self._next_look(now, step.next_at, until))
        while drain and self._calls.live:
            self._ask_about_overdue_calls(self._clock.now())
            await self._clock.wait(self._wake, self._calls.next_overdue_at())
        await self._queue.say_why_idle()

    def end(self) -> None:
        """Let `run` return after its present step; live calls go on."""
        self._ending = True
        self._wake.set()

    def nudge(self) -> None:
        """Look again now: something became due, or a switch was turned."""
        self._watch.forget()
        self._wake.set()

    @property
    def live(self) -> frozenset[UUID]:
        """The calls that are up."""
        return self._calls.live

    @property
    def idle_reason(self) -> IdleReason | None:
        """Why nothing is dialled although something is due; None while calls are placed."""
        return self._queue.idle_reason

    async def heard(self, event: CallEvent) -> None:
        """Take an event of the bridge and commit what it changes."""
        await self._hearing.heard(event)

    async def accounts_changed(self) -> None:
        """Hang up what only rings and has lost its reason (design decision 5).

        A polling engine looks by itself; others are told after a payment, opt-out or dispute.
        """
        await self._watch.cut_what_lost_its_reason()

    async def _ask_fate(self, attempt_id: UUID) -> None:
        adopted = await reconcile(
            sessions=self._means.sessions,
            bridge=self._bridge,
            clock=self._clock,
            settlement=self._means.settlement,
            only=attempt_id,
        )
        if attempt_id not in adopted:
            self._calls.release(attempt_id)
        self._wake.set()

    def _ask_about_overdue_calls(self, now: datetime) -> None:
        """Ask the carrier about calls that outlived the longest call: their end went unheard."""
        for attempt_id in self._calls.overdue(now):
            log.warning("call_overdue", attempt_id=str(attempt_id))
            self._clock.spawn(self._ask_fate(attempt_id))

    def _next_look(
        self, now: datetime, next_at: datetime | None, until: datetime | None
    ) -> datetime | None:
        polled = None if self._rules.poll is None else now + self._rules.poll
        rate_free = self._calls.gate.next_at(now)
        # Something waits now but no token is free: look when the rate lets the next one through.
        blocked = None if rate_free is None or rate_free <= now else rate_free
        # What became due while no token was free is looked at when one is; waiting for an instant
        # that has passed would be no wait at all.
        looks = (polled, blocked, next_at, self._calls.next_overdue_at(), until)
        return min((at for at in looks if at is not None and at > now), default=None)


def _comes(next_at: datetime | None, until: datetime | None) -> bool:
    return next_at is not None and until is not None and next_at < until
