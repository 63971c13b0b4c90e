"""One fault run from end to end: a world, a carrier, dialers that are killed, and the judgement."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.clock import Clock, SystemClock
from core.errors import OwnerlineError
from dialer.model import TelephonyResult
from tests.faults.carrying import Scene, carry
from tests.faults.evidence import gather
from tests.faults.judge import Evidence, Fault, Finding, judge, overtaken
from tests.faults.mayhem import Mayhem
from tests.faults.nursery import Nursery
from tests.faults.outside import Outside, despite_kills
from tests.faults.plan import Plan
from tests.faults.world import World, open_world

_LOOK_S = 0.25
_QUIET_LOOKS = 8  # in a row: nothing due, nothing live
_CARRIER_WITHIN_S = 30.0
_BEFORE_DIALLING = timedelta(seconds=0.2)
# What was claimed before a payment, and rang after it, may take so long to the carrier: real
# seconds, for its dialer may have waited for the database to answer its commit.
_ON_THE_WAY_S = 5.0

_WORK = sa.text("""
    SELECT (SELECT count(*) FROM attempt WHERE state <> 'ended')
         + (SELECT count(*) FROM due_call
            WHERE state = 'claimed' OR (state = 'waiting' AND next_at <= :now))
""")


class CarrierNotReadyError(OwnerlineError):
    """The carrier of the fault run did not start; its log says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a run came to."""

    plan: Plan
    kills: Mapping[str, int]
    figures: Mapping[str, object]
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found wrong and as much was killed as planned."""
        servers = self.kills["postmasters killed"] + self.kills["backends killed"]
        return (
            not self.findings
            and self.kills["dialers killed"] == self.plan.dialer_kills
            and servers == self.plan.server_kills
        )

    def table(self) -> str:
        """Return the figures, and the first findings."""
        counts = Counter(finding.fault for finding in self.findings)
        rows: dict[str, object] = {**self.figures, **self.kills}
        rows |= {fault.value: counts[fault] for fault in Fault}
        widest = max(map(len, rows))
        lines = [f"  {name:{widest}}  {value}" for name, value in rows.items()]
        lines += [f"  ! {each.fault}: {each.subject}: {each.what}" for each in self.findings[:40]]
        return "\n".join(lines)


async def play(plan: Plan, folder: Path, say: Callable[[str], None]) -> Result:
    """Play a run in a folder of its own; logs and the carrier's book stay there."""
    began_s = time.monotonic()
    rng = random.Random(plan.seed)
    people = folder / "people.jsonl"
    async with open_world(plan, folder, people) as world:
        scene = Scene(
            plan=plan,
            folder=folder,
            database_url=world.database_url,
            origin=SystemClock().now() + _BEFORE_DIALLING,
        )
        with Nursery(folder) as nursery:
            await _start_carrier(nursery, scene)
            mayhem = Mayhem(scene, world, nursery, rng)
            outside = Outside(world.sessions, scene.clock(), rng, book=scene.book)
            mayhem.start()
            say(f"the day has begun; {plan.dialer_kills + plan.server_kills} kills to come")
            async with _in_the_background(mayhem.attend()):
                async with asyncio.TaskGroup() as group:
                    group.create_task(mayhem.rage())
                    group.create_task(
                        outside.come_in(
                            payers=plan.payers, letters=plan.letters, within_s=plan.killing_s
                        )
                    )
                say("no more kills; the queue has to empty")
                killed_s = time.monotonic()
                looked_at = await _emptied(world, scene.clock(), within_s=plan.emptying_s)
                emptied_s = time.monotonic()
            await mayhem.end()
            evidence = await _evidence(world, scene, outside, now=looked_at)
    return Result(
        plan=plan,
        kills=mayhem.kills,
        figures={
            **_figures(evidence),
            "came in from outside": len(outside.arrivals),
            "emptied after (s)": round(emptied_s - killed_s, 1),
            "whole run (s)": round(time.monotonic() - began_s, 1),
        },
        findings=tuple(judge(evidence)),
    )


async def _start_carrier(nursery: Nursery, scene: Scene) -> None:
    reads, writes = nursery.pipe()
    nursery.start("carrier", carry, scene, writes)
    if not await asyncio.to_thread(reads.poll, _CARRIER_WITHIN_S):
        message = f"the carrier did not start; see {scene.folder / 'carrier.log'}"
        raise CarrierNotReadyError(message)


@contextlib.asynccontextmanager
async def _in_the_background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _emptied(world: World, clock: Clock, *, within_s: float) -> datetime:
    """Wait until nothing is due or live for a while; the judge says what is left after the time.

    Returns the instant of the last look. The day goes on while the dialers end: what becomes due
    from then on is nobody's to ring any more.
    """
    give_up, quiet, now = time.monotonic() + within_s, 0, clock.now()
    while quiet < _QUIET_LOOKS and time.monotonic() < give_up:
        await asyncio.sleep(_LOOK_S)
        now = clock.now()
        left = await despite_kills(lambda: _work(world.sessions, clock))
        quiet = 0 if left else quiet + 1
    return now


async def _work(sessions: async_sessionmaker[AsyncSession], clock: Clock) -> int:
    async with sessions.begin() as session:
        found = await session.execute(_WORK, {"now": clock.now()})
        return int(found.scalar_one())


async def _evidence(world: World, scene: Scene, outside: Outside, *, now: datetime) -> Evidence:
    async with world.sessions.begin() as session:
        return await gather(
            session,
            book=scene.book,
            talks=scene.talks,
            arrivals=outside.arrivals,
            now=now,
            on_the_way=timedelta(seconds=_ON_THE_WAY_S * scene.plan.factor),
        )


def _figures(evidence: Evidence) -> dict[str, object]:
    states = Counter(due.state for due in evidence.due_calls.values())
    rung = {call.call_id for call in evidence.calls}
    never = [each for each in evidence.attempts.values() if each.attempt_id not in rung]
    refused = sum(each.result is TelephonyResult.CONGESTION for each in never)
    results = Counter(call.result for call in evidence.calls)
    taken = sum(line.taken for lines in evidence.talks.values() for line in lines)
    broken = sum(not line.taken for lines in evidence.talks.values() for line in lines)
    return {
        "calls in the carrier's book": len(evidence.calls),
        "of them answered": sum(call.answered_at is not None for call in evidence.calls),
        "attempts on file": len(evidence.attempts),
        "of them never placed": len(never),
        "of these refused by the carrier": refused,
        "due calls": ", ".join(f"{count} {state}" for state, count in sorted(states.items())),
        "of them never tried": sum(not due.attempts for due in evidence.due_calls.values()),
        "the carrier's results": ", ".join(
            f"{count} {result}" for result, count in results.most_common()
        ),
        "replies taken": taken,
        "replies a dialer died over": broken,
        "overtaken by what came in": overtaken(evidence),
    }
