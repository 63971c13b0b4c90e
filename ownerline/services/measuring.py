"""What is read, not counted: figures of the database and of this process, fresh when asked for."""

import asyncio
from collections.abc import Mapping
from time import monotonic

import sqlalchemy as sa
from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.pool import QueuePool

from core import metrics
from ownerline.services.process import DATABASE_AWAY, Process

# Figures stay this long, and so many times longer than reading them took: a scrape, or a hundred
# of them, costs the database at most a twentieth of its time.
_FRESH_S = 5.0
_TIMES_LONGER = 20

_DUE = sa.text("""
    SELECT campaign, count(*) AS waiting, count(*) FILTER (WHERE due_by <= :now) AS late
    FROM due_call
    WHERE state = 'waiting' AND next_at <= :now
    GROUP BY campaign
""")
_COUNTS: Mapping[Gauge, sa.TextClause] = {
    metrics.LIVE_ATTEMPTS: sa.text(
        "SELECT state, count(*) FROM attempt WHERE state <> 'ended' GROUP BY state"
    ),
    metrics.JOBS: sa.text(
        "SELECT task_name, status::text, count(*) FROM procrastinate_jobs GROUP BY 1, 2"
    ),
    metrics.DELIVERIES: sa.text("""
        SELECT CASE WHEN failed_at IS NULL THEN 'open' ELSE 'failed' END, count(*)
        FROM delivery WHERE delivered_at IS NULL GROUP BY 1
    """),
    metrics.RECORDINGS: sa.text(
        "SELECT state, count(*) FROM recording WHERE state IN ('owed', 'missing') GROUP BY state"
    ),
    metrics.AGENTS: sa.text("SELECT state, count(*) FROM agent GROUP BY state"),
}


class Measuring:
    """Brings the gauges up to date; many who ask at once are one reading."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._one_at_a_time = asyncio.Lock()
        self._fresh_until_s = 0.0

    async def refresh(self) -> None:
        """Read what can be read; figures of a database that is away are left out."""
        for measure in self._process.measures:
            measure()
        self._measure_pool()
        async with self._one_at_a_time:
            started_s = monotonic()
            if started_s < self._fresh_until_s:
                return
            try:
                async with self._process.runtime.sessions() as session:
                    await self._read(session)
            except DATABASE_AWAY:
                for gauge in (metrics.DUE_WAITING, metrics.DUE_LATE, *_COUNTS):
                    gauge.clear()
            took_s = monotonic() - started_s
            self._fresh_until_s = monotonic() + max(_FRESH_S, took_s * _TIMES_LONGER)

    async def _read(self, session: AsyncSession) -> None:
        now = self._process.runtime.clock.now()
        due = (await session.execute(_DUE, {"now": now})).all()
        for gauge, of in ((metrics.DUE_WAITING, 1), (metrics.DUE_LATE, 2)):
            gauge.clear()
            for row in due:
                gauge.labels(row[0]).set(row[of])
        for gauge, counts in _COUNTS.items():
            rows = (await session.execute(counts)).all()
            gauge.clear()
            for *labels, count in rows:
                gauge.labels(*labels).set(count)

    def _measure_pool(self) -> None:
        pool = self._process.runtime.sessions.kw["bind"].sync_engine.pool
        if isinstance(pool, QueuePool):
            metrics.POOL.labels("in_use").set(pool.checkedout())
            metrics.POOL.labels("idle").set(pool.checkedin())
