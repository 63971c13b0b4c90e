"""The chance that a call placed now reaches a person, as it changes over the day.

Several memories of different length guess it, and the same hour of earlier days; the one that
foretold the last calls best is believed most (prediction with expert advice: Cesa-Bianchi and
Lugosi, Prediction, Learning, and Games, 2006, section 2 and, for forgetting, 2.11). After a step,
such as a list switched, the short memory wins within some dozens of calls.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dialer.pacing.times import Floats, NonNegative

_MEMORIES = (60.0, 250.0, 1000.0, 4000.0)  # calls
_LIKE_EARLIER_DAYS = len(_MEMORIES)  # the last who guesses
_FORGET = 0.995  # of how well one foretold, at each call
_BIN_S = 5.0
_EVENT_LATE_S = 2.0  # what happened is told up to so much later
_RINGS_AT_MOST_S = 120.0  # a line that never ends must not keep us from learning
_DOUBT = 1.5  # spreads
_LEAST, _MOST = 0.005, 0.995
_SHIPPED, _SHIPPED_WEIGHT = 0.3, 15.0  # calls; before anything is known
_EARLIER_COUNT = 5000  # calls; earlier days weigh as so many at most


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Calls placed in an hour, and those of them that a person answered."""

    placed: NonNegative
    answered: NonNegative


class Chance:
    """Learns the chance from calls whose fate is known.

    Calls count once nothing placed as early rings any more, by the moment they were placed:
    answers come sooner than failures, and would weigh too much after every burst.
    """

    def __init__(self, earlier: Mapping[int, Tally] | None = None) -> None:
        self._earlier = dict(earlier or {})
        self._today: dict[int, Tally] = {}
        self._hour: int | None = None
        placed = sum(tally.placed for tally in self._earlier.values())
        answered = sum(tally.answered for tally in self._earlier.values())
        known = (answered + _SHIPPED * _SHIPPED_WEIGHT) / (placed + _SHIPPED_WEIGHT)
        self._bins: dict[int, list[int]] = {}  # placed, answered
        self._means = np.full(len(_MEMORIES) + 1, known)
        self._weights = np.full(len(_MEMORIES), _SHIPPED_WEIGHT)
        self._scores = np.zeros(len(_MEMORIES) + 1)
        self._calls = _SHIPPED_WEIGHT + placed  # that the value rests on
        self._value = _doubted(known, self._calls)

    def placed(self, at_s: float, calls: int) -> None:
        """Note calls placed at an instant."""
        if calls:
            self._bin(at_s)[0] += calls

    def not_placed(self, at_s: float, calls: int) -> None:
        """Note that so many of the calls noted at an instant were not placed after all."""
        kept = self._bin(at_s)
        kept[0] = max(0, kept[0] - calls)

    def answered(self, placed_at_s: float) -> None:
        """Note that a person has answered a call."""
        self._bin(placed_at_s)[1] += 1

    def learn(self, *, now_s: float, oldest_s: float, hour: int) -> None:
        """Learn from the calls placed before the oldest that rings, `oldest_s` ago."""
        if hour != self._hour:
            self._hour = hour
            known = self._earlier.get(hour)
            if known is not None and known.placed:
                self._means[_LIKE_EARLIER_DAYS] = known.answered / known.placed
        until = (now_s - min(oldest_s, _RINGS_AT_MOST_S) - _EVENT_LATE_S) // _BIN_S
        for index in sorted(each for each in self._bins if each < until):
            placed, answered = self._bins.pop(index)
            if placed:
                self._learn(placed, min(answered, placed), hour)
                trust = np.exp(self._scores - self._scores.max())
                believed = float((trust * self._means).sum() / trust.sum())
                self._calls += placed
                self._value = _doubted(believed, self._calls)

    def value(self) -> float:
        """Return the chance; greater than the best guess, as long as few calls are known."""
        return self._value

    def by_hour(self) -> dict[int, Tally]:
        """Return what is worth knowing tomorrow."""
        return {
            hour: _merged(self._earlier.get(hour), self._today.get(hour))
            for hour in sorted({*self._earlier, *self._today})
        }

    def _learn(self, placed: int, answered: int, hour: int) -> None:
        likely: Floats = np.clip(self._means, _LEAST, _MOST)
        told = answered * np.log(likely) + (placed - answered) * np.log1p(-likely)
        self._scores = self._scores * _FORGET**placed + told
        self._weights = np.minimum(
            self._weights + placed, np.maximum(np.array(_MEMORIES), float(placed))
        )
        own = self._means[:_LIKE_EARLIER_DAYS]
        own += (answered - placed * own) / self._weights
        if hour not in self._earlier:  # nobody knows it: no voice of its own
            self._means[_LIKE_EARLIER_DAYS] = own[1]
            self._scores[_LIKE_EARLIER_DAYS] = self._scores[1]
        before = self._today.get(hour, Tally(placed=0, answered=0))
        self._today[hour] = Tally(
            placed=before.placed + placed, answered=before.answered + answered
        )

    def _bin(self, at_s: float) -> list[int]:
        return self._bins.setdefault(int(at_s // _BIN_S), [0, 0])


def _doubted(mean: float, calls: float) -> float:
    """Return what is safe to believe: more answers than expected find too few agents."""
    mean = min(max(mean, _LEAST), _MOST)
    return min(mean + _DOUBT * math.sqrt(mean * (1 - mean) / calls), _MOST)


def _merged(earlier: Tally | None, today: Tally | None) -> Tally:
    placed = sum(tally.placed for tally in (earlier, today) if tally is not None)
    answered = sum(tally.answered for tally in (earlier, today) if tally is not None)
    part = min(1.0, _EARLIER_COUNT / placed) if placed else 1.0
    return Tally(placed=placed * part, answered=answered * part)
