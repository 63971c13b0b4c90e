"""A day of 100 agents rehearsed 100 times, beside a bare event loop of as many events.

The day is invented: one predictive campaign, so many due calls that agents never run out of them.
"""

import gc
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from heapq import heappop, heappush
from random import Random

from dialer.scoring import shipped_scoring
from dialer.whatif.model import Day, Due, Follow, Held, Lane, Lines, Manner, Place, Seat
from dialer.whatif.result import forecast_of
from dialer.whatif.runs import job_of, play_many
from dialer.whatif.world import Seen

AGENTS, DUE, REPLICATIONS, PROCESSES = 100, 30_000, 100, 2
TARGET_S = 30.0
_HOUR = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """How long the replications took, and what they were."""

    seconds: float
    events: int  # of all replications
    attempts: float  # of a day, mean
    utilisation: float
    bare_s: float  # a bare loop of as many events, in as many processes


def invented(agents: int, due: int) -> Day:
    """Return a day of one predictive campaign."""
    opens = datetime(2026, 12, 16, 16, tzinfo=UTC)

    def follow(minutes: int, times: int, *, final: bool = False, dies: bool = False) -> Follow:
        return Follow(
            final=final, after_s=60.0 * minutes, times=times, phone_dies=dies, talked=final
        )

    lane = Lane(
        campaign="overdue",
        manner=Manner.PREDICTIVE,
        language="zh-CN",
        team=None,
        skills=(),
        max_attempts=6,
        follow={
            "no_answer": follow(240, 4),
            "busy": follow(15, 4),
            "invalid_number": follow(5, 9, dies=True),
            "information_given": follow(5, 1, final=True),
        },
        otherwise=follow(240, 2),
        target=0.03,
    )
    held = Held(
        windows=((9 * _HOUR, 12 * _HOUR), (14 * _HOUR, 20 * _HOUR)),
        rule="rest_hours",
        room=5,
        gap_s=900.0,
        hushed=True,
    )
    shift = ((9 * _HOUR, 12 * _HOUR), (14 * _HOUR, 19 * _HOUR))
    return Day(
        day=date(2026, 12, 17),
        opens=opens,
        closes=opens + timedelta(days=1),
        time_zone="Asia/Shanghai",
        places=[
            Place(
                community_id=1,
                name="bench",
                hours=tuple(bucket // 2 % 24 for bucket in range(49)),
                weekend=False,
            )
        ],
        lanes=[lane],
        due=tuple(
            Due(
                due_call_id=nth,
                person=nth,
                place=0,
                lane=0,
                reason="overdue",
                unit="",
                due_s=24 * _HOUR * (1 + nth % 4),
                priority=30 + nth % 3,
                appointment=False,
                attempts=0,
                words={},
                phones=2,
                mates=(),
                held=held,
            )
            for nth in range(due)
        ),
        seats=(Seat(lanes=frozenset({0}), days=(shift,)),) * agents,
        lines=Lines(channels=400, calls_per_second=20.0),
    )


def measure(*, replications: int, agents: int = AGENTS, due: int = DUE) -> Measured:
    """Rehearse the invented day, its pacer's pilot and its processes' start included."""
    day, scoring = invented(agents, due), shipped_scoring()
    began_s = time.perf_counter()
    job = job_of([day], seen=Seen(), scoring=scoring, seed=1)
    played = play_many(job, replications=replications, processes=PROCESSES)[0]
    seconds = time.perf_counter() - began_s
    events = sum(each.events for each in played)
    found = forecast_of(day, played)
    return Measured(
        seconds=seconds,
        events=events,
        attempts=found.figures["attempts"].mean,
        utilisation=0.0 if found.utilisation is None else found.utilisation.mean,
        bare_s=_bare(events // PROCESSES),
    )


def _bare(events: int) -> float:
    """Return how long a heap of events takes alone, each one putting the next."""
    rng = Random(1)
    heap = [(rng.random(), nth, 0, None) for nth in range(AGENTS)]
    heap.sort()
    gc.disable()
    began_s = time.perf_counter()
    for nth in range(events):
        at, _, kind, what = heappop(heap)
        heappush(heap, (at + rng.random(), nth, kind, what))
    gc.enable()
    return time.perf_counter() - began_s
