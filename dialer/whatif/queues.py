"""The due calls of a replication: what state each is in, which comes next, what follows a call."""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np

from dialer.claim_plan import LIVE_CALL_PAUSE
from dialer.whatif.model import BUCKET_S, NEVER, Cause
from dialer.whatif.stage import AUTOMATIC, Count, Played, Stage
from dialer.whatif.windows import cause_of, next_allowed
from dialer.whatif.world import Drawn

_PAUSE_S = LIVE_CALL_PAUSE.total_seconds()
_WITHDRAWN_FROM, _WITHDRAWN_UNTIL = 0.36, 0.82  # of the day, when people pay and write
_MANY = 24  # entries of a queue: more are moved all at once

WAITING, LIVE, DONE, EXHAUSTED, WITHDRAWN, NO_PHONE = range(6)
WAKE = -1  # the kind of event that somebody who waits for a call is told of one


class Queues:
    """The due calls of one replication, and the events to come."""

    def __init__(self, stage: Stage, drawn: Drawn, *, key: Sequence[int]) -> None:
        self._day, self._stage, self._drawn = stage.day, stage, drawn
        day = stage.day
        self._key = tuple(key)
        many = len(day.due)
        fixed = stage.fixed
        self._lane, self._manner, self._queue = fixed.lane, fixed.manner, fixed.queue
        self._person, self._place, self._windows = fixed.person, fixed.place, fixed.windows
        self._room, self._gap, self._hushed = fixed.room, fixed.gap, fixed.hushed
        self._mates = fixed.mates
        self._follow = [dict(lane.follow) for lane in day.lanes]
        self._attempts = list(fixed.attempts)
        self._words: list[dict[str, int] | None] = [
            dict(each) if each else None for each in fixed.words
        ]
        self._next = [0.0] * many
        self._tries = [0] * many
        self._state = [WAITING] * many
        persons = len(fixed.phones)
        self._calls = [0] * persons  # of the day, by person: automatic
        self._agent_calls = [0] * persons
        self._free_at = [0.0] * persons
        self._busy = [False] * persons
        self._talked = [False] * persons
        self._phones = list(fixed.phones)
        self._leaves = _leaves(stage, drawn, np.random.default_rng(self._key))
        self._draws: list[tuple[list[float], ...]] = []
        self._rng = np.random.default_rng((*self._key, 4))
        self._now = 0.0
        self._events: list[tuple[float, int, int, Any]] = []
        self._nth = 0
        self._order: Sequence[float] = ()
        self._bucket = -1
        lanes = {AUTOMATIC, *self._queue}
        self._ready: dict[int, list[tuple[float, int]]] = {q: [] for q in lanes}
        self._future: dict[int, list[tuple[float, int]]] = {q: [] for q in lanes}
        self._wake_at = dict.fromkeys(lanes, NEVER)
        self._starves = dict.fromkeys(lanes, False)  # somebody waits for a call of the queue
        self._asked = dict.fromkeys(lanes, 0)  # for a line, by agents' calls
        self._waited = dict.fromkeys(lanes, 0)  # of them, how many found none
        self.found = Played()
        self.found.attempts_by_hour = [0] * 24
        self.found.contacts_by_hour = [0] * 24
        self.found.reasons = {reason: Count() for reason in fixed.reasons}
        self._counts = [self.found.reasons[reason] for reason in fixed.reason]

    # Queues.

    def _at(self, at: float, kind: int, what: Any) -> None:
        self._nth += 1
        heappush(self._events, (at, self._nth, kind, what))

    def _rank(self, i: int) -> float:
        return self._order[i]

    def _head(self, queue: int) -> int:
        """Return the due call that comes next, still in its queue; -1: none now."""
        now = self._now
        bucket = int(now // BUCKET_S)
        if bucket != self._bucket:
            self._turn_to(bucket)
        ready, future = self._ready[queue], self._future[queue]
        if future and future[0][0] <= now:
            self._ripen(ready, future)
        looked = 0
        while ready:
            i = ready[0][1]
            at = self._may(i)
            if at == now:
                return i
            heappop(ready)
            if at is not None:
                heappush(future, (at, i))
            looked += 1
            if looked == _MANY:
                self._sift(ready, future)
        self._starves[queue] = True
        if future and future[0][0] < self._wake_at[queue]:
            self._wake_at[queue] = future[0][0]
            self._at(future[0][0], WAKE, queue)
        return -1

    def _ripen(self, ready: list[tuple[float, int]], future: list[tuple[float, int]]) -> None:
        """Move what has become due; many at once are sorted in at once."""
        now, order = self._now, self._order
        for _ in range(_MANY):
            if not future or future[0][0] > now:
                return
            i = heappop(future)[1]
            heappush(ready, (order[i], i))
        ready.extend([(order[i], i) for at, i in future if at <= now])
        future[:] = [each for each in future if each[0] > now]
        heapify(ready)
        heapify(future)

    def _sift(self, ready: list[tuple[float, int]], future: list[tuple[float, int]]) -> None:
        """Put off at once all that may not be called now: hours have closed for many."""
        now = self._now
        stays = []
        for each in ready:
            at = self._may(each[1])
            if at == now:
                stays.append(each)
            elif at is not None:
                future.append((at, each[1]))
        ready[:] = stays
        heapify(ready)
        heapify(future)

    def _turn_to(self, bucket: int) -> None:
        self._bucket = bucket
        order = self._order = self._stage.order.at(bucket)
        ready = self._ready[AUTOMATIC]
        ready[:] = [(order[i], i) for _, i in ready]
        heapify(ready)

    def _may(self, i: int) -> float | None:
        """Return when a due call may be placed, now or later; None: not on this day."""
        now = self._now
        if self._state[i] != WAITING:
            return None
        if self._leaves[i] <= now:
            self._state[i] = WITHDRAWN
            self.found.withdrawn += 1
            return None
        person = self._person[i]
        if self._busy[person]:
            return now + _PAUSE_S
        calls = self._calls if self._queue[i] == AUTOMATIC else self._agent_calls
        if calls[person] >= self._room[i] or (self._talked[person] and self._hushed[i]):
            return None
        at = self._free_at[person]
        at = max(at, self._next[i])
        at = max(at, now)
        for start, end in self._windows[i]:
            if at < end:
                return max(at, start)
        return None

    def _push(self, i: int) -> None:
        at = self._may(i)
        if at is None:
            return
        queue = self._queue[i]
        heappush(self._future[queue], (at, i))
        if self._starves[queue] and at < self._wake_at[queue]:
            self._wake_at[queue] = at
            self._at(at, WAKE, queue)

    def _settle(self, served: tuple[int, ...], word: str) -> None:
        now, person = self._now, self._person[served[0]]
        self._busy[person] = False
        self._free_at[person] = max(self._free_at[person], now)
        lane = self._day.lanes[self._lane[served[0]]]
        follow = self._follow[self._lane[served[0]]].get(word) or lane.otherwise
        if follow.talked:
            self._talked[person] = True
        if follow.phone_dies:
            self._phones[person] -= 1
        for j in served:
            self._attempts[j] += 1
            if follow.final:
                self._state[j] = DONE
                self._counts[j].done += 1
                if word == "promise_to_pay":
                    self._counts[j].promises += 1
                continue
            words = self._words[j]
            if words is None:
                words = self._words[j] = {}
            same = words.get(word, 0)
            words[word] = same + 1
            if self._phones[person] <= 0:
                self._state[j] = NO_PHONE
            elif self._attempts[j] >= lane.max_attempts or (
                same >= follow.times and not follow.phone_dies
            ):
                self._state[j] = EXHAUSTED
            else:
                self._state[j] = WAITING
                self._next[j] = now + follow.after_s
                self._push(j)

    # Deadlines.

    def _deadline(self, i: Any) -> None:
        state = self._state[i]
        if state in {DONE, WITHDRAWN} or self._leaves[i] <= self._now:
            return
        self.found.missed[i] = self._why(i, state)

    def _why(self, i: int, state: int) -> Cause:
        due = self._day.due[i]
        at = next_allowed(due.held.windows, 0.0)
        if at is None or at >= due.due_s:
            return cause_of(due.held.rule)
        if state in {LIVE, EXHAUSTED, NO_PHONE}:
            return Cause.UNREACHED
        person, queue = self._person[i], self._queue[i]
        calls = self._calls if queue == AUTOMATIC else self._agent_calls
        used_up = calls[person] >= self._room[i] or (self._talked[person] and self._hushed[i])
        kept_back = self._busy[person] or self._free_at[person] > self._now
        if used_up or (kept_back and not self._tries[i]):
            return Cause.CAPS
        if self._tries[i]:
            return Cause.UNREACHED
        if queue == AUTOMATIC or 2 * self._waited[queue] > self._asked[queue]:
            return Cause.TRUNKS
        return Cause.AGENTS


def _leaves(stage: Stage, drawn: Drawn, rng: np.random.Generator) -> list[float]:
    """Return when each due call loses its reason: its owner pays, or writes; NEVER for most."""
    fixed = stage.fixed
    leaving = {each: drawn.withdrawn.get(each, 0.0) for each in fixed.reasons}
    shares = np.array([leaving[reason] for reason in fixed.reason])
    uniform = rng.random((2, len(fixed.reason)))
    span = _WITHDRAWN_FROM + uniform[1] * (_WITHDRAWN_UNTIL - _WITHDRAWN_FROM)
    leaves = np.where(uniform[0] < shares, span * stage.day.length_s, np.inf)
    drawn_at: list[float] = leaves.tolist()
    return drawn_at
