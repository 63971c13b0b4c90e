"""One campaign while this dialer paces it: its pacer, what it was told, what it decided."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaign
from callback.packs import Packs
from core.columns import AnyRow
from dialer.agents.model import AgentState
from dialer.pacing.budget import HourCount
from dialer.pacing.keeping import as_json, from_json
from dialer.pacing.model import Glance, Happening, Limits
from dialer.pacing.pacer import Pacer
from dialer.predictive.limits import PackLimits, day_ends_at, pack_limits, places_of
from dialer.predictive.looking import Calls, CallWatch, count_answers
from dialer.predictive.replaying import EPOCH
from dialer.predictive.runs import (
    Made,
    Run,
    begin_run,
    keep,
    keep_learned,
    kept_so_far,
    last_decision_at,
    load_learned,
)

# The counts are made anew from the attempts, and the packs of the communities read, so often.
_COUNT_EVERY = timedelta(minutes=1)
_LEARNED_EVERY = timedelta(minutes=5)
# Calls placed longer ago have ended, but for a few that the next whole count finds.
_OF_LATE = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """The agents for whom calls may be placed ahead; ages in seconds."""

    agents: int = 0
    idle: int = 0
    talking: tuple[float, ...] = ()
    wrapping: tuple[float, ...] = ()

    @classmethod
    def of(cls, rows: Sequence[AnyRow], *, kept: frozenset[int], now: datetime) -> Self:
        """Return the team of these agents, without those who are kept for a promised callback."""
        there = [each for each in rows if each.agent_id not in kept]
        ages = {
            state: tuple(_seconds(each.state_since, now) for each in there if each.state is state)
            for state in (AgentState.ON_CALL, AgentState.WRAP_UP)
        }
        return cls(
            agents=len(there),
            idle=sum(each.state is AgentState.READY for each in there),
            talking=ages[AgentState.ON_CALL],
            wrapping=ages[AgentState.WRAP_UP],
        )


class Paced:
    """The pacer of one campaign on one day, and all it must be told."""

    def __init__(self, run: Run, *, law: PackLimits, watch: CallWatch, zone: str) -> None:
        self.run = run
        self.law = law
        self._zone = ZoneInfo(zone)
        self._pacer = Pacer(from_json(as_json(run.learned)), day_ends_s=run.day_ends_s)
        self._watch = watch
        self._live = self._abandoned = 0
        self._settled: Sequence[HourCount] = ()  # of calls placed before `_since`
        self._since = day_starts(run.day, zone)
        self._count_at = run.began_at
        self._learned_at = run.began_at + _LEARNED_EVERY
        self._untold: list[Happening] = []  # has happened, and no decision knows of it
        self._made: list[Made] = []  # the last ones, on file or not
        self._next_n = 0

    @classmethod
    async def begin(
        cls,
        session: AsyncSession,
        campaign: Campaign,
        *,
        run_id: UUID,
        packs: Packs,
        zone: str,
        now: datetime,
    ) -> Self:
        """Start a pacer with what earlier days taught, and exact counts of the packs' window."""
        day = local_day(now, zone)
        starts = day_starts(day, zone)
        places = await places_of(session, campaign.name)
        law = pack_limits(places, packs)
        learned = await load_learned(session, campaign.name)
        since = starts - timedelta(seconds=law.window_s)
        hours = await count_answers(session, campaign.name, since=since, until=starts)
        ends = day_ends_at(campaign, places, packs, now=now, zone=zone)
        last = await last_decision_at(session, campaign.name)
        run = Run(
            run_id=run_id,
            campaign=campaign.name,
            day=day,
            began_at=now,
            day_ends_s=None if ends is None else _since_epoch(ends),
            learned=replace(learned, hours=tuple(hours)),
        )
        seen_until = now if last is None else max(last, now - _COUNT_EVERY)
        watch = CallWatch(began_at=seen_until, looked_at=seen_until)
        return cls(run, law=law, watch=watch, zone=zone)

    async def confirm(self, session: AsyncSession) -> int:
        """Return the last decision on file; -1: none is. What is not on file placed nothing."""
        on_file = await kept_so_far(session, self.run.run_id) if self._made else -1
        for each in self._made:
            if each.n > on_file:
                each.placed = 0
        self._made = [each for each in self._made[:-1] if each.n > on_file] + self._made[-1:]
        return on_file

    def made_at(self, at: datetime) -> Made | None:
        """Return the decision of this very instant, if there is one."""
        last = self._made[-1] if self._made else None
        return last if last is not None and last.at == at else None

    def see(self, calls: Sequence[AnyRow], wraps: Sequence[Happening], *, now: datetime) -> Calls:
        """Take note of the calls, and of what has happened since the look before."""
        seen = self._watch.look(calls, now=now)
        self._untold += [*seen.happened, *wraps]
        return seen

    async def count(
        self, session: AsyncSession, campaign: Campaign, *, packs: Packs, now: datetime
    ) -> None:
        """Count the day's answers: calls of late at each look, all of them now and then.

        A day's totals only grow for the pacer: who was counted as a person stays one.
        """
        name = campaign.name
        if now >= self._count_at:
            self._count_at = now + _COUNT_EVERY
            starts = day_starts(self.run.day, self._zone.key)
            self._since = max(starts, now - _OF_LATE)
            self._settled = await count_answers(session, name, since=starts, until=self._since)
            self.law = pack_limits(await places_of(session, name), packs)
        hours = [*self._settled, *await count_answers(session, name, since=self._since)]
        self._live = max(self._live, sum(each.live for each in hours))
        self._abandoned = max(self._abandoned, sum(each.abandoned for each in hours))

    def decide(self, team: Team, calls: Calls, limits: Limits, *, now: datetime) -> Made:
        """Ask the pacer, and tell it whether fewer calls were placed than it said last."""
        last = self._made[-1] if self._made else None
        fewer = last is not None and last.placed < last.decision.dial
        glance = Glance(
            now_s=_since_epoch(now),
            hour=now.astimezone(self._zone).hour,
            agents=team.agents,
            idle=team.idle,
            waiting=calls.waiting,
            ringing=calls.ringing,
            talking=team.talking,
            wrapping=team.wrapping,
            live=self._live,
            abandoned=self._abandoned,
            happened=tuple(self._untold),
            placed=last.placed if last is not None and fewer else None,
        )
        self._untold = []
        decision = self._pacer.decide(glance, limits)
        made = Made(n=self._next_n, at=now, glance=glance, limits=limits, decision=decision)
        self._next_n += 1
        self._made.append(made)
        return made

    async def keep(
        self, session: AsyncSession, *, on_file: int, dialer_id: UUID | None, now: datetime
    ) -> None:
        """Keep every decision after the last on file, and now and then what was learned."""
        if on_file < 0:
            await begin_run(session, self.run, dialer_id=dialer_id)
        await keep(session, self.run.run_id, [each for each in self._made if each.n > on_file])
        if now >= self._learned_at:
            self._learned_at = now + _LEARNED_EVERY
            await self.keep_learned(session, now=now)

    async def keep_learned(self, session: AsyncSession, *, now: datetime) -> None:
        """Keep what this day has taught so far, for the next day or whoever takes over."""
        learned = self._pacer.learned(window_s=self.law.window_s)
        await keep_learned(session, self.run.campaign, self.run.day, learned, now=now)


def local_day(now: datetime, zone: str) -> date:
    """Return the house's day."""
    return now.astimezone(ZoneInfo(zone)).date()


def day_starts(day: date, zone: str) -> datetime:
    """Return when a day of the house begins."""
    return datetime.combine(day, time(), ZoneInfo(zone))


def _since_epoch(at: datetime) -> float:
    return round((at - EPOCH).total_seconds(), 3)


def _seconds(since: datetime, now: datetime) -> float:
    return round(max(0.0, (now - since).total_seconds()), 3)
