"""One look at what is due: token first, then the sources' claims, then the automatic queue's."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import psycopg
import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import despite_deadlocks
from core.errors import OwnerlineError
from core.live import Topic, tell
from dialer.bridges.port import TrunkLimits
from dialer.claim import NOTHING_CLAIMED, Claimed, ClaimReport, claim
from dialer.control import Switches, switches
from dialer.engine.hearing import Hearing
from dialer.engine.means import Means
from dialer.engine.watch import Watch
from dialer.fleet.fleet import LeaseRanOutError
from dialer.fleet.places import give_back, take_places
from dialer.idle import IdleReason, IdleWatch, TrunkStanding
from dialer.model import TelephonyResult
from dialer.ready import earliest_due_at, next_due_at, refill

log = structlog.get_logger(__name__)

# What became due meanwhile, or more urgent, enters the window at least so often.
REFILL_EVERY = timedelta(seconds=5)

# When a rate shared with others had no place left, it is asked again one call's time later.
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What one look at the queue came to; `next_at` is when something may be tried next."""

    calls: tuple[Claimed, ...] = ()
    next_at: datetime | None = None
    rate_free_at: datetime | None = None  # when a shared rate is asked again
    look_again: bool = False


class SwitchesTurnedError(OwnerlineError):
    """A switch was turned while calls were claimed by how it stood before."""


