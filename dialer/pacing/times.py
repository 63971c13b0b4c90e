"""Durations of one kind as a campaign's own calls have taught them.

No form is assumed: a distribution is its last observations, beside a prior that fades as they
come, thinned to equally likely points. The prior is the same hour of earlier days, or the shipped
one.
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field, NonNegativeInt

Floats = npt.NDArray[np.float64]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]

POINTS = 96  # by which a distribution is held while pacing
_KEPT = 1500  # observations
_KEPT_AN_HOUR = 400
_FADES = 6  # observations of the hour that outweigh one of the prior
_PRIOR_POINTS = 36
_EARLIER_POINTS = 48
_WORTH_BELIEVING = 24  # observations of an hour, for a prior of its own
_EARLIER_COUNT = 960  # earlier days weigh as so many observations at most


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """An hour of earlier days: equally likely seconds, ascending, and how many were observed."""

    points: tuple[NonNegative, ...]
    count: NonNegativeInt


class Times:
    """The durations of one kind."""

    def __init__(self, *, prior: Floats, earlier: Mapping[int, Earlier] | None = None) -> None:
        self._earlier = dict(earlier or {})
        self._seen: deque[float] = deque(maxlen=_KEPT)
        self._today: dict[int, deque[float]] = {}
        self._hour: int | None = None
        self._prior = prior
        for known in self._earlier.values():
            self._believe(known)  # any hour is better than what was shipped
        self._since = 0  # observations since the prior was chosen

    def see(self, seconds: float) -> None:
        """Learn one duration."""
        self._seen.append(seconds)
        self._since += 1
        if self._hour is not None:
            self._today.setdefault(self._hour, deque(maxlen=_KEPT_AN_HOUR)).append(seconds)

    def turn_to(self, hour: int) -> None:
        """Let what earlier days saw at this hour be the prior."""
        if hour == self._hour:
            return
        self._hour = hour
        if hour in self._earlier:
            self._believe(self._earlier[hour])

    def points(self) -> Floats:
        """Return equally likely seconds, ascending."""
        weight = max(0, len(self._prior) - self._since // _FADES)
        kept = _thinned(self._prior, weight)
        seen = np.fromiter(self._seen, float, len(self._seen))
        return _thinned(np.sort(np.concatenate((kept, seen))), POINTS)

    def by_hour(self) -> dict[int, Earlier]:
        """Return what is worth knowing tomorrow."""
        return {
            hour: _merged(self._earlier.get(hour), self._today.get(hour, ()))
            for hour in sorted({*self._earlier, *self._today})
        }

    def _believe(self, known: Earlier) -> None:
        if min(known.count, len(known.points)) >= _WORTH_BELIEVING:
            self._prior = np.array(known.points)
            self._since = 0


def lognormal(*, mean: float, sigma: float) -> Floats:
    """Return equally likely points of a lognormal distribution of this mean."""
    normal = NormalDist()
    shares = (np.arange(_PRIOR_POINTS) + 0.5) / _PRIOR_POINTS
    deviates = np.array([normal.inv_cdf(share) for share in shares.tolist()])
    points: Floats = np.exp(math.log(mean) - sigma * sigma / 2 + sigma * deviates)
    return points


def _thinned(ascending: Floats, points: int) -> Floats:
    """Return so many equally likely points of those."""
    if points == 0 or not len(ascending):
        return ascending[:0]
    at = (np.arange(points) + 0.5) / points * len(ascending) - 0.5
    low = np.clip(np.floor(at).astype(int), 0, len(ascending) - 1)
    high = np.minimum(low + 1, len(ascending) - 1)
    part = np.clip(at - low, 0.0, 1.0)
    found: Floats = ascending[low] * (1 - part) + ascending[high] * part
    return found


def _merged(earlier: Earlier | None, today: Iterable[float]) -> Earlier:
    new: Sequence[float] = sorted(today)
    if earlier is None:
        kept = _thinned(np.array(new, dtype=float), min(len(new), _EARLIER_POINTS))
        return Earlier(points=tuple(kept.tolist()), count=len(new))
    count = min(earlier.count, _EARLIER_COUNT)
    old = _thinned(np.array(earlier.points), count)
    every = np.sort(np.concatenate((old, np.array(new, dtype=float))))
    kept = _thinned(every, min(len(every), _EARLIER_POINTS))
    return Earlier(points=tuple(kept.tolist()), count=len(every))
