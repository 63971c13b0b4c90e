"""The chances that agents become free and calls are answered, by how long each has lasted.

Tables are made a slice at a time, so that no decision waits for them.
"""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from dialer.pacing.times import Floats

AGES: Floats = np.concatenate(
    (np.arange(0, 60, 2), np.arange(60, 240, 6), np.arange(240, 1200, 30))
).astype(float)
RING_AGES: Floats = np.arange(0.0, 91.0)  # whole seconds
_MOMENTS = (0.1, 0.3, 0.5, 0.7, 0.9)  # of the times to an answer: when odds are looked at
_WRAPS = 8
_SLICE = 6  # ages
_SEEN_ENOUGH = 4  # points that lasted so long; fewer say nothing of what comes after


@dataclass(frozen=True, kw_only=True, slots=True)
class Tables:
    """Chances; the second dimension is the moment of the answer."""

    talking: Floats  # by AGES of the talk: free by then
    wrapping: Floats  # by AGES of the wrap-up
    answering: Floats  # by RING_AGES, of calls that a person answers: rings still, answered by then
    still_person: Floats  # by RING_AGES: rings still, of those a person answers
    still_other: Floats  # of the others
    fresh: Floats  # of a call placed now, if a person answers: by then


def tables_in_slices(
    *, person: Floats, other: Floats, talk: Floats, wrap: Floats, grace_s: float
) -> Generator[None, None, Tables]:
    """Return the tables of what was learned, in half a millisecond a step.

    Args:
        person: equally likely seconds from placing a call to a person's answer, ascending.
        other: likewise to any other end.
        talk: likewise of talks.
        wrap: likewise of wrap-ups.
        grace_s: how long an owner who answered is willing to wait.
    """
    moments = np.quantile(person, _MOMENTS)
    until = moments + grace_s
    wraps = np.quantile(wrap, (np.arange(_WRAPS) + 0.5) / _WRAPS)
    parts: list[Floats] = []
    wholes: list[Floats] = []
    for start in range(0, len(AGES), _SLICE):
        ages = AGES[start : start + _SLICE]
        left = talk[None, :] > ages[:, None]
        ends = talk[None, :, None] + wraps[None, None, :] - ages[:, None, None]
        ends[~left] = np.inf
        parts.append(np.stack([(ends <= moment).sum((1, 2)) for moment in until], axis=1))
        wholes.append(left.sum(1) * float(_WRAPS))
        yield
    talking = _shares(np.concatenate(parts), np.concatenate(wholes), least=_SEEN_ENOUGH * _WRAPS)
    left = wrap[None, :] > AGES[:, None]
    gone = left[:, :, None] & (wrap[None, :, None] <= AGES[:, None, None] + until)
    wrapping = _shares(gone.sum(1).astype(float), left.sum(1).astype(float), least=_SEEN_ENOUGH)
    yield
    rings = person[None, :] > RING_AGES[:, None]
    answers = rings[:, :, None] & (person[None, :, None] <= RING_AGES[:, None, None] + moments)
    return Tables(
        talking=talking,
        wrapping=wrapping,
        answering=answers.mean(1),
        still_person=rings.mean(1),
        still_other=(other[None, :] > RING_AGES[:, None]).mean(1),
        fresh=(person[:, None] <= moments).mean(0),
    )


def tables(*, person: Floats, other: Floats, talk: Floats, wrap: Floats, grace_s: float) -> Tables:
    """Return the same at once."""
    steps = tables_in_slices(person=person, other=other, talk=talk, wrap=wrap, grace_s=grace_s)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            made: Tables = done.value
            return made


def _shares(part: Floats, whole: Floats, *, least: int) -> Floats:
    """Return part by whole; beyond what was seen, as at the last age that was seen enough."""
    found = np.where(whole[:, None] >= least, part / np.maximum(whole, 1.0)[:, None], np.nan)
    at = np.maximum.accumulate(np.where(whole >= least, np.arange(len(whole)), 0))
    shares: Floats = np.nan_to_num(found[at])
    return shares
