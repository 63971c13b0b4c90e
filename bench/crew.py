"""Workers of either side of a comparison, spread over processes alike, counted from one start."""

import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import TypeAlias

PROCESSES = 2  # of many workers; the smallest machine this is meant for has two cores
_WARM_UP = 3
_PATIENCE_S = 120.0

# Does one piece of work; returns how much was done, None when nothing is left.
Step: TypeAlias = Callable[[], Awaitable[int | None]]

# Opens one side in a process: a step for each of its workers, told apart by their first number.
Side: TypeAlias = Callable[["Shift"], AbstractAsyncContextManager[list[Step]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """What a process is told: where, how many workers it has, their numbers, and for how long."""

    url: str
    workers: int
    first_number: int
    crew: int  # workers of all processes together
    seconds: float


def rate(side: Side, *, url: str, workers: int, seconds: float) -> float:
    """Return what the workers get done a second, all together."""
    processes = min(workers, PROCESSES)
    spawn = multiprocessing.get_context("spawn")
    barrier, results = spawn.Barrier(processes), spawn.Queue()
    shifts = [
        Shift(
            url=url,
            workers=workers // processes,
            first_number=number * (workers // processes),
            crew=workers,
            seconds=seconds,
        )
        for number in range(processes)
    ]
    crew = [
        spawn.Process(target=_process, args=(side, shift, barrier, results)) for shift in shifts
    ]
    for process in crew:
        process.start()
    try:
        found: list[float] = [results.get(timeout=seconds + _PATIENCE_S) for _ in crew]
    finally:
        for process in crew:
            process.join(timeout=5)
            process.kill()
    return sum(found)


def _process(side: Side, shift: Shift, barrier: Barrier, results: "Queue[float]") -> None:
    results.put(asyncio.run(_work(side, shift, barrier)))


async def _work(side: Side, shift: Shift, barrier: Barrier) -> float:
    async with side(shift) as steps:
        for _ in range(_WARM_UP):
            await asyncio.gather(*(step() for step in steps))
        await asyncio.to_thread(barrier.wait, _PATIENCE_S)
        started = time.perf_counter()
        done = await asyncio.gather(*(_until(step, started + shift.seconds) for step in steps))
        return sum(done) / (time.perf_counter() - started)


async def _until(step: Step, end: float) -> int:
    done = 0
    while time.perf_counter() < end:
        more = await step()
        if more is None:
            break
        done += more
    return done
