"""A stretch of one predictive team with the real pacer, asked every second, to learn its ways.

Then the same stretch with what was learned in its place, until both keep the agents as busy.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from random import Random

from dialer.pacing.model import Glance, Happening, Kind, Limits
from dialer.pacing.pacer import Pacer
from dialer.whatif.policy import PATIENCE_S, Policy

_STRETCH_S, _WARM_S = 7200, 2400  # the first part teaches the pacer the world
_MOST_PATIENT_S = 15.0
_HOUR = 9
_TRIES = 6
_MOST_IDLE = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """A predictive team: how many there are, and the world they call into."""

    agents: int
    chance: float
    times: Mapping[str, Sequence[float]]
    target: float
    window_s: float = 30 * 86400.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """What a stretch came to, its first part apart."""

    utilisation: float
    abandoned: float  # ÷ answered live
    kept: Sequence[float] = ()  # lines ringing after a decision, by idle agents


Decide = Callable[["_Room"], int]


def pilot(team: Team, *, seed: int) -> Policy:
    """Return the policy that stands for the pacer of a team."""
    real = with_pacer(team, seed=seed)
    policy = Policy(kept=real.kept, team=team.agents, chance=team.chance)

    def scaled(factor: float) -> Policy:
        return replace(policy, kept=tuple(each * factor for each in policy.kept))

    factor = _meet(
        lambda factor: with_policy(team, scaled(factor), seed=seed).utilisation,
        real.utilisation,
        low=0.5,
        high=2.0,
    )
    chosen = scaled(factor)
    # A rule by counts alone meets more owners late than one that knows how long each line rings:
    # its owners wait a little longer, so that as many are lost.
    patience_s = _meet(
        lambda seconds: (
            -with_policy(team, replace(chosen, patience_s=seconds), seed=seed).abandoned
        ),
        -real.abandoned,
        low=PATIENCE_S,
        high=_MOST_PATIENT_S,
    )
    return replace(chosen, patience_s=patience_s)


def _meet(grows: Callable[[float], float], wanted: float, *, low: float, high: float) -> float:
    """Return where a growing figure is nearest to what is wanted, by halving."""
    best, nearest = low, abs(grows(low) - wanted)
    for _ in range(_TRIES):
        middle = (low + high) / 2
        found = grows(middle)
        if abs(found - wanted) < nearest:
            best, nearest = middle, abs(found - wanted)
        if found < wanted:
            low = middle
        else:
            high = middle
    return best


def with_pacer(team: Team, *, seed: int) -> Stretch:
    """Play a stretch with the real pacer, asked once a second."""
    pacer = Pacer()
    limits = Limits(target=team.target, window_s=team.window_s)
    sums, times = [0.0] * (_MOST_IDLE + 1), [0] * (_MOST_IDLE + 1)

    def decide(room: "_Room") -> int:
        glance = room.glance()
        dial = pacer.decide(glance, limits).dial
        if room.now >= _WARM_S:
            spare = min(_MOST_IDLE, max(0, glance.idle - glance.waiting))
            sums[spare] += len(glance.ringing) + dial
            times[spare] += 1
        return dial

    found = _Room(team, seed=seed).play(decide)
    return replace(found, kept=_smooth(sums, times, team.chance))


def with_policy(team: Team, policy: Policy, *, seed: int) -> Stretch:
    """Play the same stretch with a policy in the pacer's place."""

    def decide(room: "_Room") -> int:
        spare = room.idle - len(room.waiting)
        return policy.lines(spare, team.agents, team.chance) - len(room.ringing)

    return _Room(team, seed=seed, patience_s=policy.patience_s).play(decide)


def _smooth(sums: Sequence[float], times: Sequence[int], chance: float) -> tuple[float, ...]:
    """Return means that do not fall; what was hardly ever seen goes on at one answer an agent."""
    kept: list[float] = []
    for idle, (total, count) in enumerate(zip(sums, times, strict=True)):
        if count >= 10:  # noqa: PLR2004 - fewer looks are no mean
            kept.append(max(total / count, kept[-1] if kept else 0.0))
        elif kept:
            kept.append(kept[-1] + 0.5 / chance)
        else:
            kept.append(float(idle))
    return tuple(kept)


