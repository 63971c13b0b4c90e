"""How owners differ from what is usual at their hour: each held to the others by how they differ.

An owner's log odds of an answer are those of the hour, of the community and of the kind of phone,
plus what is their own all day, plus what is their own in a part of the day. Both own parts are
normal over all owners, of spreads that are learned: the pair that makes the history most likely,
by Laplace's approximation (Gelman et al., Bayesian Data Analysis, 3rd ed., sections 5.5 and 13.3).
An owner's own parts are the most likely ones given those spreads, so few attempts move little.

What is foretold is the mean over what the own parts may yet be; the mean of a logistic curve over a
normal spread is about the curve of odds that are held in (MacKay, 1992, "The evidence framework
applied to classification networks", section 2.4).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from dialer.answering.calibration import Line
from dialer.answering.history import Floats, Part, Rung, Whole, chance_of

PARTS = len(Part)
_MACKAY = np.pi / 8
_NEWTON = 6  # steps; the likelihood is concave, and the last ones change nothing that is seen
_NO_SPREAD = 1e-3  # in place of none, for an inverse
_SPREADS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2)
_TASTES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.1)
_ROUNDS = 2
_FEWEST = 30  # owners; fewer say nothing of how owners differ

Matrices = npt.NDArray[np.float64]  # of owners, by part and part


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """How far owners differ, in log odds: `own` all day, `taste` by the part of the day."""

    own: float = 0.0
    taste: float = 0.0

    @property
    def between(self) -> Floats:
        """How the own parts of an owner go together, by part and part."""
        taste = max(self.taste, _NO_SPREAD) ** 2
        return np.full((PARTS, PARTS), self.own**2) + taste * np.eye(PARTS)

    @property
    def held_in(self) -> float:
        """By how much the odds at an hour, which are of a mean, are held in."""
        return float(np.sqrt(1 + _MACKAY * (self.own**2 + self.taste**2)))


NOBODY_DIFFERS = Spread()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Owners:
    """Each owner's line by part of the day: log odds become slope times them, plus shift."""

    slopes: Floats  # owners by part
    shifts: Floats

    def foretold(self, rung: Rung) -> Floats:
        """Return the log odds of attempts at these owners."""
        place = rung.owner, rung.part
        odds: Floats = self.slopes[place] * rung.odds + self.shifts[place]
        return odds

    def set_right(self, line: Line) -> Self:
        """Return them with another line over their own."""
        return type(self)(
            slopes=line.slope * self.slopes, shifts=line.slope * self.shifts + line.shift
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Mode:
    own: Floats  # owners by part
    precision: Matrices
    fit: float  # log likelihood and prior, summed


def owners_of(rung: Rung, spread: Spread) -> Owners:
    """Return what was learned of each owner from their attempts."""
    mode = _most_likely(rung, spread)
    left = np.einsum("npp->np", np.linalg.inv(mode.precision))
    held = np.sqrt(1 + _MACKAY * left)
    return Owners(slopes=spread.held_in / held, shifts=mode.own / held)


def spread_of(rung: Rung) -> Spread:
    """Return how far owners differ; nobody does where the history does not show it."""
    if rung.owners < _FEWEST:
        return NOBODY_DIFFERS
    best, most = NOBODY_DIFFERS, evidence(rung, NOBODY_DIFFERS)
    for _ in range(_ROUNDS):
        before = best
        for each in _neighbours(best):
            found = evidence(rung, each)
            if found > most:
                best, most = each, found
        if best == before:
            break
    return best


def _neighbours(at: Spread) -> Sequence[Spread]:
    return [
        *(Spread(own=own, taste=at.taste) for own in _SPREADS),
        *(Spread(own=at.own, taste=taste) for taste in _TASTES),
    ]


def evidence(rung: Rung, spread: Spread) -> float:
    """Return the log of how likely the history is if owners differ so far."""
    mode = _most_likely(rung, spread)
    prior = np.linalg.slogdet(np.linalg.inv(spread.between)).logabsdet
    curved = np.linalg.slogdet(mode.precision).logabsdet
    return mode.fit + float(np.sum(prior - curved)) / 2


def _most_likely(rung: Rung, spread: Spread) -> _Mode:
    """Find the own parts by Newton's method, of all owners at once."""
    place = rung.owner * PARTS + rung.part
    shape = (rung.owners, PARTS)
    prior = np.linalg.inv(spread.between)
    odds = spread.held_in * rung.odds
    own = np.zeros(shape)
    eye = np.eye(PARTS)
    for _ in range(_NEWTON):
        chance = chance_of(odds + own.reshape(-1)[place])
        pull = _by_place(rung.answered - chance, place, shape) - own @ prior
        precision = _by_place(chance * (1 - chance), place, shape)[:, :, None] * eye + prior
        own = own + np.clip(np.linalg.solve(precision, pull[:, :, None])[:, :, 0], -2, 2)
    chance = chance_of(odds + own.reshape(-1)[place])
    precision = _by_place(chance * (1 - chance), place, shape)[:, :, None] * eye + prior
    said = np.where(rung.answered > 0, chance, 1 - chance)
    fit = np.sum(np.log(said)) - np.einsum("np,pq,nq->", own, prior, own) / 2
    return _Mode(own=own, precision=precision, fit=float(fit))


def _by_place(values: Floats, place: Whole, shape: tuple[int, int]) -> Floats:
    summed = np.bincount(place, weights=values, minlength=shape[0] * shape[1])
    return summed.astype(np.float64).reshape(shape)
