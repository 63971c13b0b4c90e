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


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Told:
    key: str
    at_s: float


class Keys:
    """What was pressed and not yet taken, in order.

    The manager interface tells all keys in their order. So what the session tells first is sure
    only when the manager has told it too: one that the session left out may be on its way.
    """

    def __init__(self, monotonic_s: Callable[[], float], *, manager_within_s: float = 0.0) -> None:
        """Take a clock, and how long the manager may take to tell what the session has told."""
        self._now_s = monotonic_s
        self._manager_within_s = manager_within_s
        self._waiting: deque[_Told] = deque()
        self._by_manager: deque[_Told] = deque()  # the session has not told them yet
        self._by_session: deque[_Told] = deque()  # the manager has not told them yet
        self._wake: Callable[[], None] | None = None
        self._sure: Callable[[], None] | None = None
        self._begun: str | None = None  # the key that is held down, as the manager tells it
        self._beginnings_told = False  # never of keys that come as SIP INFO

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def first(self) -> str | None:
        """Return the first that waits and leave it there; None: none does."""
        return self._waiting[0].key if self._waiting else None

    def take(self) -> str | None:
        """Return the first that waits; None: none does."""
        return self._waiting.popleft().key if self._waiting else None

    def clear(self) -> None:
        """Forget those that wait; what is told later of them counts as told."""
        self._waiting.clear()

    def unsure_s(self) -> float:
        """Return how long the first that waits should be left there: another may come before it."""
        if not self._waiting or not any(each is self._waiting[0] for each in self._by_session):
            return 0.0
        return max(0.0, self._waiting[0].at_s + self._manager_within_s - self._now_s())

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
        self._forget_old()
        told = _Told(key=key, at_s=self._now_s())
        if not self._confirm(key):
            unsure = next((each for each in self._waiting if each in self._by_session), None)
            at = len(self._waiting) if unsure is None else self._waiting.index(unsure)
            self._waiting.insert(at, told)
            self._by_manager.append(told)
            if self._wake is not None:
                self._wake()
        if self._sure is not None:
            self._sure()

    def told_by_session(self, key: str) -> None:
        """Take a key in as a command's result tells it."""
        self._forget_old()
        if not _strike(self._by_manager, key):
            told = _Told(key=key, at_s=self._now_s())
            self._waiting.append(told)
            self._by_session.append(told)
            if self._wake is not None:
                self._wake()

    def on_key(self, wake: Callable[[], None] | None) -> None:
        """Call this at every new key."""
        self._wake = wake

    def on_sure(self, sure: Callable[[], None] | None) -> None:
        """Call this whenever the manager has told a key, known or not."""
        self._sure = sure

    def _confirm(self, key: str) -> bool:
        """Strike what the session told of a key of the manager's; False: it told nothing of it.

        What the manager may yet tell comes first, so a key after it is another one.
        """
        for told in self._by_session:
            if told.key == key:
                self._by_session.remove(told)
                return True
            if told.at_s + self._manager_within_s > self._now_s():
                return False
        return False

    def _forget_old(self) -> None:
        now_s = self._now_s()
        for told in (self._by_manager, self._by_session):
            while told and now_s - told[0].at_s > _SAME_WITHIN_S:
                told.popleft()


def _strike(told: deque[_Told], key: str) -> bool:
    """Take the first of a key out of an account, and none before it: the other may lack those."""
    known = next((each for each in told if each.key == key), None)
    if known is not None:
        told.remove(known)
    return known is not None
