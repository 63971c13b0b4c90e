"""Our pacer as the judge of pacing asks it: a plug-in of its own process."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from dialer.pacing.model import Glance, Happening, Kind, Limits
from dialer.pacing.pacer import Pacer

_KINDS = {kind.value: kind for kind in Kind}
WINDOW_S = 30 * 86_400.0


class Seen(Protocol):
    """The judge's state; its head says what each is."""

    t: float
    agents: int
    idle: int
    waiting: int
    ringing: list[float]
    talking: list[float]
    wrapping: list[float]
    live: int
    abandoned: int
    events: list[tuple[str, float]]


def make(given: Mapping[str, Any]) -> Callable[[Seen], int]:
    """Return a policy that starts cold; `given` as the judge gives it."""
    pacer = Pacer(day_ends_s=given["shift"])
    limits = Limits(target=given["target"], window_s=WINDOW_S)

    def dial(seen: Seen) -> int:
        return pacer.decide(glance_of(seen), limits).dial

    return dial


def glance_of(seen: Seen) -> Glance:
    """Return what the pacer is told."""
    return Glance(
        now_s=seen.t,
        hour=int(seen.t // 3600) % 24,
        agents=seen.agents,
        idle=seen.idle,
        waiting=seen.waiting,
        ringing=seen.ringing,
        talking=seen.talking,
        wrapping=seen.wrapping,
        live=seen.live,
        abandoned=seen.abandoned,
        happened=[Happening(kind=_KINDS[kind], seconds=s) for kind, s in seen.events],
    )
