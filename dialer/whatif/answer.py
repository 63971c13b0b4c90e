"""A question about a day to come, and its answer: frozen, played many times, told."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from dialer.scoring import shipped_scoring
from dialer.whatif.freeze import MOST_DUE, FreezeBasis, Frozen, freeze
from dialer.whatif.model import Day
from dialer.whatif.result import (
    Difference,
    Forecast,
    Target,
    differences,
    forecast_of,
    reaches,
)
from dialer.whatif.runs import Job, Told, job_of, play_many
from dialer.whatif.setting import AS_IT_IS, MOST_AGENTS, Change

DEFAULT_REPLICATIONS = 100
MOST_PROCESSES = 2
_NOTHING = 1e-3  # so little more is reached by noise
_SEARCHED = 20  # replications of one number of agents, when agents are looked for


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked: a day, what is set otherwise, what it is compared with."""

    day: date
    setting: Change = AS_IT_IS
    compare: Change | None = None
    target: Target | None = None
    replications: int = DEFAULT_REPLICATIONS
    seed: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Needed:
    """How many agents reach a target; None: no number of them does."""

    target: Target
    agents: int | None
    reached: float

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "of": self.target.name,
            "least": self.target.least,
            "agents": self.agents,
            "reached": round(self.reached, 4),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the replications say."""

    question: Question
    notes: Sequence[str]
    history_days: int
    history_attempts: int
    forecast: Forecast
    other: Forecast | None
    differences: dict[str, Difference]
    needed: Needed | None

    def as_json(self) -> dict[str, Any]:
        """Return the object that `simulate --json` prints."""
        asked = self.question
        found: dict[str, Any] = {
            "date": asked.day.isoformat(),
            "replications": asked.replications,
            "seed": asked.seed,
            "setting": list(asked.setting.written),
            "notes": list(self.notes),
            "history": {"days": self.history_days, "attempts": self.history_attempts},
            **self.forecast.as_json(),
        }
        if self.other is not None and asked.compare is not None:
            found["compare"] = {
                "setting": list(asked.compare.written),
                "other": self.other.as_json(),
                "difference": {name: each.as_json() for name, each in self.differences.items()},
            }
        if self.needed is not None:
            found["target"] = self.needed.as_json()
        return found


async def frozen_day(
    sessions: async_sessionmaker[AsyncSession],
    basis: FreezeBasis,
    question: Question,
    *,
    now: datetime,
    most_due: int = MOST_DUE,
    on_read: Callable[[int, int], None] | None = None,
) -> Frozen:
    """Freeze the day that is asked for; nothing is left in the database.

    Raises:
        WhatIfError: the day is over, nothing is due on it, or a campaign is unknown.
    """
    compare = question.compare
    async with sessions() as session:
        try:
            return await freeze(
                session,
                day=question.day,
                now=now,
                basis=basis,
                hours=question.setting.hours,
                other_hours=None if compare is None else compare.hours,
                most_due=most_due,
                on_read=on_read,
            )
        finally:
            await session.rollback()


def answer(
    frozen: Frozen,
    question: Question,
    *,
    processes: int | None = None,
    told: Told | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Answer:
    """Play a frozen day and say what it comes to; long, and not for an event loop.

    Raises:
        WhatIfError: a setting cannot be.
        StoppedError: `stopped` said so.
    """
    scoring = shipped_scoring()
    days = [question.setting.over(frozen.day)]
    if question.compare is not None:
        # What is compared is the first setting with something changed, not the day as it is.
        other = days[0] if frozen.other is None else question.setting.over(frozen.other)
        days.append(question.compare.over(other))
    job = job_of(days, seen=frozen.seen, scoring=scoring, seed=question.seed)
    many = processes or min(MOST_PROCESSES, os.cpu_count() or 1)
    played = play_many(
        job,
        replications=question.replications,
        processes=many,
        told=told,
        stopped=stopped,
    )
    return Answer(
        question=question,
        notes=days[0].notes,
        history_days=frozen.seen.days,
        history_attempts=frozen.seen.attempts,
        forecast=forecast_of(days[0], played[0]),
        other=forecast_of(days[1], played[1]) if len(days) > 1 else None,
        differences=differences(*played) if len(days) > 1 else {},
        needed=None
        if question.target is None
        else agents_for(job, days[0], question.target, stopped=stopped),
    )


def agents_for(
    job: Job, day: Day, target: Target, *, stopped: Callable[[], bool] = lambda: False
) -> Needed:
    """Return how few agents reach the target in the mean replication: doubling, then halving."""
    known: dict[int, float] = {}

    def reached(agents: int) -> float:
        if agents not in known:
            asked = Change(agents=agents).over(day)
            alone = replace(job, days=(asked,), policies=job.policies[:1])
            played = play_many(alone, replications=_SEARCHED, stopped=stopped)[0]
            known[agents] = reaches(target, asked, played)
        return known[agents]

    high = 1
    while reached(high) < target.least:
        # Where twice as many agents change nothing any more, hours, rules or lines bind.
        if high > 1 and reached(high) <= reached(high // 2) + _NOTHING and high > len(day.seats):
            return Needed(target=target, agents=None, reached=max(known.values()))
        if high * 2 > MOST_AGENTS:
            return Needed(target=target, agents=None, reached=max(known.values()))
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        if reached(middle) < target.least:
            low = middle
        else:
            high = middle
    return Needed(target=target, agents=high, reached=reached(high))
