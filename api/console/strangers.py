"""Wrong passwords of names that nobody has: counted and locked like those of names that are ours.

Else the answer to a guess would tell whose names there are. Counted in memory, by each process.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

_MOST_NAMES = 10_000  # then the one that was tried longest ago is forgotten


@dataclass(frozen=True, kw_only=True, slots=True)
class Stranger:
    """How often a name was tried, and until when it is not tried again."""

    wrong: int = 0
    locked_until: datetime | None = None


class Strangers:
    """Names that nobody has, as they were tried."""

    def __init__(self) -> None:
        self._tried: OrderedDict[str, Stranger] = OrderedDict()

    def called(self, name: str) -> Stranger:
        """Return how a name stands."""
        return self._tried.get(name, Stranger())

    def count(
        self, name: str, *, now: datetime, lock_after: Callable[[int], timedelta | None]
    ) -> int:
        """Count a wrong password; returns how many there were."""
        wrong = self.called(name).wrong + 1
        locked_for = lock_after(wrong)
        self._tried[name] = Stranger(
            wrong=wrong, locked_until=None if locked_for is None else now + locked_for
        )
        self._tried.move_to_end(name)
        if len(self._tried) > _MOST_NAMES:
            self._tried.popitem(last=False)
        return wrong
