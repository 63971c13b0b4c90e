"""How many owners who answer may still meet nobody, by exact counts of the day and the window.

The day is planned to end at the target, and so is the pack's window with the day in it: what
earlier days have left over is not spent, what they have overspent is made good. What the day may
still abandon is spread over the answers still to come. Since the odds by which calls are placed
are a model's, they are held against what was abandoned, and corrected.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import NonNegativeInt

from dialer.pacing.bounds import bearable, surely_above

HOUR_S = 3600.0
_LEAST_AHEAD = 30.0  # answers: the rest of a day is never planned over less
_MOST = 2.5  # times the target, at any moment: what is left over comes back slowly
_RATIO = 1.2  # abandoned for each one the limit allows, before anything is learned
_RATIO_WEIGHT = 12.0  # abandoned
_RATIO_KEPT = 60.0  # abandoned: older ones fade
_SOON, _SOON_PART = 200.0, 1 / 3  # answers, or of those ahead: what is overspent is made good
_KEPT_BACK = 0.2  # of the answers due: owners who meet nobody come in clusters
_SURELY_ABOVE = 1 / 3  # of the target: the rate is brought down where chance hardly explains it


@dataclass(frozen=True, kw_only=True, slots=True)
class HourCount:
    """Exact counts of one hour, by whole hours since the epoch of the pacer's clock."""

    hour_index: int
    live: NonNegativeInt
    abandoned: NonNegativeInt


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """How a campaign stands: exact counts."""

    live: int
    abandoned: int

    def surely_above(self, target: float) -> bool:
        """Return whether chance alone hardly explains a rate above the target."""
        return surely_above(self.abandoned, self.live, share=target)


class Budget:
    """Counts, and says what may still be risked."""

    def __init__(
        self,
        earlier: Iterable[HourCount] = (),
        *,
        risked: float = 0.0,
        met_nobody: float = 0.0,
    ) -> None:
        """Start a day.

        Args:
            earlier: what was counted before this day.
            risked: the sum of the limits under which earlier answers were called.
            met_nobody: how many of those were abandoned.
        """
        self.earlier = list(earlier)
        self._since: int | None = None  # the hour from which `_before` counts
        self._before = Spent(live=0, abandoned=0)
        self._today: dict[int, tuple[int, int]] = {}
        self.live = self.abandoned = 0
        self.risked, self.met_nobody = risked, met_nobody

    def note(self, *, now_s: float, live: int, abandoned: int, limit: float | None) -> None:
        """Note more answers; `limit` under which they were called, None: one line an agent."""
        if not live and not abandoned:
            return
        index = int(now_s // HOUR_S)
        before = self._today.get(index, (0, 0))
        self._today[index] = (before[0] + live, before[1] + abandoned)
        self.live += live
        self.abandoned += abandoned
        if limit is not None:
            self.risked += live * limit
            self.met_nobody += abandoned
            if self.met_nobody > _RATIO_KEPT:
                kept = _RATIO_KEPT / self.met_nobody
                self.risked *= kept
                self.met_nobody *= kept

    @property
    def today(self) -> Spent:
        """The day so far."""
        return Spent(live=self.live, abandoned=self.abandoned)

    def within(self, window_s: float, *, now_s: float) -> Spent:
        """Return what the window up to now holds, this day in it; whole hours count whole."""
        since = int((now_s - window_s) // HOUR_S)
        if since != self._since:
            kept = [each for each in self.earlier if each.hour_index >= since]
            self._since = since
            self._before = Spent(
                live=sum(each.live for each in kept),
                abandoned=sum(each.abandoned for each in kept),
            )
        return Spent(
            live=self._before.live + self.live,
            abandoned=self._before.abandoned + self.abandoned,
        )

    def hours(self, *, window_s: float, now_s: float) -> list[HourCount]:
        """Return what a later day must know, oldest first."""
        since = int((now_s - window_s) // HOUR_S)
        return [each for each in self.earlier if each.hour_index >= since] + [
            HourCount(hour_index=index, live=live, abandoned=abandoned)
            for index, (live, abandoned) in sorted(self._today.items())
        ]

    @property
    def ratio(self) -> float:
        """How many are abandoned for each that the limit allows."""
        return (self.met_nobody + _RATIO * _RATIO_WEIGHT) / (self.risked + _RATIO_WEIGHT)

    def limit(
        self,
        spent: Sequence[Spent],
        *,
        target: float,
        ahead: float,
        surely: float,
        due: float,
    ) -> float:
        """Return the worst odds at which an owner may be called now; 0: nobody may be risked.

        Args:
            spent: the day, and the window.
            target: of both.
            ahead: answers expected to come today.
            surely: of them, those that come even at one line an idle agent.
            due: answers expected of the lines that ring.
        """
        kept = _KEPT_BACK * due
        left = min(target * (each.live + surely) - each.abandoned for each in spent) - kept
        if left < 1:
            return 0.0
        share = min(_MOST * target, bearable(int(left)) / (due + 1))
        planned = max(ahead, _LEAST_AHEAD)
        soon = min(planned, max(_SOON, planned * _SOON_PART))
        for each in spent:
            over = each.abandoned + kept - target * each.live
            share = min(share, target - over / (soon if over > 0 else planned))
            if each.surely_above(target):
                share = min(share, _SURELY_ABOVE * target)
        return max(share, 0.0) / self.ratio
