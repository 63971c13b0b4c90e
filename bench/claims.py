"""Whole claims a second beside bare fetches of a job queue, on one server, from queues as long.

A whole claim is: trunk token, claim, re-check of the reason, verdict by every rule, attempt,
commit. A fetch is one call of procrastinate's own `fetch_job`, which marks a job as taken. Dialers
claim in batches, as the engine does; a fetch is always of one job.
"""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import LiteralString

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.manager import JobManager
from procrastinate.schema import SchemaManager
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bench.crew import Shift, Step, rate
from bench.queue_world import NOW, fill_queue
from callback.campaigns import shipped_campaigns
from callback.packs import shipped_packs
from core.clock import VirtualClock
from core.database import create_engine, despite_deadlocks, session_factory
from core.ids import IdSource
from dialer.bridges.port import TrunkLimits
from dialer.call_facts import SettingBasis
from dialer.claim import ClaimReport, claim
from dialer.ready import refill
from dialer.trunks import TrunkGate
from ownerline.database import upgrade

BATCH = 100  # calls a claim, as the engine's rules ship
TARGET_RATIO = 1.0  # claims over fetches, at least
TARGET_FLATNESS = 0.8  # claims from the longest queue over claims from the shortest, at least

_CAMPAIGNS, _PACKS = shipped_campaigns(), shipped_packs()
_BASIS = SettingBasis(
    bridge_is_real=False,
    armed=False,
    stopped=False,
    paused_campaigns=frozenset(),
    test_numbers=(),
    destinations=(),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What so many workers got done a second from a queue of such a length."""

    waiting: int
    workers: int
    claims: float
    fetches: float

    @property
    def ratio(self) -> float:
        """Ours over the bare fetch."""
        return self.claims / self.fetches


def prepare(url: str, waiting: int) -> None:
    """Fill both queues of an empty database."""
    upgrade(url)
    with psycopg.connect(url, autocommit=True) as connection:
        fill_queue(connection, waiting)
        known = connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
        if known == (None,):
            connection.execute(SchemaManager.get_schema().encode())
        connection.execute("ALTER TABLE procrastinate_jobs DISABLE TRIGGER USER")
        connection.execute(
            """INSERT INTO procrastinate_jobs (queue_name, task_name, args)
               SELECT 'calls', 'call', jsonb_build_object('due_call_id', n)
               FROM generate_series(1, %s) AS n""",
            [waiting],
        )
        connection.execute("ALTER TABLE procrastinate_jobs ENABLE TRIGGER USER")
        connection.execute("VACUUM ANALYZE")


def measure(
    url: str, *, waiting: int, workers: Sequence[int], seconds: float, batch: int = BATCH
) -> list[Measured]:
    """Measure both sides in turn, for each number of workers; the queues are filled already."""
    found: list[Measured] = []
    for number in workers:
        fetches = rate(fetching, url=url, workers=number, seconds=seconds)
        claims = rate(partial(claiming, batch=batch), url=url, workers=number, seconds=seconds)
        found.append(Measured(waiting=waiting, workers=number, claims=claims, fetches=fetches))
        _settle(url)
    return found


def _settle(url: str) -> None:
    """End what was claimed and fetched, and sweep, so that every round meets the same."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in _SETTLE:
            connection.execute(statement)


_SETTLE: tuple[LiteralString, ...] = (
    """UPDATE procrastinate_jobs SET status = 'succeeded' WHERE status = 'doing'""",
    """UPDATE attempt_due_call
       SET settled_at = started_at, telephony_result = 'no_answer', outcome = '{}'
       FROM attempt
       WHERE attempt.attempt_id = attempt_due_call.attempt_id AND settled_at IS NULL""",
    """UPDATE attempt SET state = 'ended', ended_at = started_at, telephony_result = 'no_answer'
       WHERE state <> 'ended'""",
    """UPDATE due_call SET state = 'done', settled_at = created_at, settled_because = 'bench'
       WHERE state = 'claimed'""",
    "VACUUM ANALYZE",
)


@asynccontextmanager
async def claiming(shift: Shift, *, batch: int = BATCH) -> AsyncIterator[list[Step]]:
    """Open dialers that claim and ring nobody."""
    engine = create_engine(shift.url, name="bench", pool_size=shift.workers)
    try:
        sessions = session_factory(engine)
        yield [
            _Claims(sessions, number=shift.first_number + n, crew=shift.crew, batch=batch).step
            for n in range(shift.workers)
        ]
    finally:
        await engine.dispose()


def dialing(sessions: async_sessionmaker[AsyncSession]) -> Step:
    """Return one dialer's claims, for who wants them to be on file."""
    return _Claims(sessions, number=0, crew=1, batch=BATCH).step


class _Claims:
    """One dialer's claims; its calls end as soon as they are committed."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        *,
        number: int,
        crew: int,
        batch: int,
    ) -> None:
        self._sessions = sessions
        self._batch = batch
        self._window = batch * max(4, 2 * crew)
        self._ids = IdSource(VirtualClock(NOW), random.Random(number))
        self._gate = TrunkGate([TrunkLimits(name="a", channels=batch, calls_per_second=batch)])
        self._now = NOW

    async def step(self) -> int | None:
        """Claim a batch; refill the window when it held too little."""
        self._now += timedelta(seconds=1)  # the trunk's next second: it is not what is measured
        tokens = self._gate.tokens(self._now, self._batch)
        report = await despite_deadlocks(partial(self._claim, tokens))
        for call in report.calls:
            self._gate.take(call.trunk, call.attempt_id, self._now)
            self._gate.release(call.attempt_id)
        if report.looked_at < len(tokens):
            async with self._sessions.begin() as session:
                held = await refill(session, now=NOW, size=self._window)
            if not held and not report.looked_at:
                return None
        return len(report.calls)

    async def _claim(self, tokens: Sequence[TrunkLimits]) -> ClaimReport:
        async with self._sessions.begin() as session:
            return await claim(
                session,
                tokens,
                bridge="simulated",
                now=NOW,
                basis=_BASIS,
                campaigns=_CAMPAIGNS,
                packs=_PACKS,
                ids=self._ids,
                batch=self._batch,
            )


@asynccontextmanager
async def fetching(shift: Shift) -> AsyncIterator[list[Step]]:
    """Open workers of the job queue that fetch and do nothing."""
    connector = PsycopgConnector(conninfo=shift.url, min_size=shift.workers, max_size=shift.workers)
    app = App(connector=connector)
    async with app.open_async():
        manager = app.job_manager
        worker_ids = [await manager.register_worker() for _ in range(shift.workers)]
        yield [partial(_fetch, manager, worker_id) for worker_id in worker_ids]


async def _fetch(manager: JobManager, worker_id: int) -> int | None:
    job = await manager.fetch_job(queues=None, worker_id=worker_id)
    return None if job is None else 1
