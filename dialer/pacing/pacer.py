"""The pacer of a campaign: asked once a second or so, it says how many calls to place now.

It places one call more as long as whoever answers it meets nobody with odds no worse than the
limit; the budget sets the limit. One line an idle agent is always allowed, and is what remains when
the budget is spent.
"""

import math
from collections.abc import Generator
from dataclasses import dataclass, field

import numpy as np

from dialer.pacing.budget import Budget, HourCount
from dialer.pacing.chance import Chance, Tally
from dialer.pacing.model import Bound, Decision, Glance, Kind, Limits, TotalsError
from dialer.pacing.outlook import Outlook
from dialer.pacing.tables import Tables, tables, tables_in_slices
from dialer.pacing.times import Earlier, Floats, NonNegative, Times, lognormal

_LINES_AN_AGENT = 10  # at most, and some for small teams
_LINES_BESIDE = 5
_PATIENT = 0.8  # of the time an owner may wait, what is counted on
_WITHIN_S = 2.0  # before the limits are told
_BURST_S = 1.0  # calls that rate left unused for longer are not made up for
_FIT_OFTEN_S, _FIT_S, _FIT_OFTEN_FOR_S = 120.0, 300.0, 3600.0
_BUSY, _BUSY_WEIGHT_S = 0.85, 1800.0  # share of agents' time in calls, before anything is learned
_Z_95 = 1.645
_CAUTIOUS = 0.9  # of the answers reckoned with
_PLANNED_S = 3600.0  # ahead, where the day has no end
_KINDS = (Kind.LIVE, Kind.FAILED, Kind.TALK, Kind.WRAP)


@dataclass(frozen=True, kw_only=True, slots=True)
class Learned:
    """What earlier days have taught a campaign's pacer; empty for a cold start."""

    chance: dict[int, Tally] = field(default_factory=dict)  # by hour of the local day
    times: dict[Kind, dict[int, Earlier]] = field(default_factory=dict)  # live, failed, talk, wrap
    hours: tuple[HourCount, ...] = ()  # counts of earlier days within the window
    risked: NonNegative = 0.0
    met_nobody: NonNegative = 0.0


