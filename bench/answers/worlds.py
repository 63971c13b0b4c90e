"""The chance of an answer beside plain means, in invented towns whose truth is known.

In each town owners are rung for 90 days at hours of the working day; what is learned of these days
foretells the two weeks after. The oracle knows each owner's true chance: nothing foretells better.
"""

from dataclasses import dataclass

import numpy as np

from core.phone import PhoneKind
from dialer.answering.fit import fit_of, rung_of
from dialer.answering.history import Flags, Floats, Whole, brier, chance_of, log_odds, parts_of
from dialer.answering.owners import PARTS, owners_of
from dialer.answering.usual import KINDS, Coded, Usual, usual_of
from dialer.scoring import shipped_scoring

TARGET_NO_LOSS = 1.002  # our Brier score over the better mean's where owners do not differ

_DAYS, _TO_COME = 90, 14
_HOURS = range(9, 20)
_CURVE = (0.28, 0.33, 0.35, 0.30, 0.25, 0.27, 0.30, 0.34, 0.42, 0.50, 0.48)
_FIXED_SHARE = 0.3
_SILENT_SHARE, _SILENT = 0.3, -3.0
_SAMPLE = 60_000  # attempts, as the nightly learning takes them


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """How a town differs: spreads of log odds, and what a fixed line adds to them."""

    name: str
    place: float = 0.0
    own: float = 0.0
    taste: float = 0.0
    fixed: float = 0.0
    has_silent: bool = False  # three owners in ten hardly ever answer: no normal spread
    calls: float = 10.0  # an owner, on average

    @property
    def owners_differ(self) -> bool:
        """Whether there is anything to learn of owners and their phones."""
        return self.own > 0 or self.taste > 0 or self.fixed != 0 or self.has_silent


WORLDS = (
    World(name="only the hour matters"),
    World(name="communities differ", place=0.5),
    World(name="kinds of phones differ", fixed=-1.2),
    World(name="owners differ", own=1.0),
    World(name="owners differ by part of the day", own=0.6, taste=0.9),
    World(name="all differ", place=0.4, own=0.8, taste=0.5, fixed=-0.8),
    World(name="all differ, three calls an owner", place=0.4, own=0.8, taste=0.5, calls=3.0),
    World(name="three in ten hardly answer", own=0.3, has_silent=True),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """Brier scores of the two weeks to come; lower is better."""

    ours: float
    hour: float
    place: float
    oracle: float

    @property
    def gained(self) -> float:
        """How much of the way from the hour's mean to the oracle ours goes."""
        return (self.hour - self.ours) / (self.hour - self.oracle)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Town:
    person: Whole
    given: Coded
    truth: Floats
    to_come: Flags


def scores(world: World, *, owners: int, communities: int, seed: int) -> Scores:
    """Learn of a town's 90 days and foretell its next two weeks."""
    town = _town(world, owners=owners, communities=communities, seed=seed)
    given, past = town.given, ~town.to_come
    early = past & ~given.held_out
    sample = past & (town.person < owners * _SAMPLE / max(_SAMPLE, past.sum()))
    usual, before = _usual(_only(given, past)), _usual(_only(given, early))
    fit = fit_of(town.person[sample], _only(given, sample), before=before, usual=usual)
    rung = rung_of(town.person, given, usual)
    lines = owners_of(rung.only(past), fit.spread).set_right(fit.line)
    ours = chance_of(lines.foretold(rung.only(town.to_come)))
    came = given.answered[town.to_come]
    place = given.community * 24 + given.hour
    found = [
        brier(foretold, came)
        for foretold in (
            ours,
            _mean_of(given.hour, town, given.answered),
            _mean_of(place, town, given.answered),
            town.truth[town.to_come],
        )
    ]
    return Scores(**dict(zip(("ours", "hour", "place", "oracle"), map(_known, found), strict=True)))


def _town(world: World, *, owners: int, communities: int, seed: int) -> _Town:
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(owners), rng.poisson(world.calls * 104 / _DAYS, owners))
    rung = len(person)
    day, hour = rng.integers(0, _DAYS + _TO_COME, rung), rng.choice(list(_HOURS), rung)
    community = rng.integers(1, communities + 1, owners)[person]
    is_fixed = (rng.random(owners) < _FIXED_SHARE)[person]
    own = world.own * rng.normal(size=owners)
    own += _SILENT * (world.has_silent & (rng.random(owners) < _SILENT_SHARE))
    odds = (
        log_odds(np.array(_CURVE))[hour - _HOURS[0]]
        + world.place * rng.normal(size=communities)[community - 1]
        + world.fixed * is_fixed
        + own[person]
        + world.taste * rng.normal(size=(owners, PARTS))[person, parts_of(hour)]
    )
    truth = chance_of(odds)
    held_out = (day >= _DAYS - shipped_scoring().learning.held_out_days) & (day < _DAYS)
    kind = np.where(is_fixed, KINDS.index(PhoneKind.FIXED), KINDS.index(PhoneKind.MOBILE))
    code = (kind * 2 * 24 + hour) * 4 + held_out * 2 + (rng.random(rung) < truth)
    given = Coded(community=community, code=code)
    return _Town(person=person, given=given, truth=truth, to_come=day >= _DAYS)


def _only(given: Coded, which: Flags) -> Coded:
    return Coded(community=given.community[which], code=given.code[which])


def _usual(given: Coded) -> Usual:
    rules = shipped_scoring()
    pairs, counts = np.unique(np.stack([given.community, given.code]), axis=1, return_counts=True)
    places = Coded(community=pairs[0], code=pairs[1])
    return usual_of(places, counts, prior=rules.answer_chance, learning=rules.learning)


def _mean_of(cell: Whole, town: _Town, answered: Floats) -> Floats:
    """Return the plain mean of each cell's past for the calls to come; of none yet, of all."""
    past = ~town.to_come
    size = int(cell.max()) + 1
    calls = np.bincount(cell[past], minlength=size)
    answers = np.bincount(cell[past], weights=answered[past], minlength=size)
    means = np.where(calls > 0, answers / np.maximum(calls, 1), answered[past].mean())
    foretold: Floats = means[cell[town.to_come]]
    return foretold


def _known(score: float | None) -> float:
    if score is None:
        message = "the town is too small: nobody is rung in the weeks to come"
        raise ValueError(message)
    return score
