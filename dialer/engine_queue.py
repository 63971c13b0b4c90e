"""One look at what is due: token first, then the sources' claims, then the automatic queue's."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from core.database import despite_deadlocks
from dialer.bridges.port import TrunkLimits
from dialer.claim import Claimed, ClaimReport, claim
from dialer.control import Switches
from dialer.engine_means import Means
from dialer.engine_watch import Watch
from dialer.idle import IdleReason, IdleWatch
from dialer.ready import earliest_due_at, next_due_at, refill

# What became due meanwhile, or more urgent, enters the window at least so often.
REFILL_EVERY = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What one look at the queue came to; `next_at` is when something may be tried next."""

    calls: tuple[Claimed, ...] = ()
    next_at: datetime | None = None
    look_again: bool = False


class Queue:
    """Claims what the tokens allow; nothing rings here."""

    def __init__(self, means: Means, watch: Watch) -> None:
        self._means = means
        self._watch = watch
        self._idle = IdleWatch(channels=sum(trunk.channels for trunk in means.bridge.trunks))
        self._refill_at: datetime | None = None
        self._next_at: datetime | None = None
        self._fruitful = False

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
        tokens = means.calls.gate.tokens(now, means.rules.batch)
        asked = means.rules.poll is not None or self._watch.is_stale or self._idle.is_due(now)
        if not tokens and means.calls.live and not asked:
            return Step(next_at=self._next_at)  # only a call's end can change anything
        turned = await self._watch.switches()
        sourced: tuple[Claimed, ...] = ()
        if tokens and not turned.stopped:
            sourced = await self._from_sources(tokens, turned, now)
            tokens = _left(tokens, sourced)
        found = await self._from_queue(tokens, turned, now)
        if not sourced:
            return replace(found, next_at=self._next_of_all(found.next_at, now))
        return replace(found, calls=sourced + found.calls, look_again=True)

    def _next_of_all(self, next_at: datetime | None, now: datetime) -> datetime | None:
        """Return when something may come next, be it from a source; what is to come goes first."""
        asked = (next_at, *(source.next_at(now) for source in self._means.sources))
        known = [at for at in asked if at is not None]
        return min((at for at in known if at > now), default=min(known, default=None))

    async def _from_sources(
        self, tokens: Sequence[TrunkLimits], turned: Switches, now: datetime
    ) -> tuple[Claimed, ...]:
        calls: tuple[Claimed, ...] = ()
        for source in self._means.sources:
            left = _left(tokens, calls)
            if left:
                ask = partial(source.claim, tokens=left, turned=turned, now=now)
                calls += (await self._commit(ask)).calls
        return calls

    async def _from_queue(
        self, tokens: Sequence[TrunkLimits], turned: Switches, now: datetime
    ) -> Step:
        async with self._means.sessions.begin() as session:
            self._next_at = await earliest_due_at(session)
            due = self._next_at is not None and self._next_at <= now
            if not tokens or turned.stopped or not due:
                if self._idle.is_due(now):
                    await self._look_why_idle(session, turned, now)
                return Step(next_at=None if turned.stopped else self._next_at)
        return await self._claim(tokens, turned, now)

    async def _claim(self, tokens: Sequence[TrunkLimits], turned: Switches, now: datetime) -> Step:
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

        report = await self._commit(work)
        self._fruitful = bool(report.calls)
        emptied = report.looked_at < min(batch, len(tokens))
        self._refill_at = None if emptied else now + REFILL_EVERY
        if report.calls:
            self._idle.over()
        # A window that was filled just now and is empty again holds nothing for this instant.
        look_again = bool(report.looked_at) and not (emptied and refilled)
        return Step(calls=report.calls, next_at=self._next_at, look_again=look_again)

    async def _commit(self, work: Callable[[AsyncSession], Awaitable[ClaimReport]]) -> ClaimReport:
        """Commit one claim."""

        async def transaction() -> ClaimReport:
            async with self._means.sessions.begin() as session:
                return await work(session)

        return await despite_deadlocks(transaction)

    async def _look_why_idle(self, session: AsyncSession, turned: Switches, now: datetime) -> None:
        await self._idle.look(session, turned, now=now, live=len(self._means.calls.live))


def _left(tokens: Sequence[TrunkLimits], calls: Sequence[Claimed]) -> list[TrunkLimits]:
    """Return the tokens that the calls have not used."""
    left = list(tokens)
    for call in calls:
        left.remove(call.trunk)
    return left
