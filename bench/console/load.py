"""From the commit of an event to the screen that shows it, with a whole floor connected.

Server, database, browsers and calls are processes of one machine and share its cores. The limits
of a caller are those of service.
"""

import asyncio
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from bench.console import bare
from bench.console.calls import Kept, make_calls
from bench.console.floor import Cast
from bench.console.screens import Noted, Screens
from ownerline.services.web import listen

# 200 agents with a call every three minutes are four events a second; the others are a rush.
TARGET_RATE = 4.0
RATES = ((TARGET_RATE, 240), (12.0, 360))
TARGET_P95_MS = 300.0
TARGET_POP_MS = 200.0
_PATIENCE_S = 120.0
_SETTLES_S = 3.0
_TICKS_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """Times in seconds, the shortest first."""

    took_s: Sequence[float]
    missed: int = 0

    def share(self, part: float) -> float:
        """Return the milliseconds within which so great a part was there."""
        if not self.took_s:
            return float("nan")
        return self.took_s[min(int(len(self.took_s) * part), len(self.took_s) - 1)] * 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What one rate of events came to."""

    rate: float
    events: int
    desks: Times
    pops: Times  # of them, an answered call
    whole: Times  # until everything that the parts load was there
    walls: Times
    requests_per_s: float
    cpu_share: float  # of one core, of the server's process


@dataclass(slots=True)
class Measured:
    """What a server showed: the rounds, its memory in MB, and what went wrong."""

    rounds: list[Round] = field(default_factory=list)
    alone_mb: float = 0.0
    connected_mb: float = 0.0
    end_mb: float = 0.0
    noted: Noted = field(default_factory=Noted)


def measure(url: str, cast: Cast, *, home: Path, rates: Sequence[tuple[float, int]]) -> Measured:
    """Return what the console does at each rate with so many events."""
    with console(url, home) as (base, pid):
        return asyncio.run(_measure(url, cast, base=base, pid=pid, rates=rates))


def measure_bare(
    url: str, cast: Cast, *, sizes: bare.Sizes, rates: Sequence[tuple[float, int]]
) -> Measured:
    """Return the same of the bare alternative."""
    with _bare(url, sizes) as (base, pid):
        return asyncio.run(_measure(url, cast, base=base, pid=pid, rates=rates, is_bare=True))


async def _measure(
    url: str,
    cast: Cast,
    *,
    base: str,
    pid: int,
    rates: Sequence[tuple[float, int]],
    is_bare: bool = False,
) -> Measured:
    found = Measured(alone_mb=_resident_mb(pid))
    screens = Screens(base, cast)
    found.noted = screens.noted
    with _calls(url, [each.agent_id for each in cast.agents]) as pipe:
        try:
            await screens.open()
            await asyncio.sleep(_SETTLES_S)
            found.connected_mb = _resident_mb(pid)
            for rate, number in rates:
                began_s, cpu_s = time.monotonic(), _cpu_s(pid)
                asked = screens.noted.requests
                pipe.send((rate, number))
                kept: list[Kept] = await asyncio.to_thread(pipe.recv)
                span_s = time.monotonic() - began_s
                requests = screens.noted.requests - asked
                cpu = (_cpu_s(pid) - cpu_s) / span_s
                await asyncio.sleep(_SETTLES_S)
                found.rounds.append(
                    _round(rate, kept, screens.noted, requests / span_s, cpu, is_bare=is_bare)
                )
            found.end_mb = _resident_mb(pid)
        finally:
            await screens.close()
    return found


def _round(
    rate: float,
    kept: Sequence[Kept],
    noted: Noted,
    requests_per_s: float,
    cpu: float,
    *,
    is_bare: bool,
) -> Round:
    pops, desks, whole, missed = [], [], [], 0
    for event in kept:
        seen = next(
            (
                each
                for each in noted.desks[event.agent_id]
                if each.at_s >= event.at_s and (is_bare or each.shows == event.shows)
            ),
            None,
        )
        if seen is None:
            missed += 1
            continue
        desks.append(seen.at_s - event.at_s)
        whole.append(seen.whole_s - event.at_s)
        if event.shows.startswith("talking"):
            pops.append(seen.at_s - event.at_s)
    walls, unseen = [], 0
    for event in kept:
        for wall in noted.walls:
            at_s = next((at_s for at, at_s in wall if at >= event.at), None)
            if at_s is None:
                unseen += 1
            else:
                walls.append(at_s - event.at_s)
    return Round(
        rate=rate,
        events=len(kept),
        desks=Times(took_s=sorted(desks), missed=missed),
        pops=Times(took_s=sorted(pops)),
        whole=Times(took_s=sorted(whole)),
        walls=Times(took_s=sorted(walls), missed=unseen),
        requests_per_s=requests_per_s,
        cpu_share=cpu,
    )


@contextmanager
def console(url: str, home: Path) -> Iterator[tuple[str, int]]:
    """Run `ownerline api` over a database; yield where it is and its process."""
    environment = {
        **os.environ,
        "OWNERLINE_HOME": str(home),
        "OWNERLINE_DATABASE_URL": url,
        "OWNERLINE_LOG_LEVEL": "warning",
    }
    command = [str(Path(sys.executable).with_name("ownerline")), "api", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            base = next((each for each in line.split() if each.startswith("http://")), None)
            if base is None:
                message = f"the API did not say where it is: {line!r}"
                raise RuntimeError(message)
            yield base.rstrip(".,;"), process.pid
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def _bare(url: str, sizes: bare.Sizes) -> Iterator[tuple[str, int]]:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    listener = listen("127.0.0.1", 0)
    process = spawn.Process(target=bare.serve, args=(url, sizes, listener, there))
    process.start()
    try:
        _wait(here, "the bare server")
        assert process.pid is not None
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", process.pid
    finally:
        process.kill()
        process.join()
        listener.close()


@contextmanager
def _calls(url: str, agent_ids: Sequence[int]) -> Iterator[Connection]:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=make_calls, args=(url, agent_ids, there))
    process.start()
    try:
        _wait(here, "the floor's calls")
        yield here
        here.send(None)
        process.join(timeout=10)
    finally:
        process.kill()
        process.join()


def _wait(pipe: Connection, who: str) -> None:
    if not pipe.poll(_PATIENCE_S):
        message = f"{who} did not begin within {_PATIENCE_S:g} s"
        raise TimeoutError(message)
    pipe.recv()


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kilobytes = next(line for line in lines if line.startswith("VmRSS")).split()[1]
    return int(kilobytes) / 1000


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_S
