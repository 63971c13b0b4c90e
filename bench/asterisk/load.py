"""What our bridge costs beside a bare script that only originates, on one Asterisk in one run."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench.asterisk import bare, ours
from bench.asterisk import crowd as talks
from bench.asterisk.stage import LONG_S, Stage
from bench.queue_world import fill_queue
from ownerline.database import upgrade

TARGET_SETUP_RATIO = 0.9
TARGET_FIRST_MORE_S = 0.003  # than the bare dialplan's median
TARGET_FIRST_P95_S = 0.020
_PEOPLE_RING_S = 3.0  # hardly anybody picks up sooner
_AT_ONCE = 60  # undecided calls while setting up as fast as it goes


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What the phones saw of a run."""

    invites: int
    answered: int
    ended: int
    per_s: float  # calls set up a second
    most_up: int
    first_sample_s: tuple[float, ...]  # from the answer, sorted

    def first(self, share: float) -> float:
        """Return the seconds to the first sample that this share of the calls needed at most."""
        return self.first_sample_s[
            min(len(self.first_sample_s) - 1, int(len(self.first_sample_s) * share))
        ]


def setup(on: Stage, *, calls: int) -> tuple[Seen, Seen]:
    """Set calls up as fast as Asterisk decides them: the bare script, then the bridge."""
    return (
        _seen(on, lambda: bare.originate(on, calls=calls, at_once=_AT_ONCE)),
        _seen(on, lambda: ours.originate(on, calls=calls, at_once=_AT_ONCE)),
    )


def first_words(on: Stage, *, up: int, rounds: int) -> tuple[Seen, Seen]:
    """Let so many calls be up, each replaced as it ends: the bare dialplan, then our talks."""
    spoken: dict[str, Any] = {
        "calls": up * rounds,
        "at_once": up,
        "per_s": up / LONG_S,
        "long": True,
    }
    return (
        _seen(on, lambda: bare.originate(on, **spoken)),
        _seen(on, lambda: ours.originate(on, **spoken)),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """Many calls in talks at once: what the phones saw, what the bridge told of it, its cost."""

    seen: Seen
    lost: int  # events, turns and answers that never came
    too_many: int  # that came twice
    cpu_share: float  # of one core, a call that is up


def crowd(on: Stage, *, calls: int, per_s: float) -> Crowd:
    """Let so many owners be up at once, each silent through a talk of several questions."""
    found: list[talks.Talked] = []

    async def work() -> None:
        found.append(await talks.talk(on, calls=calls, per_s=per_s))

    seen = _seen(on, work)
    talked = found[0]
    return Crowd(
        seen=seen,
        lost=talked.lost + calls - min(seen.answered, seen.ended),
        too_many=talked.too_many,
        cpu_share=talked.cpu_s / (calls * talks.LASTS_S),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """A whole dialer's run: what the phones saw, what is on file, what it cost."""

    seen: Seen
    answered_on_file: int
    outcomes_on_file: int
    cpu_share: float  # of one core, a call that is up
    memory_bytes: float  # a call that is up


def whole(on: Stage, url: str, *, calls: int, per_s: float) -> Whole:
    """Ring so many owners who listen and press nothing, by their scripts, with everything on."""
    upgrade(url)
    with psycopg.connect(url, autocommit=True) as connection:
        fill_queue(connection, calls)
        connection.execute("UPDATE person SET synthetic = false")
        with tempfile.TemporaryDirectory(prefix="ownerline-bench-") as home:
            cost, seen = _dialed(on, url, Path(home), connection, calls=calls, per_s=per_s)
        row = connection.execute(
            "SELECT count(*) FILTER (WHERE telephony_result = 'answered'),"
            " count(*) FILTER (WHERE NOT EXISTS (SELECT FROM attempt_due_call AS served"
            "   WHERE served.attempt_id = attempt.attempt_id AND settled_at IS NULL))"
            " FROM attempt WHERE bridge = 'asterisk'"
        ).fetchone()
        assert row is not None
    return Whole(
        seen=seen,
        answered_on_file=int(str(row[0])),
        outcomes_on_file=int(str(row[1])),
        cpu_share=cost["cpu_s"] / cost["call_seconds"],
        memory_bytes=cost["grew_bytes"] / max(1, seen.most_up),
    )


def _dialed(
    on: Stage,
    url: str,
    home: Path,
    connection: psycopg.Connection[Any],
    *,
    calls: int,
    per_s: float,
) -> tuple[dict[str, float], Seen]:
    connection.execute(
        "INSERT INTO installation (singleton, installation_id, armed_at, armed_by)"
        " VALUES (true, gen_random_uuid(), clock_timestamp(), 'bench')"
    )
    on.heard(rings_s=_PEOPLE_RING_S, as_people_do=True)
    order = {
        "url": url,
        "home": str(home),
        "ami": on.ami,
        "secret": on.secret,
        "shared": str(on.shared),
        "calls": calls,
        "per_s": per_s,
        "until_ended": calls,
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.asterisk.whole", json.dumps(order)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=900,
    )
    return json.loads(done.stdout.splitlines()[-1]), _read(on.heard())


def _seen(on: Stage, run: Callable[[], Awaitable[object]]) -> Seen:
    on.heard()

    async def work() -> None:
        await run()

    asyncio.run(work())
    return _read(on.heard())


def _read(heard: dict[str, Any]) -> Seen:
    samples: Sequence[float] = sorted(heard["first_sample_s"])
    return Seen(
        invites=heard["invites"],
        answered=heard["answered"],
        ended=heard["ended"],
        per_s=heard["answered"] / heard["span_s"],
        most_up=heard["most_up"],
        first_sample_s=tuple(samples),
    )
