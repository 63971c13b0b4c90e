"""The keys pressed on a call, none lost and none twice, from two accounts of them.

A FastAGI session hears of a key only while a command runs; between two commands Asterisk drops it
(measured on 22.10.1). The manager interface tells every key, on another connection, sooner or
later than the session. Both tell the same keys in the same order; the session leaves some out.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

# Longer than ten keys sent at once take to pass, one after the other, through Asterisk.
_SAME_WITHIN_S = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    key: str
    at_s: float


class Keys:
    """What was pressed and not yet taken, in order."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._now_s = monotonic_s
        self._waiting: deque[str] = deque()
        self._by_manager: deque[_Told] = deque()  # the session has not told them yet
        self._by_session: deque[_Told] = deque()  # the manager has not told them yet
        self._wake: Callable[[], None] | None = None
        self._begun: str | None = None  # the key that is held down, as the manager tells it
        self._beginnings_told = False  # never of keys that come as SIP INFO

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def first(self) -> str | None:
        """Return the first that waits and leave it there; None: none does."""
        return self._waiting[0] if self._waiting else None

    def take(self) -> str | None:
        """Return the first that waits; None: none does."""
        return self._waiting.popleft() if self._waiting else None

    def clear(self) -> None:
        """Forget those that wait; what is told later of them counts as told."""
        self._waiting.clear()

    def begun(self, key: str) -> None:
        """Note that the manager interface has told the beginning of a key."""
        self._begun = key
        self._beginnings_told = True

    def told_by_manager(self, key: str) -> None:
        """Take a key in as the manager interface tells its end.

        An end that comes while Asterisk looks after a channel between two commands is told twice,
        once more when the next command reads it (measured on 22.10.1); it has begun once.
        """
        if self._beginnings_told and self._begun != key:
            return
        self._begun = None
        self._told(key, mine=self._by_manager, other=self._by_session)

    def told_by_session(self, key: str) -> None:
        """Take a key in as a command's result tells it."""
        self._told(key, mine=self._by_session, other=self._by_manager)

    def on_key(self, wake: Callable[[], None] | None) -> None:
        """Call this at every new key."""
        self._wake = wake

    def _told(self, key: str, *, mine: deque[_Told], other: deque[_Told]) -> None:
        now_s = self._now_s()
        for told in (mine, other):
            while told and now_s - told[0].at_s > _SAME_WITHIN_S:
                told.popleft()
        known = next((each for each in other if each.key == key), None)
        if known is not None:
            other.remove(known)  # and none before it: this account may have left those out
            return
        self._waiting.append(key)
        mine.append(_Told(key=key, at_s=now_s))
        if self._wake is not None:
            self._wake()
