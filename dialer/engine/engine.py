"""The engine: keeps the window filled, claims within trunk tokens, rings, hears what comes back.

One loop on the clock. Each step is a transaction of its own (design decision 3): the attempt is
committed before anything rings, every event is committed when it is heard.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.clock import Clock, Signal
from core.database import OUTAGE_PAUSES_S, may_pass_later
from core.ids import IdSource
from core.live import News, Topic
from dialer.bridges.inbound import InboundDesk
from dialer.bridges.port import Bridge, CallEvent
from dialer.engine.calls import CallsUp
from dialer.engine.duty import Duty
from dialer.engine.handover import HandOver
from dialer.engine.hearing import Hearing
from dialer.engine.means import SWITCH_POLL, EngineRules, Means
from dialer.engine.queue import Queue, Step
from dialer.engine.reconcile import Reconciler
from dialer.engine.watch import Watch
from dialer.fleet.fleet import Fleet
from dialer.hooks import AttemptFollower, CallSource
from dialer.idle import IdleReason
from dialer.outcome import Settlement
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
        fleet: Fleet | None = None,
        tells: bool = False,
        inbound: InboundDesk | None = None,
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
            fleet: the membership of this process, of its own; None: no other process dials.
            tells: each new state is told to the other processes (topic ATTEMPT), and what they
                tell is handed to `hear_news`.
            inbound: sees to calls that come in over the bridge.
        """
        self._inbound = inbound
        self._talk = talk
        self._bridge = bridge
        self._clock = clock
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
            fleet=fleet,
            wake=self._wake,
            tells=tells,
        )
        self._hearing = Hearing(self._means)
        self._watch = Watch(self._means)
        self._queue = Queue(self._means, self._watch, self._hearing)
        self._reconciler = Reconciler(self._means, self._hearing)
        self._duty = Duty(self._means, self._watch, self._reconciler)
        self._hand_over = HandOver(self._means, self._hearing, unknown=self._duty.ask)
        self._ending = False
        self._failures = 0  # of the database, in a row

    async def start(self) -> None:
        """Connect the bridge, join the fleet, settle or adopt what an earlier process left."""
        await self._bridge.start(self, self._talk, inbound=self._inbound)
        await self._duty.begin()

    async def run(self, *, until: datetime | None = None, drain: bool = False) -> None:
        """Place calls until the instant; with `drain` also end once nothing can come before it.

        A drain without `until` ends as soon as nothing may be rung now; either kind sees its live
        calls to their end. While the database is away nothing is claimed, and the loop goes on.
        """
        self._watch.forget()
        while not self._ending and (until is None or self._clock.now() < until):
            now = self._clock.now()
            self._ask_about_overdue_calls(now)
            step = await self._step(now)
            if step is None:
                await self._clock.wait(self._wake, now + self._pause())
                continue
            if step.look_again:
                continue
            # What was refused may come again, what somebody else left may become ours.
            over = not (step.calls or self._calls.live or self._duty.expects_calls)
            if drain and over and not _comes(step.next_at, until):
                break
            await self._clock.wait(self._wake, self._next_look(now, step, until))
        while drain and self._calls.live:
            self._ask_about_overdue_calls(self._clock.now())
            await self._clock.wait(self._wake, self._calls.next_overdue_at())
        if not self._failures:
            await self._queue.say_why_idle()

    def end(self) -> None:
        """Let `run` return after its present step; live calls go on."""
        self._ending = True
        self._wake.set()

    async def close(self, *, wait_s: float = 0.0) -> None:
        """Let go of everything, once `run` has returned.

        Live calls are waited for so long, a stop is obeyed meanwhile; those that are up then are
        left to the other dialers.
        """
        until = self._clock.now() + timedelta(seconds=wait_s)
        while self._calls.live and self._clock.now() < until:
            await self._clock.wait(self._wake, until)
        await self._duty.end()
        await self._bridge.close()

    def nudge(self) -> None:
        """Look again now: something became due, or a switch was turned."""
        self._watch.forget()
        self._duty.look_now()
        self._wake.set()

    def hear_news(self, news: News) -> None:
        """Take news of the live feed; what it calls for is done in the background."""
        match news.topic:
            case Topic.SWITCHES:
                self.nudge()
            case Topic.ACCOUNT:
                self._watch.note_change(int(news.key))
                self._duty.look_now()
            case Topic.MISSED:
                self._watch.note_change(None)
                self.nudge()
            case Topic.DUE_CALL | Topic.AGENT:
                self._wake.set()
            case Topic.ATTEMPT | Topic.CARRIER:
                pass

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

    async def accounts_changed(self, person_ids: Collection[int] | None = None) -> None:
        """Hang up what only rings and has lost its reason (design decision 5); None: everybody.

        A polling engine looks by itself; others are told after a payment, opt-out or dispute.
        """
        await self._watch.cut_what_lost_its_reason(person_ids)

    async def _step(self, now: datetime) -> Step | None:
        """Claim and ring; None while the database is away."""
        try:
            step = await self._queue.step(now)
            await self._hand_over.ring(step.calls)
        except (sa.exc.SQLAlchemyError, psycopg.Error) as err:
            if not may_pass_later(err):
                raise
            if not self._failures:
                log.warning("database_away", error=type(err).__name__)
            self._failures += 1
            return None
        if self._failures:
            log.warning("database_back", failures=self._failures)
        self._failures = 0
        return step

    def _pause(self) -> timedelta:
        pause_s = OUTAGE_PAUSES_S[min(self._failures, len(OUTAGE_PAUSES_S)) - 1]
        return timedelta(seconds=min(pause_s, 1.0) * self._means.clock_factor)

    def _ask_about_overdue_calls(self, now: datetime) -> None:
        """Ask the carrier about calls that outlived the longest call: their end went unheard."""
        for attempt_id in self._calls.overdue(now):
            log.warning("call_overdue", attempt_id=str(attempt_id))
            self._duty.ask(attempt_id)

    def _next_look(self, now: datetime, step: Step, until: datetime | None) -> datetime | None:
        polled = None if self._means.poll is None else now + self._means.poll
        rate_free = self._calls.gate.next_at(now)
        # Something waits now but no token is free: look when the rate lets the next one through.
        blocked = None if rate_free is None or rate_free <= now else rate_free
        # What became due while no token was free is looked at when one is; waiting for an instant
        # that has passed would be no wait at all.
        overdue = self._calls.next_overdue_at()
        looks = (polled, blocked, step.rate_free_at, step.next_at, overdue, until)
        return min((at for at in looks if at is not None and at > now), default=None)


def _comes(next_at: datetime | None, until: datetime | None) -> bool:
    return next_at is not None and until is not None and next_at < until
