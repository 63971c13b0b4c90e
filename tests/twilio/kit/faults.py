"""What goes wrong at the emulated carrier, by plan or by chance with a seed."""

import random
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """How a request to the API fails."""

    TOO_MANY = "429"  # nothing was done
    BROKEN = "500 before"  # nothing was done
    BROKEN_AFTER = "500 after"  # it was done
    LOST = "answer lost"  # it was done, and the connection is cut
    LATE = "answer too late"  # it was done, and nobody waits so long for the answer
    CUT = "connection cut"  # nothing was done


DONE = frozenset({Fault.BROKEN_AFTER, Fault.LOST, Fault.LATE})


@dataclass(kw_only=True)
class Faults:
    """What the next requests meet; `of_creating` and `of_asking` are shares, 0-1, by fault."""

    seed: int = 1
    of_creating: dict[Fault, float] = field(default_factory=dict)
    of_asking: dict[Fault, float] = field(default_factory=dict)
    next_creating: deque[Fault | None] = field(default_factory=deque)
    next_asking: deque[Fault | None] = field(default_factory=deque)
    met: list[Fault] = field(default_factory=list)
    late_s: float = 30.0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def draw(self, *, creates: bool) -> Fault | None:
        """Return what a request meets: what was planned, then chance."""
        planned = self.next_creating if creates else self.next_asking
        fault = planned.popleft() if planned else self._by_chance(creates=creates)
        if fault is not None:
            self.met.append(fault)
        return fault

    def _by_chance(self, *, creates: bool) -> Fault | None:
        mark = self._random.random()
        for fault, share in (self.of_creating if creates else self.of_asking).items():
            mark -= share
            if mark < 0:
                return fault
        return None


@dataclass(kw_only=True)
class Disorder:
    """How callbacks arrive: late, twice, lost, in any order; shares are 0-1."""

    seed: int = 1
    late: float = 0.0  # share that waits up to `late_s`
    late_s: float = 0.0
    twice: float = 0.0
    lost: float = 0.0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    @property
    def keeps_order(self) -> bool:
        """Whether callbacks of a call come one after the other."""
        return self.late == 0

    def delays(self) -> list[float]:
        """Return when copies of one callback arrive, each so many seconds late; none: lost."""
        if self._random.random() < self.lost:
            return []
        copies = 2 if self._random.random() < self.twice else 1
        return [self._delay() for _ in range(copies)]

    def _delay(self) -> float:
        return self._random.uniform(0, self.late_s) if self._random.random() < self.late else 0.0
