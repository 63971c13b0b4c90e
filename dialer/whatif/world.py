"""What is believed of people and times on the day: measured, and how far that may be trusted.

Every replication draws a world of its own: counts are drawn from their posterior, so an interval
over replications holds what is not known as well as what chance does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from dialer.scoring import Scoring
from dialer.shrinkage import Slot, Tally
from dialer.whatif.model import Place

UNANSWERED = ("no_answer", "busy", "rejected", "machine", "invalid_number", "congestion")
_PRIOR_UNANSWERED = {  # per hundred, before there is history: near the departments' reports
    "no_answer": 60.0,
    "busy": 14.0,
    "rejected": 14.0,
    "machine": 7.0,
    "invalid_number": 3.0,
    "congestion": 2.0,
}
_PRIOR_WEIGHT = 20.0  # so many calls the shipped shares are worth
_PRIOR_CODES = {"information_given": 70.0, "hung_up": 15.0, "no_reply": 8.0, "not_the_owner": 7.0}
_PRIOR_TIMES: Mapping[str, tuple[float, ...]] = {  # seconds; means as the pacer's cold start has
    "live": (6.0, 9.0, 12.0, 15.0, 18.0, 22.0),
    "other": (5.0, 12.0, 20.0, 30.0, 30.0),
    "machine": (18.0, 22.0, 26.0, 30.0),
    "talk": (30.0, 60.0, 90.0, 120.0, 160.0, 260.0),
    "look": (12.0, 20.0, 25.0, 30.0, 38.0),
    "wrap": (12.0, 20.0, 28.0, 36.0, 54.0),
}
LEAST_TIMES = 30  # seen; fewer are no distribution
_DAY_SPREAD = 0.05  # of the chance, from day to day, before days have shown their own
_UNSEEN = 25.0  # without any history the level of the chance is known to a fifth
_AGAIN_WEIGHT = 60.0  # calls: whom an earlier call did not reach is as likely to answer
_HOUSE_WEIGHT = 40.0  # calls the shape of the day is worth against an hour of the house
_SKIP_WEIGHT, _WITHDRAWN_WEIGHT = 40.0, 40.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What is on file of the last months; times are points of a distribution, seconds."""

    tallies: Mapping[tuple[int, Slot], Tally] = field(default_factory=dict)
    unanswered: Mapping[str, int] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # by reason
    times: Mapping[str, Sequence[float]] = field(default_factory=dict)
    again_expected: float = 0.0  # answers that calls after the first would have had by the hour
    again_answers: int = 0
    again_calls: int = 0
    shown: int = 0
    skipped: int = 0
    withdrawn: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # of so many call-days
    days: int = 0

    @property
    def attempts(self) -> int:
        """How many calls the chances rest on."""
        return sum(each.attempts for each in self.tallies.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Shares:
    """Words with their shares, added up: a uniform draw finds its word by bisection."""

    words: tuple[str, ...]
    upto: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """One replication's world."""

    chance: Sequence[Sequence[float]]  # by place and bucket
    again: float
    unanswered: Shares
    codes: Mapping[str, Shares]  # by reason; "" for the others
    times: Mapping[str, Sequence[float]]
    skips: float
    withdrawn: Mapping[str, float]


class World:
    """Everything believed before the day, drawn from once a replication."""

    def __init__(self, seen: Seen, *, places: Sequence[Place], scoring: Scoring) -> None:
        self.seen = seen
        self._weights = _beliefs(seen, places, scoring)
        self.times = {
            kind: tuple(seen.times.get(kind, ())) or prior for kind, prior in _PRIOR_TIMES.items()
        } | {kind: tuple(points) for kind, points in seen.times.items() if kind not in _PRIOR_TIMES}

    def chance_of(self, place: int, bucket: int) -> float:
        """Return the chance that a call of a community is answered at that hour: the mean."""
        answers, failures = self._weights[place][bucket]
        return answers / (answers + failures)

    def draw(self, rng: np.random.Generator) -> Drawn:
        """Draw a world."""
        seen = self.seen
        today = float(np.exp(rng.normal(0.0, _DAY_SPREAD)))
        # One draw moves a community's hours together as far as what they share is uncertain.
        house = float(np.exp(rng.normal(0.0, 1.0 / (_UNSEEN + seen.attempts / 4.0) ** 0.5)))
        known: dict[tuple[float, float], float] = {}
        chance = []
        for buckets in self._weights:
            row = []
            for pair in buckets:
                if pair not in known:
                    known[pair] = min(0.97, float(rng.beta(*pair)) * today * house)
                row.append(known[pair])
            chance.append(row)
        again = _again(seen)
        sd = (again / max(4.0, _AGAIN_WEIGHT * 0.3 + seen.again_expected)) ** 0.5
        return Drawn(
            chance=chance,
            again=max(0.2, float(rng.normal(again, sd))),
            unanswered=_shares(rng, seen.unanswered, _PRIOR_UNANSWERED),
            codes={
                reason: _shares(rng, counts, _PRIOR_CODES)
                for reason, counts in (*sorted(seen.codes.items()), ("", _all(seen.codes)))
            },
            times=self.times,
            skips=float(rng.beta(seen.skipped + 0.5, seen.shown - seen.skipped + _SKIP_WEIGHT)),
            withdrawn={
                reason: float(rng.beta(gone + 0.5, max(0, days - gone) + _WITHDRAWN_WEIGHT))
                for reason, (gone, days) in sorted(seen.withdrawn.items())
            },
        )


def _beliefs(
    seen: Seen, places: Sequence[Place], scoring: Scoring
) -> list[list[tuple[float, float]]]:
    """Return answers and failures by place and bucket, what is known elsewhere counted in."""
    learning, prior = scoring.learning, scoring.answer_chance
    everywhere: dict[Slot, Tally] = {}
    for (_, slot), tally in seen.tallies.items():
        everywhere[slot] = everywhere.get(slot, Tally(attempts=0, answers=0)) + tally
    total = sum(each.attempts for each in everywhere.values())
    expected = sum(each.attempts * prior[slot.hour] for slot, each in everywhere.items())
    answers = sum(each.answers for each in everywhere.values())
    # The shipped curve gives the day its shape; its height is the house's own.
    height = (answers + 20.0) / (expected + 20.0) if total else 1.0

    def belief(place: Place, hour: int) -> tuple[float, float]:
        slot = Slot(weekend=place.weekend, hour=hour)
        house = everywhere.get(slot, Tally(attempts=0, answers=0))
        other = everywhere.get(Slot(weekend=not place.weekend, hour=hour))
        shape = min(0.95, prior[hour] * height)
        if other is not None:  # the other kind of day says something, too
            shape = (other.answers + 30 * shape) / (other.attempts + 30)
        weight = _HOUSE_WEIGHT
        rate = (house.answers + weight * shape) / (house.attempts + weight)
        own = seen.tallies.get((place.community_id, slot), Tally(attempts=0, answers=0))
        known = learning.community_weight
        return (own.answers + known * rate, own.attempts - own.answers + known * (1 - rate))

    return [[belief(place, hour) for hour in place.hours] for place in places]


def _again(seen: Seen) -> float:
    return (seen.again_answers + _AGAIN_WEIGHT * 0.3) / (seen.again_expected + _AGAIN_WEIGHT * 0.3)


def _shares(
    rng: np.random.Generator, counts: Mapping[str, int], prior: Mapping[str, float]
) -> Shares:
    weight = _PRIOR_WEIGHT / sum(prior.values())
    if sum(counts.values()) >= LEAST_TIMES:
        weight /= 20  # what was seen speaks for itself; nothing is impossible
    words = tuple(dict.fromkeys((*prior, *sorted(counts))))
    alphas = [counts.get(word, 0) + weight * prior.get(word, 0.0) for word in words]
    drawn = rng.dirichlet([max(each, 1e-6) for each in alphas])
    return Shares(words=words, upto=tuple(accumulate(float(each) for each in drawn)))


def _all(codes: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for counts in codes.values():
        for word, count in counts.items():
            found[word] = found.get(word, 0) + count
    return found