class _Room:
    """A team at work on an endless list, second by second."""

    def __init__(self, team: Team, *, seed: int, patience_s: float = PATIENCE_S) -> None:
        self._team = team
        self._patience_s = patience_s
        self._rng = Random(seed)
        self.now = 0.0
        self.idle = team.agents
        self.ringing: dict[int, float] = {}  # since when, by call
        self.waiting: deque[tuple[float, int]] = deque()
        self._talking: dict[int, float] = {}
        self._wrapping: dict[int, float] = {}
        self._events: list[tuple[float, int, str, float]] = []
        self._nth = 0
        self._happened: list[Happening] = []
        self._live = self._abandoned = 0
        self._busy_s = 0.0

    def play(self, decide: Decide) -> Stretch:
        warm = (0.0, 0, 0)
        for second in range(_STRETCH_S):
            self._to(float(second))
            if second == _WARM_S:
                warm = (self._busy_now(), self._live, self._abandoned)
            for _ in range(max(0, decide(self))):
                self._place()
        live = self._live - warm[1]
        busy_s = self._busy_now() - warm[0]
        return Stretch(
            utilisation=busy_s / (self._team.agents * (_STRETCH_S - _WARM_S)),
            abandoned=(self._abandoned - warm[2]) / max(1, live),
        )

    def glance(self) -> Glance:
        now = self.now
        happened, self._happened = self._happened, []
        return Glance(
            now_s=now,
            hour=_HOUR,
            agents=self._team.agents,
            idle=self.idle,
            waiting=len(self.waiting),
            ringing=[now - since for since in self.ringing.values()],
            talking=[now - since for since in self._talking.values()],
            wrapping=[now - since for since in self._wrapping.values()],
            live=self._live,
            abandoned=self._abandoned,
            happened=happened,
        )

    def _busy_now(self) -> float:
        up = (*self._talking.values(), *self._wrapping.values())
        return self._busy_s + sum(self.now - since for since in up)

    def _place(self) -> None:
        self._nth += 1
        self.ringing[self._nth] = self.now
        answered = self._rng.random() < self._team.chance
        kind = "live" if answered else "other"
        lasts = self._rng.choice(self._team.times[kind])
        self._later(lasts, kind, self._nth)

    def _later(self, lasts: float, kind: str, call: int) -> None:
        heappush(self._events, (self.now + lasts, call, kind, lasts))

    def _to(self, now: float) -> None:
        while self._events and self._events[0][0] <= now:
            at, call, kind, lasts = heappop(self._events)
            self.now = at
            self._hear(kind, call, lasts)
        self.now = now

    def _hear(self, kind: str, call: int, lasts: float) -> None:
        match kind:
            case "other":
                del self.ringing[call]
                self._happened.append(Happening(kind=Kind.FAILED, seconds=lasts))
            case "live":
                del self.ringing[call]
                self._live += 1
                self._happened.append(Happening(kind=Kind.LIVE, seconds=lasts))
                self.waiting.append((self.now, call))
                self._later(self._patience_s, "gone", call)
                self._serve()
            case "gone":
                if any(each[1] == call for each in self.waiting):
                    self.waiting = deque(each for each in self.waiting if each[1] != call)
                    self._abandoned += 1
                    self._happened.append(Happening(kind=Kind.ABANDONED, seconds=lasts))
            case "talk":
                self._busy_s += self.now - self._talking.pop(call)
                self._happened.append(Happening(kind=Kind.TALK, seconds=lasts))
                self._wrapping[call] = self.now
                self._later(self._rng.choice(self._team.times["wrap"]), "wrap", call)
            case _:
                self._busy_s += self.now - self._wrapping.pop(call)
                self._happened.append(Happening(kind=Kind.WRAP, seconds=lasts))
                self.idle += 1
                self._serve()

    def _serve(self) -> None:
        while self.waiting and self.idle:
            call = self.waiting.popleft()[1]
            self.idle -= 1
            self._talking[call] = self.now
            self._later(self._rng.choice(self._team.times["talk"]), "talk", call)