class Queue:
    """Claims what the tokens allow; nothing rings here."""

    def __init__(self, means: Means, watch: Watch, hearing: Hearing) -> None:
        self._means = means
        self._watch = watch
        self._hearing = hearing
        self._idle = IdleWatch()
        self._refill_at: datetime | None = None
        self._next_at: datetime | None = None
        self._fruitful = False
        self._changes_seen = 0  # of campaigns, by supervisors

    @property
    def idle_reason(self) -> IdleReason | None:
        """Why nothing is dialled although something is due; None while calls are placed."""
        return self._idle.reason

    async def say_why_idle(self) -> None:
        """Find out what binds now."""
        turned, now = await self._watch.switches(), self._means.clock.now()
        async with self._means.sessions.begin() as session:
            await self._look_why_idle(session, turned, now)

    async def step(self, now: datetime) -> Step:
        """Claim what may be claimed now, and find out when something comes next."""
        means = self._means
        means.calls.gate.close(means.bridge.closed)
        tokens = means.calls.gate.tokens(now, means.rules.batch)
        asked = means.rules.poll is not None or self._watch.is_stale or self._idle.is_due(now)
        watches = any(source.is_asked_without_lines for source in means.sources)
        if not tokens and means.calls.live and not asked and not watches:
            return Step(next_at=self._next_at)  # only a call's end can change anything
        turned = await self._watch.switches()
        if turned.campaign_changes != self._changes_seen:  # the window is of what held before
            self._refill_at, self._changes_seen = None, turned.campaign_changes
        async with means.sessions.begin() as session:
            self._next_at = await earliest_due_at(session)
            due = self._next_at is not None and self._next_at <= now
            idle = not tokens or turned.stopped or not (due or means.sources)
            if idle and self._idle.is_due(now):
                await self._look_why_idle(session, turned, now)
        if idle or not self._may_claim():
            if watches and not tokens and not turned.stopped and self._may_claim():
                await self._from_sources((), turned, now, [])
                return Step(next_at=self._next_of_all(self._next_at, now))
            return Step(next_at=None if turned.stopped else self._next_at)
        step = await self._claim_within(tokens, turned, now, due=due)
        if not (due or step.calls) and self._idle.is_due(now):  # the sources had nothing, either
            async with means.sessions.begin() as session:
                await self._look_why_idle(session, turned, now)
        return replace(step, next_at=self._next_of_all(step.next_at, now))

    def _next_of_all(self, next_at: datetime | None, now: datetime) -> datetime | None:
        """Return when something may come next, be it from a source; what is to come goes first."""
        asked = (next_at, *(source.next_at(now) for source in self._means.sources))
        known = [at for at in asked if at is not None]
        return min((at for at in known if at > now), default=min(known, default=None))

    def _may_claim(self) -> bool:
        fleet = self._means.fleet
        return fleet is None or fleet.may_claim

    async def _claim_within(
        self, tokens: Sequence[TrunkLimits], turned: Switches, now: datetime, *, due: bool
    ) -> Step:
        """Claim within the tokens for which the shared rate has places too."""
        placed = await self._places(tokens)
        step, calls = Step(next_at=self._next_at), list[Claimed]()
        try:
            await self._from_sources(placed, turned, now, calls)
            step = replace(step, look_again=bool(calls))
            left = _left(placed, calls)
            if due and left:
                found = await self._from_queue(left, turned, now)
                step = replace(found, look_again=found.look_again or step.look_again)
                calls += found.calls
            await self._give_back(_left(placed, calls))
        except (LeaseRanOutError, SwitchesTurnedError) as err:
            log.warning("claim_given_up", because=str(err))
            self._watch.forget()
        except (sa.exc.SQLAlchemyError, psycopg.Error) as err:
            if not calls:
                raise
            # What is committed is rung all the same; the next look meets the trouble again.
            log.warning("claim_cut_short", calls=len(calls), error=type(err).__name__)
        except BaseException:
            self._means.calls.abandon(calls)
            raise
        if len(placed) < len(tokens):
            step = replace(step, look_again=False, rate_free_at=now + self._places_pause(tokens))
        return replace(step, calls=tuple(calls))

    async def _places(self, tokens: Sequence[TrunkLimits]) -> list[TrunkLimits]:
        fleet, means = self._means.fleet, self._means
        if fleet is None or not fleet.view.shares_rate:
            return list(tokens)
        async with means.sessions.begin() as session:
            pace = fleet.view.pace * fleet.rules.clock_factor
            return await take_places(session, fleet.bridge, tokens, pace=pace)

    def _places_pause(self, tokens: Sequence[TrunkLimits]) -> timedelta:
        fastest = max(trunk.calls_per_second for trunk in tokens) * self._means.calls.gate.pace
        return timedelta(seconds=min(max(1 / fastest, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S))

    async def _give_back(self, unused: Sequence[TrunkLimits]) -> None:
        fleet = self._means.fleet
        if fleet is None or not fleet.view.shares_rate or not unused:
            return
        async with self._means.sessions.begin() as session:
            await give_back(session, fleet.bridge, unused)

    async def _from_sources(
        self,
        tokens: Sequence[TrunkLimits],
        turned: Switches,
        now: datetime,
        calls: list[Claimed],
    ) -> None:
        """Add to the calls what the sources claim; each source commits by itself."""
        for source in self._means.sources:
            left = _left(tokens, calls)
            if left or source.is_asked_without_lines:
                ask = partial(source.claim, tokens=left, turned=turned, now=now)
                calls += (await self._commit(ask, turned)).calls

    async def _from_queue(
        self, tokens: Sequence[TrunkLimits], turned: Switches, now: datetime
    ) -> Step:
        rules = self._means.rules
        # Where the last look brought calls, a few more than the tokens will do.
        batch = len(tokens) + 5 if self._fruitful else rules.batch
        refilled = self._refill_at is None or now >= self._refill_at
        if refilled:
            # A transaction of its own: refills wait for one another, claims must not.
            async with self._means.sessions.begin() as session:
                await refill(session, now=now, size=rules.batch * 4, paused=turned.paused_campaigns)

        async def work(session: AsyncSession) -> ClaimReport:
            claimed = await claim(
                session,
                tokens,
                bridge=self._means.bridge.name,
                now=now,
                basis=self._means.basis(turned),
                campaigns=rules.campaigns,
                packs=rules.packs,
                ids=self._means.ids,
                batch=batch,
            )
            self._next_at = await next_due_at(session, now)
            if not claimed.looked_at and self._idle.is_due(now):
                await self._look_why_idle(session, turned, now)
            return claimed

        report = await self._commit(work, turned)
        self._fruitful = bool(report.calls)
        emptied = report.looked_at < min(batch, len(tokens))
        self._refill_at = None if emptied else now + REFILL_EVERY
        if report.calls:
            self._idle.over()
        # A window that was filled just now and is empty again holds nothing for this instant.
        look_again = bool(report.looked_at) and not (emptied and refilled)
        return Step(calls=report.calls, next_at=self._next_at, look_again=look_again)

    async def _commit(
        self, work: Callable[[AsyncSession], Awaitable[ClaimReport]], turned: Switches
    ) -> ClaimReport:
        """Commit a claim; where the answer to the commit was lost, none of its calls is rung.

        Its calls are on their way before the last word is asked for: a stop, or an account that
        changes, is either seen by that word or finds them there.

        Whether they were committed is found out in the background, and then they never rang.
        """
        done: list[ClaimReport] = []

        async def transaction() -> ClaimReport:
            done.clear()
            report = NOTHING_CLAIMED
            try:
                async with self._means.sessions.begin() as session:
                    report = await work(session)
                    self._means.calls.set_out(report.calls)
                    if report.calls:
                        await self._last_word(session, report.calls, turned)
                    done.append(report)
            except BaseException:
                self._means.calls.abandon(report.calls)
                raise
            return report

        try:
            return await despite_deadlocks(transaction)
        except (sa.exc.SQLAlchemyError, psycopg.Error):
            for call in done[0].calls if done else ():
                log.warning("claim_unknown", attempt_id=str(call.attempt_id))
                self._means.clock.spawn(self._never_rang(call.attempt_id))
            raise

    async def _last_word(
        self, session: AsyncSession, calls: Sequence[Claimed], turned: Switches
    ) -> None:
        """Look once more, at the end of the transaction, at what no lock of its rows can tell."""
        means, attempt_ids = self._means, [call.attempt_id for call in calls]
        if means.rules.poll is not None and await switches(session) != turned:
            message = f"{len(calls)} calls were claimed while a switch was turned"
            raise SwitchesTurnedError(message)
        if means.fleet is not None:
            await means.fleet.keep(session, attempt_ids)
        if means.tells:
            for attempt_id in attempt_ids:
                await tell(session, Topic.ATTEMPT, str(attempt_id))

    async def _never_rang(self, attempt_id: UUID) -> None:
        try:
            await self._hearing.never_rang(attempt_id, TelephonyResult.CANCELLED)
        except (sa.exc.SQLAlchemyError, psycopg.Error) as err:  # reconciliation finds it
            log.warning("claim_not_undone", attempt_id=str(attempt_id), error=type(err).__name__)

    async def _look_why_idle(self, session: AsyncSession, turned: Switches, now: datetime) -> None:
        gate = self._means.calls.gate
        trunks = TrunkStanding(
            live=len(gate.live),
            channels=gate.channels,
            slow=gate.pace < 1.0 and not gate.tokens(now, 1),
            resting=gate.resting(now),
        )
        await self._idle.look(session, turned, now=now, trunks=trunks)


def _left(tokens: Sequence[TrunkLimits], calls: Sequence[Claimed]) -> list[TrunkLimits]:
    """Return the tokens that the calls have not used."""
    left = list(tokens)
    for call in calls:
        left.remove(call.trunk)
    return left
