"""What a rehearsal says: figures with their 95 % intervals, deadlines by name, differences."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from dialer.whatif.model import Cause, Day, Manner, WhatIfError
from dialer.whatif.stage import Played
from dialer.whatif.windows import cause_of

MOST_NAMED = 200
PROBABLE = 0.5  # of the replications: a deadline missed in as many is named
_LOW, _HIGH = 0.025, 0.975
_Z_95 = 1.96

FIGURES = ("attempts", "contacts", "settled", "promises", "withdrawn", "abandoned", "missed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """A figure's mean, and between which values 95 of 100 such days lie."""

    mean: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        """Return plain values."""
        return {"mean": round(self.mean, 4), "low": self.low, "high": self.high}


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A due call that will probably miss its deadline, and what holds it."""

    due_call_id: int | None  # None: it will be made that day
    community: str
    unit: str
    reason: str
    campaign: str
    due_by: str  # ISO, local
    probability: float
    cause: Cause
    rule: str | None

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What one setting comes to."""

    figures: Mapping[str, Spread]
    utilisation: Spread | None  # of agents' time at work; None: nobody is
    reasons: Mapping[str, Mapping[str, Spread]]
    due: Mapping[str, int]
    agents: int
    channels: int
    calls_per_second: float
    attempts_by_hour: Sequence[float]
    contacts_by_hour: Sequence[float]
    deadlines: int  # that fall on the day
    causes: Mapping[str, float]  # missed deadlines by what held them, mean
    named: Sequence[Named]
    named_total: int

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "agents": self.agents,
            "channels": self.channels,
            "calls_per_second": self.calls_per_second,
            "due": dict(self.due),
            **{name: each.as_json() for name, each in self.figures.items()},
            "utilisation": None if self.utilisation is None else self.utilisation.as_json(),
            "by_reason": {
                reason: {name: each.as_json() for name, each in figures.items()}
                for reason, figures in self.reasons.items()
            },
            "attempts_by_hour": list(self.attempts_by_hour),
            "contacts_by_hour": list(self.contacts_by_hour),
            "deadlines": {
                "due": self.deadlines,
                "causes": dict(self.causes),
                "probably_missed": self.named_total,
                "named": [each.as_json() for each in self.named],
            },
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """How much more the other setting comes to: the mean with its 95 % interval."""

    mean: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        """Return plain values."""
        return {"mean": round(self.mean, 4), "low": round(self.low, 4), "high": round(self.high, 4)}


def forecast_of(day: Day, played: Sequence[Played]) -> Forecast:
    """Return what the replications of one setting say."""
    reasons = sorted({each.reason for each in day.due})
    return Forecast(
        figures={name: _spread([figure(each, name) for each in played]) for name in FIGURES},
        utilisation=_spread([each.busy_s / each.present_s for each in played], whole=False)
        if all(each.present_s for each in played)
        else None,
        reasons={
            reason: {
                name: _spread([getattr(each.reasons[reason], word) for each in played])
                for name, word in (
                    ("attempts", "attempts"),
                    ("contacts", "contacts"),
                    ("settled", "done"),
                )
            }
            for reason in reasons
        },
        due=dict(sorted(Counter(each.reason for each in day.due).items())),
        agents=len(day.seats),
        channels=day.lines.channels,
        calls_per_second=day.lines.calls_per_second,
        attempts_by_hour=_hours([each.attempts_by_hour for each in played]),
        contacts_by_hour=_hours([each.contacts_by_hour for each in played]),
        deadlines=sum(1 for each in day.due if day.begins_s < each.due_s <= day.length_s),
        causes=_causes(played),
        **_named(day, played),
    )


def figure(played: Played, name: str) -> float:
    """Return one figure of a replication."""
    match name:
        case "settled":
            return played.total("done")
        case "missed":
            return len(played.missed)
        case "abandoned" | "withdrawn":
            return int(getattr(played, name))
        case _:
            return played.total(name)


