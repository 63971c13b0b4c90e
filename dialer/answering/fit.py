"""How far owners differ and how well that foretells: learned from some owners, for all of them."""

from dataclasses import dataclass

import numpy as np

from dialer.answering.calibration import AS_FORETOLD, Line, line_of
from dialer.answering.history import Rung, Whole, brier, chance_of, parts_of
from dialer.answering.owners import Owners, Spread, owners_of, spread_of
from dialer.answering.usual import Coded, Usual


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """What was learned of all owners together; the Brier scores are of the attempts held out."""

    spread: Spread
    line: Line
    held_out: int
    brier: float | None
    brier_place: float | None  # of the hour of the community alone


def rung_of(person: Whole, given: Coded, usual: Usual) -> Rung:
    """Put attempts together, those of a person beside one another or not."""
    people, owner = np.unique(person, return_inverse=True)
    return Rung(
        owners=len(people),
        owner=owner,
        part=parts_of(given.hour),
        odds=usual.odds(given),
        answered=given.answered,
    )


def fit_of(person: Whole, given: Coded, *, before: Usual, usual: Usual) -> Fit:
    """Learn from attempts of some owners; `before` is what was usual without the days held out.

    How far owners differ is learned from all the attempts. The days held out set nothing right
    while there is less before them: what they would judge is not what will be foretold.
    """
    spread = spread_of(rung_of(person, given, usual))
    rung, late = rung_of(person, given, before), given.held_out
    early, held_out = rung.only(~late), rung.only(late)
    foretold = owners_of(early, spread).foretold(held_out)
    is_enough = len(early.odds) >= len(held_out.odds)
    line = line_of(foretold, held_out.answered) if is_enough else AS_FORETOLD
    hours = before.of_hours(given)[late]
    return Fit(
        spread=spread,
        line=line,
        held_out=len(foretold),
        brier=brier(chance_of(line.slope * foretold + line.shift), held_out.answered),
        brier_place=brier(chance_of(hours), held_out.answered),
    )


def owners_by(fit: Fit, rung: Rung) -> Owners:
    """Return each owner's line, set right."""
    return owners_of(rung, fit.spread).set_right(fit.line)
