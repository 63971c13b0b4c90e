"""A day of calls in steps of a second: a world of its own, small enough for a unit test."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from dialer.pacing.model import Glance, Happening, Kind

RINGS_S, PATIENT_S = 25, 2


@dataclass(kw_only=True)
class Toy:
    """Agents, lines and people; `chance` by second."""

    agents: int
    chance: Callable[[int], float]
    seed: int
    talk_s: float = 100.0
    wrap_s: float = 20.0
    live: int = 0
    abandoned: int = 0
    busy_s: float = 0.0
    _ringing: list[tuple[int, int, Kind]] = field(default_factory=list)  # placed, ends, how
    _talking: list[tuple[int, int, int]] = field(default_factory=list)  # began, ends, wrap-up ends
    _wrapping: list[tuple[int, int]] = field(default_factory=list)  # began, ends
    _waiting: list[int] = field(default_factory=list)  # since
    _happened: list[Happening] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)

    def run(self, policy: Callable[[Glance], int], *, seconds: int) -> float:
        """Return the share of their time that agents were busy."""
        for now in range(seconds):
            self._step(now)
            for _ in range(policy(self._glance(now))):
                self._place(now)
        return self.busy_s / (self.agents * seconds)

    def _idle(self) -> int:
        return self.agents - len(self._talking) - len(self._wrapping)

    def _place(self, now: int) -> None:
        if self._draw.random() < self.chance(now):
            self._ringing.append((now, now + self._draw.randint(5, 18), Kind.LIVE))
        else:
            self._ringing.append((now, now + RINGS_S, Kind.FAILED))

    def _step(self, now: int) -> None:
        for began, _, wrapped in [each for each in self._talking if each[1] <= now]:
            self._happen(Kind.TALK, now - began)
            self._wrapping.append((now, wrapped))
        self._talking = [each for each in self._talking if each[1] > now]
        for began, _ in [each for each in self._wrapping if each[1] <= now]:
            self._happen(Kind.WRAP, now - began)
        self._wrapping = [each for each in self._wrapping if each[1] > now]
        for placed, _, how in [each for each in self._ringing if each[1] <= now]:
            self._happen(how, now - placed)
            if how is Kind.LIVE:
                self.live += 1
                self._waiting.append(now)
        self._ringing = [each for each in self._ringing if each[1] > now]
        while self._waiting and self._idle() > 0:
            self._waiting.pop(0)
            ends = now + 1 + int(self._draw.expovariate(1 / self.talk_s))
            self._talking.append((now, ends, ends + 1 + int(self.wrap_s)))
        for since in [each for each in self._waiting if now - each >= PATIENT_S]:
            self._waiting.remove(since)
            self.abandoned += 1
            self._happen(Kind.ABANDONED, PATIENT_S)
        self.busy_s += self.agents - self._idle()

    def _happen(self, kind: Kind, seconds: float) -> None:
        self._happened.append(Happening(kind=kind, seconds=float(seconds)))

    def _glance(self, now: int) -> Glance:
        happened, self._happened = self._happened, []
        return Glance(
            now_s=float(now),
            hour=now // 3600,
            agents=self.agents,
            idle=self._idle(),
            waiting=len(self._waiting),
            ringing=[float(now - placed) for placed, _, _ in self._ringing],
            talking=[float(now - began) for began, _, _ in self._talking],
            wrapping=[float(now - began) for began, _ in self._wrapping],
            live=self.live,
            abandoned=self.abandoned,
            happened=happened,
        )
