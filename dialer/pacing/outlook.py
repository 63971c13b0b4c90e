"""Who is free, and who has answered, by the moment a call placed now is answered.

Agents who become free and lines that are answered by then are independent things of known odds,
by how long each has lasted. How many happen is a Poisson binomial count: exact by its
characteristic function while they are few (Hong 2013, Computational Statistics & Data Analysis
59: 41-51), normal where they are many.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.fft import irfft

from dialer.pacing.tables import AGES, RING_AGES, Tables
from dialer.pacing.times import Floats

_EXACTLY = 64  # uncertain things; more are as good as normal
_TINY = 1e-12
_LEAST_VARIANCE = 0.05
_MIDDLE = 2  # of the moments


def _waves(count: int) -> np.ndarray[tuple[int], np.dtype[np.complex128]]:
    """Return e^(-2 pi i k / count) - 1 for the first half of the circle."""
    turns = np.arange(count // 2 + 1) / count
    waves: np.ndarray[tuple[int], np.dtype[np.complex128]] = np.exp(-2j * np.pi * turns) - 1
    return waves


_WAVES = tuple(_waves(count) for count in range(1, _EXACTLY + 2))


class Outlook:
    """The odds of an owner who is called now, and of one called after so many more."""

    def __init__(
        self,
        known: Tables,
        *,
        chance: float,
        spare: int,
        talking: Sequence[float],
        wrapping: Sequence[float],
        ringing: Sequence[float],
    ) -> None:
        """Look ahead.

        Args:
            known: what was learned.
            chance: that a call placed now reaches a person.
            spare: idle agents less people who wait for one.
            talking: seconds since each talk began.
            wrapping: seconds since each wrap-up began.
            ringing: seconds since each ringing call was placed.
        """
        self._fresh = chance * known.fresh
        self._free = np.concatenate(
            (
                known.talking[AGES.searchsorted(talking, "right") - 1],
                known.wrapping[AGES.searchsorted(wrapping, "right") - 1],
            )
        )
        at = np.minimum(np.array(ringing, dtype=np.intp), len(RING_AGES) - 1)
        person = chance * known.still_person[at]
        rings = person + (1 - chance) * known.still_other[at] + _TINY
        self._due = known.answering[at] * (chance / rings)[:, None]
        self._spare = spare
        self._uncertain = len(self._free) + len(self._due)
        self.free_soon = float(self._free[:, _MIDDLE].sum())
        self.due = float((person / rings).sum())

    def calls_within(self, limit: float, *, most: int) -> tuple[int, float]:
        """Return how many calls keep each one's odds within the limit, and the next one's odds.

        Args:
            limit: the worst chance, of one who answers, to meet nobody.
            most: calls, at most.
        """
        low = 0
        if self._uncertain <= _EXACTLY:
            low, odds, sure = self._walk(limit, most=min(most, _EXACTLY))
            if sure or low >= most:
                return low, odds
        nearly = self._normal()
        if low == 0 and (odds := nearly(0)) > limit:
            return 0, odds
        high = most  # the answer lies from `low` to `high`, both included
        while low < high:
            middle = (low + high) // 2
            if nearly(middle) <= limit:
                low = middle + 1
            else:
                high = middle
        return low, nearly(low)

    def _walk(self, limit: float, *, most: int) -> tuple[int, float, bool]:
        """Return calls, the next one's odds, and whether the limit was met on the way.

        One call more is answered by then or not; if it is, one agent more must be free.
        """
        below = _cumulated(self._free, self._due)
        need = len(self._due) - self._spare  # so many things at most: nobody is free
        now = _mean(below[min(need, self._uncertain)]) if need >= 0 else 0.0
        if now > limit + _TINY or most == 0:
            return 0, now, now > limit + _TINY
        needed = need + np.arange(most + 1)
        odds = below[np.minimum(np.maximum(needed, 0), self._uncertain)]
        odds[needed < 0] = 0.0
        for calls in range(1, most + 1):
            odds = odds[:-1] + self._fresh * (odds[1:] - odds[:-1])
            now = _mean(odds[0])
            if now > limit + _TINY:
                return calls, now, True
        return most, now, False

    def _normal(self) -> Callable[[int], float]:
        """Return the odds by number of calls, the counts taken as normal."""
        mean = (self._spare - 0.5 + self._free.sum(0) - self._due.sum(0)).tolist()
        free, due = self._free * (1 - self._free), self._due * (1 - self._due)
        spread = (free.sum(0) + due.sum(0)).tolist()
        fresh = self._fresh.tolist()

        def nearly(calls: int) -> float:
            total = 0.0
            for m, v, q in zip(mean, spread, fresh, strict=True):
                variance = max(v + calls * q * (1 - q), _LEAST_VARIANCE)
                total += 0.5 * math.erfc((m - calls * q) / math.sqrt(2 * variance))
            return total / len(mean)

        return nearly


def _mean(odds: Floats) -> float:
    return float(odds.sum()) / len(odds)


def _cumulated(free: Floats, due: Floats) -> Floats:
    """Return, for each moment, the chance that at most so many of the things happen.

    The things: an agent becomes free, a line is not answered.
    """
    chances = np.concatenate((free, 1 - due))
    count = len(chances)
    transformed = (1 + chances[:, None, :] * _WAVES[count][:, None]).prod(0)
    below: Floats = irfft(transformed, n=count + 1, axis=0).cumsum(0)
    return below
