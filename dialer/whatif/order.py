"""In which order a day's due calls are taken, as the ready window and the agents' choice do it."""

from collections.abc import Sequence

import numpy as np

from dialer.scoring import Weights
from dialer.whatif.model import BUCKET_S, Day, Manner
from dialer.whatif.world import World

_APPOINTMENT = 1000.0  # before everything else, as in the ready window
_HOUR_S = 3600.0


class Order:
    """Ranks of a day's due calls by half an hour: the lowest comes first."""

    def __init__(self, day: Day, world: World, weights: Weights) -> None:
        due = day.due
        self._day, self._world, self._weights = day, world, weights
        self._due_s = np.array([each.due_s for each in due], dtype=float)
        self._priority = np.array([each.priority for each in due], dtype=float).clip(0, 100)
        self._appointment = np.array([each.appointment for each in due], dtype=bool)
        self._place = np.array([each.place for each in due], dtype=int)
        self._automatic = np.array(
            [day.lanes[each.lane].manner is Manner.AUTOMATIC for each in due], dtype=bool
        )
        ranked = np.lexsort((self._due_s, -self._priority, ~self._appointment))
        self._of_agents = np.empty(len(due))
        self._of_agents[ranked] = np.arange(len(due), dtype=float)
        self._known: dict[int, Sequence[float]] = {}

    def at(self, bucket: int) -> Sequence[float]:
        """Return every due call's rank in a bucket of the day."""
        if bucket not in self._known:
            self._known[bucket] = self._ranks(bucket)
        return self._known[bucket]

    def _ranks(self, bucket: int) -> list[float]:
        weights = self._weights
        hours = np.maximum(0.0, self._due_s - bucket * BUCKET_S) / _HOUR_S
        chances = np.array(
            [self._world.chance_of(place, bucket) for place in range(len(self._day.places))] or [0]
        )
        score = (
            np.where(self._appointment, _APPOINTMENT, 0.0)
            + weights.deadline * 0.5 ** (hours / weights.deadline_half_hours)
            + weights.priority * self._priority / 100
            + weights.answer * chances[self._place]
        )
        ranks: list[float] = np.where(self._automatic, -score, self._of_agents).tolist()
        return ranks
