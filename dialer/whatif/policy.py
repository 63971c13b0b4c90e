"""The pacer in short: how many lines it lets ring, by who is idle, learned from watching it.

Asking the pacer every second of a hundred days would take hours. A pilot plays a stretch of one
team with the real one at its own pace (`pilot.py`); what it kept ringing for each number of idle
agents is the policy of the replications.
"""

from collections.abc import Sequence
from dataclasses import dataclass

PATIENCE_S = 2.0  # how long an owner waits for an agent, as the packs count


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """Lines to keep ringing, by idle agents from none on, for a team and a chance of an answer.

    Fewer answers want more lines. Smaller teams than `progressive_below` have one line an idle
    agent.
    """

    kept: Sequence[float]
    team: int
    chance: float
    progressive_below: int = 3
    patience_s: float = PATIENCE_S  # of who answers and waits

    def lines(self, idle: int, present: int, chance: float) -> int:
        """Return how many lines are to ring now, while so many of the calls are answered."""
        idle = max(0, idle)
        if present < self.progressive_below:
            return idle
        kept = self.kept
        last = min(idle, len(kept) - 1)
        lines = kept[0] * present / self.team + kept[last] - kept[0]
        lines += (idle - last) / self.chance
        return max(idle, int(lines * self.chance / chance + 0.5))
