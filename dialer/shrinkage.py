"""The chance that somebody answers at an hour: counts, shrunk towards what is known already.

An hour of a community is estimated by its own attempts and, where those are few, by that hour in
all communities, which is itself held to the shipped curve. Each step is the mean of a beta
distribution after binomial counts: `weight` attempts at the rate known before join those observed
(Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.4).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialer.scoring import Learning


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """An hour of the local day, from 0 to 23, on working days or on weekends."""

    weekend: bool
    hour: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Attempts that rang, and those of them that a person answered."""

    attempts: int
    answers: int

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(attempts=self.attempts + other.attempts, answers=self.answers + other.answers)


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A chance from 0 to 1, and the counts of its own that it rests on."""

    chance: float
    tally: Tally


def shrunk(tally: Tally, *, towards: float, weight: float) -> float:
    """Return the observed rate, drawn to what was known as if by `weight` more attempts."""
    return (tally.answers + weight * towards) / (tally.attempts + weight)


def learned(
    history: Mapping[tuple[int, Slot], Tally], *, prior: Sequence[float], learning: Learning
) -> dict[tuple[int | None, Slot], Estimate]:
    """Return the estimate for each hour of a community with history, and for it everywhere.

    Args:
        history: what was counted, by community and slot.
        prior: the chance by hour, from 0, before there is history.
        learning: the weights.

    Returns:
        By community and slot; None stands for all communities together.
    """
    everywhere: dict[Slot, Tally] = {}
    for (_, slot), tally in history.items():
        everywhere[slot] = everywhere.get(slot, Tally(attempts=0, answers=0)) + tally
    found: dict[tuple[int | None, Slot], Estimate] = {
        (None, slot): Estimate(
            chance=shrunk(tally, towards=prior[slot.hour], weight=learning.house_weight),
            tally=tally,
        )
        for slot, tally in everywhere.items()
    }
    for (community_id, slot), tally in history.items():
        towards = found[None, slot].chance
        found[community_id, slot] = Estimate(
            chance=shrunk(tally, towards=towards, weight=learning.community_weight), tally=tally
        )
    return found