def differences(base: Sequence[Played], other: Sequence[Played]) -> dict[str, Difference]:
    """Return what the other setting adds, replication by replication."""
    found: dict[str, Difference] = {}
    for name in FIGURES:
        pairs = zip(base, other, strict=True)
        found[name] = _difference([figure(b, name) - figure(a, name) for a, b in pairs])
    if all(each.present_s for each in (*base, *other)):
        found["utilisation"] = _difference(
            [
                b.busy_s / b.present_s - a.busy_s / a.present_s
                for a, b in zip(base, other, strict=True)
            ]
        )
    return found


def _difference(values: Sequence[float]) -> Difference:
    mean = float(np.mean(values))
    error = _Z_95 * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return Difference(mean=mean, low=mean - error, high=mean + error)


def _spread(values: Sequence[float], *, whole: bool = True) -> Spread:
    low, high = (float(each) for each in np.quantile(values, (_LOW, _HIGH)))
    if whole:
        return Spread(mean=float(np.mean(values)), low=math.floor(low), high=math.ceil(high))
    return Spread(mean=float(np.mean(values)), low=round(low, 4), high=round(high, 4))


def _hours(counted: Sequence[Sequence[int]]) -> list[float]:
    return [round(float(each), 1) for each in np.mean(counted, axis=0)]


def _causes(played: Sequence[Played]) -> dict[str, float]:
    counted = Counter(cause.value for each in played for cause in each.missed.values())
    return {
        cause.value: round(counted[cause.value] / len(played), 2)
        for cause in Cause
        if counted[cause.value]
    }


def _named(day: Day, played: Sequence[Played]) -> dict[str, Any]:
    times: Counter[int] = Counter(i for each in played for i in each.missed)
    likely = [i for i, count in times.items() if count >= PROBABLE * len(played)]
    likely.sort(key=lambda i: (day.due[i].due_s, -times[i], i))
    return {
        "named": [_name(day, i, times[i], played) for i in likely[:MOST_NAMED]],
        "named_total": len(likely),
    }


def _name(day: Day, i: int, times: int, played: Sequence[Played]) -> Named:
    due = day.due[i]
    causes = Counter(each.missed[i] for each in played if i in each.missed)
    cause = min(causes, key=lambda each: (-causes[each], each.value))
    rule = due.held.rule if cause is cause_of(due.held.rule) and due.held.rule else None
    return Named(
        due_call_id=due.due_call_id,
        community=day.places[due.place].name,
        unit=due.unit,
        reason=due.reason,
        campaign=day.lanes[due.lane].campaign,
        due_by=(day.opens + timedelta(seconds=due.due_s)).isoformat(),
        probability=round(times / len(played), 2),
        cause=cause,
        rule=rule,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What the agents shall reach: a mean of contacts or settled calls, or deadlines kept."""

    name: str
    least: float


def read_target(text: str) -> Target:
    """Read `contacts=300`, `settled=200` or `deadlines=0.98`.

    Raises:
        WhatIfError: it is none of these.
    """
    name, _, value = text.partition("=")
    try:
        least = float(value)
    except ValueError:
        least = math.nan
    kept = name == "deadlines"
    if name not in {"contacts", "settled", "deadlines"} or not 0 < least <= (1 if kept else 1e6):
        message = f"{text!r} is no target; write contacts=300, settled=200 or deadlines=0.98"
        raise WhatIfError(message)
    return Target(name=name, least=least)


def reaches(target: Target, day: Day, played: Sequence[Played]) -> float:
    """Return what the mean replication comes to, of what the target speaks of."""
    if target.name == "deadlines":
        of_agents = {
            i
            for i, each in enumerate(day.due)
            if day.lanes[each.lane].manner is not Manner.AUTOMATIC
            and day.begins_s < each.due_s <= day.length_s
        }
        missed = np.mean([sum(1 for i in each.missed if i in of_agents) for each in played])
        return 1.0 - float(missed) / len(of_agents) if of_agents else 1.0
    return float(np.mean([figure(each, target.name) for each in played]))
