"""Plays many replications, in this process or in several: the figures are the same either way."""

import gc
import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass

import numpy as np

from dialer.scoring import Scoring
from dialer.whatif.model import Day, Manner, WhatIfError, Window
from dialer.whatif.order import Order
from dialer.whatif.pilot import Team, pilot
from dialer.whatif.play import Play
from dialer.whatif.policy import Policy
from dialer.whatif.stage import Played, Stage
from dialer.whatif.world import Seen, World

MOST_REPLICATIONS = 1_000
_A_TASK = 5  # replications: progress is told and a stop heeded after each
_LOOK_S = 0.5


class StoppedError(WhatIfError):
    """The rehearsal was stopped before its last replication."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Everything a process needs: the settings side by side, and what is known of people."""

    days: tuple[Day, ...]
    policies: tuple[Policy | None, ...]
    seen: Seen
    scoring: Scoring
    seed: int


Told = Callable[[int, int], None]


def job_of(days: Sequence[Day], *, seen: Seen, scoring: Scoring, seed: int) -> Job:
    """Return the job of some settings; the pacer is watched for each predictive team."""
    return Job(
        days=tuple(days),
        policies=tuple(policy_of(day, seen=seen, scoring=scoring, seed=seed) for day in days),
        seen=seen,
        scoring=scoring,
        seed=seed,
    )


def policy_of(day: Day, *, seen: Seen, scoring: Scoring, seed: int) -> Policy | None:
    """Return what stands for the pacer on a day; None where nothing is predictive."""
    lanes = {n for n, lane in enumerate(day.lanes) if lane.manner is Manner.PREDICTIVE}
    team = [seat for seat in day.seats if seat.lanes & lanes]
    if not lanes or not team:
        return None
    world = World(seen, places=day.places, scoring=scoring)
    due = [each for each in day.due if each.lane in lanes]
    if not due:
        return None
    places = Counter(each.place for each in due)
    at_work = [shift for seat in team[:1] for shift in (seat.days or ((),))[0]]
    buckets = _buckets(at_work)
    chances = [
        (world.chance_of(place, bucket), many)
        for place, many in places.items()
        for bucket in buckets
        if bucket < len(day.places[place].hours)
    ]
    chance = sum(c * many for c, many in chances) / sum(many for _, many in chances)
    talk = Counter(each.reason for each in due).most_common(1)[0][0]
    times = dict(world.times)
    times["talk"] = times.get(f"talk:agent:{talk}") or times.get("talk:agent") or times["talk"]
    return pilot(
        Team(
            agents=len(team),
            chance=chance,
            times=times,
            target=min(day.lanes[lane].target for lane in lanes),
        ),
        seed=seed,
    )


def _buckets(shifts: Sequence[Window]) -> list[int]:
    found = {int(at // 1800) for start, end in shifts for at in range(int(start), int(end), 1800)}
    return sorted(found) or [20]


def play_many(
    job: Job,
    *,
    replications: int,
    processes: int = 1,
    told: Told | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> list[list[Played]]:
    """Return each setting's replications, in their order; equal whatever the processes.

    Raises:
        WhatIfError: so many replications cannot be.
        StoppedError: `stopped` said so.
    """
    if not 2 <= replications <= MOST_REPLICATIONS:  # noqa: PLR2004 - one has no interval
        message = f"{replications} replications: write 2 to {MOST_REPLICATIONS}"
        raise WhatIfError(message)
    tasks = [
        range(first, min(first + _A_TASK, replications))
        for first in range(0, replications, _A_TASK)
    ]
    found: dict[int, list[Played]] = {}
    if processes == 1:
        here = _Player(job)
        for task in tasks:
            if stopped():
                raise StoppedError(_STOPPED)
            found.update(here.play(task))
            if told is not None:
                told(len(found), replications)
    else:
        _spread(job, tasks, processes, found, told=told, stopped=stopped, of=replications)
    return [
        [found[nth][setting] for nth in range(replications)] for setting in range(len(job.days))
    ]


_STOPPED = "the rehearsal was stopped; nothing of it is kept"


def _spread(
    job: Job,
    tasks: Sequence[range],
    processes: int,
    found: dict[int, list[Played]],
    *,
    told: Told | None,
    stopped: Callable[[], bool],
    of: int,
) -> None:
    pool = ProcessPoolExecutor(
        max_workers=processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_settle_in,
        initargs=(job,),
    )
    try:
        under_way: set[Future[dict[int, list[Played]]]] = {
            pool.submit(_play, task) for task in tasks
        }
        while under_way:
            done, under_way = wait(under_way, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
            for each in done:
                found.update(each.result())
            if done and told is not None:
                told(len(found), of)
            if stopped():
                raise StoppedError(_STOPPED)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Player:
    """Plays replications of one job."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._world = World(job.seen, places=job.days[0].places, scoring=job.scoring)
        weights = job.scoring.weights
        self._stages = [
            Stage(
                day=day,
                seats=day.seats,
                lines=day.lines,
                order=Order(day, self._world, weights),
                policy=policy,
            )
            for day, policy in zip(job.days, job.policies, strict=True)
        ]

    def play(self, task: range) -> dict[int, list[Played]]:
        collects = gc.isenabled()
        gc.disable()  # a replication makes no cycles, and looking for them takes a third of it
        try:
            return {nth: [self._one(stage, nth) for stage in self._stages] for nth in task}
        finally:
            if collects:
                gc.enable()

    def _one(self, stage: Stage, nth: int) -> Played:
        seed = self._job.seed
        drawn = self._world.draw(np.random.default_rng((seed, nth, 1)))
        return Play(stage, drawn, key=(seed, nth, 2)).run()


_player: list[_Player] = []  # of a process of the pool


def _settle_in(job: Job) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asks stops us
    _player[:] = [_Player(job)]


def _play(task: range) -> dict[int, list[Played]]:
    return _player[0].play(task)
