"""Calls foretold beside calls that came: a line that sets them right, and how far they are off."""

from dataclasses import dataclass

import numpy as np

from dialer.answering.history import Floats, chance_of

_FEWEST = 200  # held out; fewer say nothing of a line
_TRUSTED = 0.3  # how far, in log odds, the line lies from none before anything was seen
_NEWTON = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """Log odds as foretold become slope times them, plus shift."""

    slope: float = 1.0
    shift: float = 0.0


AS_FORETOLD = Line()


def line_of(odds: Floats, answered: Floats) -> Line:
    """Return the line that sets right what was foretold of days held out (Platt, 1999).

    Held to none as if by what is usual, so that few calls move it little; it never turns the order
    of calls around.
    """
    if len(odds) < _FEWEST:
        return AS_FORETOLD
    given = np.stack([odds, np.ones_like(odds)])
    known, weight = np.array([1.0, 0.0]), np.eye(2) / _TRUSTED**2
    line = known.copy()
    for _ in range(_NEWTON):
        chance = chance_of(line @ given)
        pull = given @ (answered - chance) - weight @ (line - known)
        precision = (given * (chance * (1 - chance))) @ given.T + weight
        line = line + np.clip(np.linalg.solve(precision, pull), -1, 1)
    return Line(slope=max(0.1, float(line[0])), shift=float(line[1]))