class Pacer:
    """Paces one campaign through one day; not to be shared, keeps no wire and no clock."""

    def __init__(self, learned: Learned | None = None, *, day_ends_s: float | None = None) -> None:
        """Start a day.

        Args:
            learned: what earlier days have taught.
            day_ends_s: when calling ends today, on the clock of `Glance.now_s`; None: unknown,
                the day is planned as if it went on.
        """
        learned = learned or Learned()
        self._day_ends_s = day_ends_s
        self._chance = Chance(learned.chance)
        self._times = {
            kind: Times(prior=prior, earlier=learned.times.get(kind))
            for kind, prior in _shipped().items()
        }
        self.budget = Budget(learned.hours, risked=learned.risked, met_nobody=learned.met_nobody)
        self._cycle_s = self._person_s = self._other_s = 0.0  # means of what was learned
        self._tables = tables(**self._points(), grace_s=_PATIENT * _WITHIN_S)
        self._fitting: Generator[None, None, Tables] | None = None
        self._fit_at_s = -math.inf  # what is believed of the hour at once, in slices
        self._began_s: float | None = None
        self._last_s = 0.0
        self._live_before = 0  # of the day, answered before this pacer was started
        self._credit = 0.0
        self._agent_s = 0.0
        self._limit: float | None = None  # under which calls were placed of late
        self._dialled = 0  # by the last decision

    def decide(self, glance: Glance, limits: Limits) -> Decision:
        """Return how many calls to place now; the caller places so many.

        Where fewer can be placed, the next glance says how many were.

        Raises:
            TotalsError: the day's totals have shrunk.
        """
        self._take_back(glance)
        passed_s = self._pass(glance)
        self._learn(glance)
        known = self._fit(glance, limits)
        day = self.budget.today
        spent = (day, self.budget.within(limits.window_s, now_s=glance.now_s))
        outlook = Outlook(
            known,
            chance=self._chance.value(),
            spare=glance.idle - glance.waiting,
            talking=glance.talking,
            wrapping=glance.wrapping,
            ringing=glance.ringing,
        )
        one_each = max(0, glance.idle - glance.waiting - len(glance.ringing))
        limit = self.budget.limit(
            spent,
            target=limits.target,
            ahead=self._ahead(glance, passed_s),
            surely=self._surely(glance),
            due=outlook.due,
        )
        bound = _restraint(glance, limits, limit)
        odds: float | None = None
        if bound is None:
            most = max(0, _LINES_AN_AGENT * glance.agents + _LINES_BESIDE - len(glance.ringing))
            wanted, odds = outlook.calls_within(limit, most=most)
            above = any(each.surely_above(limits.target) for each in spent)
            bound = Bound.SURELY_ABOVE if above else Bound.ODDS
            if wanted == most:
                bound = Bound.MOST
            wanted = max(wanted, one_each)
            self._limit = limit
        else:
            wanted, self._limit = one_each, None
        dial, bound = self._within_trunks(wanted, bound, glance, limits, passed_s)
        self._chance.placed(glance.now_s, dial)
        self._dialled = dial
        return Decision(
            dial=dial,
            bound=bound,
            odds=odds,
            limit=self._limit,
            chance=self._chance.value(),
            free_soon=outlook.free_soon,
            due=outlook.due,
            idle=glance.idle,
            ringing=len(glance.ringing),
            live=day.live,
            abandoned=day.abandoned,
            target=limits.target,
        )

    def learned(self, *, window_s: float) -> Learned:
        """Return what tomorrow's pacer is to know."""
        return Learned(
            chance=self._chance.by_hour(),
            times={kind: times.by_hour() for kind, times in self._times.items()},
            hours=tuple(self.budget.hours(window_s=window_s, now_s=self._last_s)),
            risked=self.budget.risked,
            met_nobody=self.budget.met_nobody,
        )

    def _take_back(self, glance: Glance) -> None:
        """Forget calls that were decided and not placed."""
        if glance.placed is not None and glance.placed < self._dialled:
            fewer = self._dialled - glance.placed
            self._chance.not_placed(self._last_s, fewer)
            self._credit += fewer

    def _pass(self, glance: Glance) -> float:
        """Return the seconds since the last decision; _BURST_S for the first."""
        if self._began_s is None:
            self._began_s = self._last_s = glance.now_s
            self._live_before = glance.live
            return _BURST_S
        passed_s = max(0.0, glance.now_s - self._last_s)
        self._last_s = glance.now_s
        return passed_s

    def _learn(self, glance: Glance) -> None:
        before = (self.budget.live, self.budget.abandoned)
        if glance.live < before[0] or glance.abandoned < before[1]:
            raise TotalsError(live=glance.live, abandoned=glance.abandoned, before=before)
        self.budget.note(
            now_s=glance.now_s,
            live=glance.live - before[0],
            abandoned=glance.abandoned - before[1],
            limit=self._limit,
        )
        for times in self._times.values():
            times.turn_to(glance.hour)
        for each in glance.happened:
            kind = Kind.FAILED if each.kind is Kind.MACHINE else each.kind
            if kind in self._times:
                self._times[kind].see(each.seconds)
            if kind is Kind.LIVE:
                self._chance.answered(glance.now_s - each.seconds)
        oldest_s = max(glance.ringing, default=0.0)
        self._chance.learn(now_s=glance.now_s, oldest_s=oldest_s, hour=glance.hour)

    def _fit(self, glance: Glance, limits: Limits) -> Tables:
        """Return the tables of what was learned, made anew now and then, a slice a decision."""
        if self._fitting is not None:
            try:
                next(self._fitting)
            except StopIteration as done:
                self._tables, self._fitting = done.value, None
        elif glance.now_s >= self._fit_at_s:
            young = glance.now_s - (self._began_s or 0.0) < _FIT_OFTEN_FOR_S
            self._fit_at_s = glance.now_s + (_FIT_OFTEN_S if young else _FIT_S)
            self._fitting = tables_in_slices(
                **self._points(), grace_s=_PATIENT * limits.agent_within_s
            )
        return self._tables

    def _points(self) -> dict[str, Floats]:
        live, failed, talk, wrap = (self._times[kind].points() for kind in _KINDS)
        self._cycle_s = float(talk.mean() + wrap.mean())
        self._person_s, self._other_s = float(live.mean()), float(failed.mean())
        return {"person": live, "other": failed, "talk": talk, "wrap": wrap}

    def _ahead(self, glance: Glance, passed_s: float) -> float:
        """Return how many answers are still to come today, at the pace since the start."""
        self._agent_s += passed_s * glance.agents
        answers = glance.live - self._live_before + _BUSY * _BUSY_WEIGHT_S / self._cycle_s
        pace = answers / (self._agent_s + _BUSY_WEIGHT_S)
        return pace * glance.agents * self._left_s(glance)

    def _surely(self, glance: Glance) -> float:
        """Return how many answers come at one line an idle agent at least, but for 5 in 100."""
        chance = self._chance.value()
        search_s = self._person_s + self._other_s * (1 - chance) / chance
        expected = _CAUTIOUS * glance.agents * self._left_s(glance) / (self._cycle_s + search_s)
        return max(0.0, expected - _Z_95 * math.sqrt(expected))

    def _left_s(self, glance: Glance) -> float:
        if self._day_ends_s is None:
            return _PLANNED_S
        return max(0.0, self._day_ends_s - glance.now_s)

    def _within_trunks(
        self, wanted: int, bound: Bound, glance: Glance, limits: Limits, passed_s: float
    ) -> tuple[int, Bound]:
        if limits.channels is not None:
            up = len(glance.ringing) + len(glance.talking) + glance.waiting
            room = max(0, limits.channels - up)
            if wanted > room:
                wanted, bound = room, Bound.CHANNELS
        if limits.calls_per_second is not None:
            most = max(1.0, limits.calls_per_second * _BURST_S)
            self._credit = min(self._credit + limits.calls_per_second * passed_s, most)
            if wanted > int(self._credit):
                wanted, bound = int(self._credit), Bound.RATE
            self._credit -= wanted
        return wanted, bound


def _restraint(glance: Glance, limits: Limits, limit: float) -> Bound | None:
    """Return why only one line an idle agent is allowed, if so."""
    if not limits.predictive:
        return Bound.PROGRESSIVE
    if glance.agents < limits.progressive_below:
        return Bound.SMALL_TEAM
    return Bound.SPENT if limit <= 0 else None


def _shipped() -> dict[Kind, Floats]:
    """Return the durations believed before anything is seen; what is seen soon outweighs them."""
    other = np.array([28.0] * 24 + [20.0] * 6)  # rung out, and answering machines
    return {
        Kind.LIVE: lognormal(mean=13.0, sigma=0.4),
        Kind.FAILED: np.sort(other),
        Kind.TALK: lognormal(mean=120.0, sigma=0.8),
        Kind.WRAP: lognormal(mean=30.0, sigma=0.5),
    }
