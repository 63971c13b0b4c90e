"""The agents of a replication: their shifts, who waits, who is busy."""

from collections.abc import Sequence

import numpy as np

from dialer.whatif.model import Manner, Seat


class Floor:
    """The agents of a replication: their shifts, who waits, who is busy."""

    def __init__(
        self,
        seats: Sequence[Seat],
        manners: Sequence[Manner],
        queues: set[int],
        rng: np.random.Generator,
    ) -> None:
        draws = rng.random(len(seats))
        self.shifts = [
            each.days[int(draws[nth] * len(each.days))] if each.days else ()
            for nth, each in enumerate(seats)
        ]
        held = [sorted(each.lanes & queues) for each in seats]
        self.asks = [
            [q for q in lanes if manners[q] in {Manner.PREVIEW, Manner.PROGRESSIVE}]
            for lanes in held
        ]
        self.ahead = [[q for q in lanes if manners[q] is Manner.PREDICTIVE] for lanes in held]
        self.predictive = sorted({q for lanes in self.ahead for q in lanes})
        self.busy = [False] * len(seats)
        self.present_s = 0.0
        self.look_again = False
        self.pending: dict[int, str] = {}  # answered calls that wait, with what they will come to
        self.ahead_idle: dict[int, None] = {}  # in the order of becoming so
        self.ahead_present = 0
        self._idle: dict[int, None] = {}
        self._since = [0.0] * len(seats)
        self._until = [-1.0] * len(seats)

    def comes(self, agent: int, now: float, end: float) -> None:
        """Let an agent begin a stretch of their shift."""
        if self._until[agent] < 0:
            self._since[agent] = now
            if self.ahead[agent]:
                self.ahead_present += 1
        self._until[agent] = end

    def goes(self, agent: int, now: float) -> bool:
        """Let an agent whose shift is over go; True when they are away."""
        if self._until[agent] < 0:
            return True
        if now < self._until[agent]:
            return False
        self.present_s += now - self._since[agent]
        self._until[agent] = -1.0
        if self.ahead[agent]:
            self.ahead_present -= 1
        self.taken(agent, busy=False)
        return True

    def waits(self, agent: int) -> None:
        """Let an agent wait for a call."""
        self._idle[agent] = None
        if self.ahead[agent]:
            self.ahead_idle[agent] = None

    def taken(self, agent: int, *, busy: bool = True) -> None:
        """Let an agent wait no longer."""
        self._idle.pop(agent, None)
        self.ahead_idle.pop(agent, None)
        self.busy[agent] = busy

    def lookers(self) -> list[int]:
        """Return who waits and takes calls one by one."""
        return [agent for agent in self._idle if self.asks[agent]]

    def first_idle(self, lane: int) -> int | None:
        """Return who of a lane's predictive team has been idle longest."""
        return next((a for a in self.ahead_idle if lane in self.ahead[a]), None)

    def close(self, ends: float) -> None:
        """Count the time of who is still there."""
        for agent, until in enumerate(self._until):
            if until >= 0:
                self.present_s += min(until, ends) - self._since[agent]
