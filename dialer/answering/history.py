"""Attempts that rang, as arrays: one entry an attempt."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MORNING_HOURS, AFTERNOON_HOURS = range(6, 12), range(12, 17)
_SURE = 0.999  # nothing is held for surer


class Part(IntEnum):
    """A part of the local day; nights go with the evening."""

    MORNING = 0
    AFTERNOON = 1
    EVENING = 2


def parts_of(hours: Whole) -> Whole:
    """Return the part of the day of each hour."""
    parts = np.full(hours.shape, int(Part.EVENING))
    parts[np.isin(hours, MORNING_HOURS)] = Part.MORNING
    parts[np.isin(hours, AFTERNOON_HOURS)] = Part.AFTERNOON
    return parts


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rung:
    """Attempts that rang at `owners` people, counted from 0.

    `odds` are the log odds of an answer as is usual for the hour, community and kind of phone.
    """

    owners: int
    owner: Whole
    part: Whole
    odds: Floats
    answered: Floats  # 0 or 1

    def only(self, which: Flags) -> Self:
        """Return some of the attempts; the people stay, also those left with none."""
        return type(self)(
            owners=self.owners,
            owner=self.owner[which],
            part=self.part[which],
            odds=self.odds[which],
            answered=self.answered[which],
        )


def log_odds(chance: Floats) -> Floats:
    """Return log odds of chances."""
    held = np.clip(chance, 1 - _SURE, _SURE)
    odds: Floats = np.log(held / (1 - held))
    return odds


def chance_of(odds: Floats) -> Floats:
    """Return the chances of log odds."""
    return 1 / (1 + np.exp(-np.clip(odds, -30, 30)))


def brier(foretold: Floats, answered: Floats) -> float | None:
    """Return the mean squared distance of what was foretold from what came (Brier, 1950)."""
    return float(np.mean((foretold - answered) ** 2)) if len(answered) else None
