"""One replication: the day from its opening to its close, event by event, in one drawn world.

Calls wait in queues in the order the dialer takes them; lines, the rate, agents and the rules'
windows decide when each is placed. Draws belong to a due call and its nth call of the day, not to
the order of events, so two settings played with one key differ only by what the setting changes.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from heapq import heappop
from typing import Any

import numpy as np

from dialer.claim_plan import MOST_SECTIONS
from dialer.whatif.floor import Floor
from dialer.whatif.model import NEVER, Manner
from dialer.whatif.policy import PATIENCE_S, Policy
from dialer.whatif.queues import LIVE, WAITING, WAKE, Queues
from dialer.whatif.stage import AUTOMATIC, Played, Stage
from dialer.whatif.world import Drawn, Shares

_SKIPPED_S = 3600.0  # how long a skipped call stays away, as most of the house's reasons
_SOON_S = 5.0  # a line for which an agent waits no longer is there
_MEMORY = 150  # calls by which the share that is answered is followed, as the pacer does
_ROWS = 4  # uniform draws a call: its outcome, ring, talk, wrap-up

_SCRIPT, _WHOEVER = -1, -2  # whose call it is, where no agent's yet
_OVER, _TALK_OVER, _FREE, _COMES, _DIALS, _ANSWERED, _GIVES_UP, _ENDS, _DEADLINE = range(9)


class Play(Queues):
    """A replication under way; made and run once."""

    def __init__(self, stage: Stage, drawn: Drawn, *, key: Sequence[int]) -> None:
        super().__init__(stage, drawn, key=key)
        fixed = stage.fixed
        codes = {each: drawn.codes.get(each) or drawn.codes[""] for each in fixed.reasons}
        self._codes = [codes[reason] for reason in fixed.reason]
        self._lines = self._least_lines = stage.lines.channels
        self._spacing = 1.0 / stage.lines.calls_per_second
        self._rate_at = 0.0
        self._rate_wakes = False
        self._agents = Floor(
            stage.seats,
            [lane.manner for lane in stage.day.lanes],
            set(self._ready),
            np.random.default_rng((*self._key, 3)),
        )
        self._wants: deque[tuple[int, int]] = deque()  # agents who said that a call may ring
        self._ringing = 0  # of predictive lanes
        self._policy = stage.policy
        self._reached = 0.3 if stage.policy is None else stage.policy.chance
        self._answered: deque[tuple[int, int, tuple[int, ...]]] = deque()
        self._talks = 0
        times = drawn.times
        self._talk_points = {
            (manner, reason): times.get(f"talk:{manner}:{reason}")
            or times.get(f"talk:{manner}")
            or times["talk"]
            for manner in ("auto", "agent")
            for reason in self.found.reasons
        }

    def run(self) -> Played:
        """Play the day to its end."""
        for at, i in self._stage.fixed.opening:
            self._future[self._queue[i]].append((at, i))
        for at, i in self._stage.fixed.deadlines:
            self._at(at, _DEADLINE, i)
        for agent, stretches in enumerate(self._agents.shifts):
            for start, end in stretches:
                self._at(start, _COMES, (agent, end))
                self._at(end, _ENDS, agent)
        heard = (
            self._over,
            self._talk_over,
            self._agent_free,
            self._agent_comes,
            self._wants_dialled,
            self._is_answered,
            self._gives_up,
            self._shift_ends,
            self._deadline,
            self._wakes,  # WAKE is the last, counted from the end
        )
        events, ends = self._events, self._day.length_s
        self._dial()
        while events:
            now, _, kind, what = heappop(events)
            if now >= ends:
                break
            self._now = now
            self.found.events += 1
            heard[kind](what)
            if kind != _DEADLINE:
                self._dial()
        self._now = ends
        for i in self._stage.fixed.at_the_end:
            self._deadline(i)
        self._agents.close(ends)
        self.found.present_s = self._agents.present_s
        self.found.most_lines = self._stage.lines.channels - self._least_lines
        return self.found

    # Lines.

    def _wakes(self, queue: Any) -> None:
        if queue is not None:
            self._wake_at[queue] = NEVER
            self._starves[queue] = False
            self._agents.look_again = True
        else:
            self._rate_wakes = False

    def _has_line(self) -> bool:
        if self._lines > 0 and self._now >= self._rate_at:
            return True
        if self._lines > 0 and not self._rate_wakes:
            self._rate_wakes = True
            self._at(self._rate_at, WAKE, None)
        return False

    def _ask_for_line(self, queue: int) -> None:
        """Count who asks for a line, and who has to wait for one."""
        self._asked[queue] += 1
        self._waited[queue] += self._lines <= 0 or self._rate_at - self._now > _SOON_S

    def _dial(self) -> None:
        """Place what lines and the rate allow: agents' calls first, as the dialer's sources go."""
        while self._wants and self._has_line():
            agent, i = self._wants.popleft()
            self._place_call(i, agent)
        floor = self._agents
        if floor.look_again:
            floor.look_again = False
            for agent in floor.lookers():
                self._seek(agent)
        if floor.ahead_present and self._policy is not None:
            self._dial_ahead(self._policy)
        if self._starves[AUTOMATIC]:
            return
        while self._lines > 0:
            i = self._head(AUTOMATIC)
            if i < 0 or not self._has_line():
                return
            heappop(self._ready[AUTOMATIC])
            self._place_call(i, _SCRIPT)

    def _dial_ahead(self, policy: Policy) -> None:
        floor = self._agents
        if self._lines <= 0:
            return
        spare = len(floor.ahead_idle) - len(self._answered)
        wanted = policy.lines(spare, floor.ahead_present, self._reached)
        while self._ringing < wanted:
            found, best = -1, NEVER
            for queue in floor.predictive:
                i = -1 if self._starves[queue] else self._head(queue)
                if i >= 0 and self._rank(i) < best:
                    found, best = i, self._rank(i)
            if found < 0:
                return
            self._ask_for_line(self._queue[found])
            if not self._has_line():
                return
            heappop(self._ready[self._queue[found]])
            self._ringing += 1
            self._place_call(found, _WHOEVER)

    def _place_call(self, i: int, agent: int) -> None:
        """Ring; `agent` is whose call it is, or will be."""
        now, person = self._now, self._person[i]
        served = (i, *self._joined(i)) if self._mates[i] else (i,)
        for j in served:
            self._state[j] = LIVE
        self._busy[person] = True
        self._free_at[person] = now + self._gap[i]
        (self._calls if agent == _SCRIPT else self._agent_calls)[person] += 1
        self._lines -= 1
        self._least_lines = min(self._least_lines, self._lines)
        self._rate_at = (max(self._rate_at, now)) + self._spacing
        count, hour = self._counts[i], int(now // 3600) % 24
        count.attempts += 1
        self.found.attempts_by_hour[hour] += 1
        nth = self._tries[i]
        self._tries[i] = nth + 1
        if nth == len(self._draws):
            self._draws.append(tuple(self._rng_rows(nth)))
        rows = self._draws[nth]
        outcome, ring = rows[0][i], rows[1][i]
        drawn = self._drawn
        chance = drawn.chance[self._place[i]][self._bucket]
        if self._attempts[i]:
            chance = min(0.97, chance * drawn.again)
        if outcome < chance:
            rings = _point(drawn.times["live"], ring)
            word = _word(self._codes[i], outcome / chance)
            if agent == _WHOEVER:
                self._at(now + rings, _ANSWERED, (i, served, word, True))
            elif agent == _SCRIPT:
                self._spoken(i)
                talks = _point(self._talk_times(i), rows[2][i])
                self._at(now + rings + talks, _OVER, (served, word, agent))
            else:
                self._meets(agent, i, served, word, after_s=rings)
            return
        word = _word(drawn.unanswered, (outcome - chance) / (1 - chance))
        kind = "machine" if word == "machine" else word if word in drawn.times else "other"
        lasts = _point(drawn.times[kind], ring)
        if agent == _WHOEVER:
            self._at(now + lasts, _ANSWERED, (i, served, word, False))
        else:
            self._at(now + lasts, _OVER, (served, word, agent))

    def _rng_rows(self, nth: int) -> list[list[float]]:
        rng = np.random.default_rng((*self._key, 7, nth))
        rows: list[list[float]] = rng.random((_ROWS, len(self._lane))).tolist()
        return rows

    def _joined(self, i: int) -> list[int]:
        joined: list[int] = []
        for j in self._mates[i]:
            if len(joined) == MOST_SECTIONS - 1:
                break
            if self._state[j] == WAITING and self._may(j) == self._now:
                joined.append(j)
        return joined

    def _talk_times(self, i: int) -> Sequence[float]:
        manner = "auto" if self._queue[i] == AUTOMATIC else "agent"
        return self._talk_points[manner, self._day.due[i].reason]

    # What becomes of calls.

    def _over(self, what: Any) -> None:
        served, word, agent = what
        self._lines += 1
        self._settle(served, word)
        if agent >= 0:
            self._agents.busy[agent] = False
            self._seek_or_go(agent)

    def _spoken(self, i: int) -> None:
        self._counts[i].contacts += 1
        self.found.contacts_by_hour[int(self._now // 3600) % 24] += 1

    def _meets(
        self, agent: int, i: int, served: tuple[int, ...], word: str, *, after_s: float
    ) -> None:
        """Let an agent speak with an owner: the talk, then the wrap-up."""
        self._spoken(i)
        nth = self._tries[i] - 1
        rows = self._draws[nth]
        talks = _point(self._talk_times(i), rows[2][i])
        writes = _point(self._drawn.times["wrap"], rows[3][i])
        ends = self._now + after_s + talks
        self._talks += 1
        self.found.most_talks = max(self.found.most_talks, self._talks)
        self.found.busy_s += talks + writes
        self._at(ends, _TALK_OVER, (served, word))
        self._at(ends + writes, _FREE, agent)

    def _talk_over(self, what: Any) -> None:
        served, word = what
        self._lines += 1
        self._talks -= 1
        self._settle(served, word)

    # Agents.

    def _agent_comes(self, what: Any) -> None:
        agent, end = what
        self._agents.comes(agent, self._now, end)
        if not self._agents.busy[agent]:
            self._seek_or_go(agent)

    def _shift_ends(self, agent: Any) -> None:
        if not self._agents.busy[agent]:
            self._agents.goes(agent, self._now)

    def _agent_free(self, agent: Any) -> None:
        self._agents.busy[agent] = False
        self._seek_or_go(agent)

    def _seek_or_go(self, agent: int) -> None:
        floor = self._agents
        if floor.goes(agent, self._now):
            return
        while self._answered and floor.ahead[agent]:
            i, _, served = self._answered.popleft()
            if self._state[i] == LIVE and i in self._pending:
                word = self._pending.pop(i)
                floor.busy[agent] = True
                self._meets(agent, i, served, word, after_s=0.0)
                return
        self._seek(agent)

    def _seek(self, agent: int) -> None:
        """Find an agent's next call, or let them wait for one."""
        floor = self._agents
        if floor.goes(agent, self._now):
            return
        found, best = -1, NEVER
        for queue in floor.asks[agent]:
            i = self._head(queue)
            if i >= 0 and self._rank(i) < best:
                found, best = i, self._rank(i)
        if found < 0:
            floor.waits(agent)
            return
        floor.taken(agent)
        heappop(self._ready[self._queue[found]])
        self._busy[self._person[found]] = True
        self._state[found] = LIVE
        looks = 0.0
        if self._manner[found] is Manner.PREVIEW:
            looks = _point(self._drawn.times["look"], float(self._rng.random()))
        self._at(self._now + looks, _DIALS, (agent, found))

    def _wants_dialled(self, what: Any) -> None:
        agent, i = what
        self._busy[self._person[i]] = False
        self._state[i] = WAITING
        skipped = (
            self._manner[i] is Manner.PREVIEW and float(self._rng.random()) < self._drawn.skips
        )
        if skipped:
            self._next[i] = self._now + _SKIPPED_S
        if skipped or self._may(i) != self._now:
            self._push(i)
            self._agents.busy[agent] = False
            self._seek_or_go(agent)
            return
        self._state[i] = LIVE
        self._busy[self._person[i]] = True
        self._ask_for_line(self._queue[i])
        self._wants.append((agent, i))

    @property
    def _pending(self) -> dict[int, str]:
        return self._agents.pending

    def _is_answered(self, what: Any) -> None:
        i, served, word, answered = what
        self._ringing -= 1
        self._reached += (answered - self._reached) / _MEMORY
        if not answered:
            self._lines += 1
            self._settle(served, word)
            return
        self.found.live += 1
        floor = self._agents
        agent = floor.first_idle(self._lane[i])
        if agent is None:
            self._pending[i] = word
            self._answered.append((i, 0, served))
            policy = self._stage.policy
            waits = PATIENCE_S if policy is None else policy.patience_s
            self._at(self._now + waits, _GIVES_UP, (i, served, self._tries[i]))
            return
        floor.taken(agent)
        self._meets(agent, i, served, word, after_s=0.0)

    def _gives_up(self, what: Any) -> None:
        i, served, tries = what
        if i not in self._pending or self._tries[i] != tries:
            return
        del self._pending[i]
        self._answered = deque(each for each in self._answered if each[0] != i)
        self._lines += 1
        self.found.abandoned += 1
        self._settle(served, "abandoned")


def _point(points: Sequence[float], draw: float) -> float:
    return points[int(draw * len(points))]


def _word(shares: Shares, draw: float) -> str:
    return shares.words[min(bisect_right(shares.upto, draw), len(shares.words) - 1)]
