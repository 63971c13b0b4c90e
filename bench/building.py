"""Building the dial lists by our code against the bare set-based SQL that writes the same rows.

The bare tables have the columns, constraints, indexes and foreign keys of `due_call` and
`due_call_charge`; the bare statements know no promise, no extension, no dispute, no progress, and
withdraw nothing.
"""

import resource
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from bench.world import TODAY, Size, fill
from callback.building import build_lists
from core.database import create_engine
from ownerline.database import upgrade

NOW = datetime(2026, 5, 20, 1, tzinfo=UTC)
TARGET_RATIO = 1.5
TARGET_MB = 200
QUICK = Size(owners=2_000, charges=6_000, work_orders=1_000)

_BARE_TABLES = """
    CREATE TABLE bare_due_call (
        LIKE due_call INCLUDING ALL,
        FOREIGN KEY (person_id) REFERENCES person,
        FOREIGN KEY (community_id) REFERENCES community,
        FOREIGN KEY (unit_id) REFERENCES unit
    );
    CREATE TABLE bare_due_call_charge (
        LIKE due_call_charge INCLUDING ALL,
        FOREIGN KEY (due_call_id) REFERENCES bare_due_call,
        FOREIGN KEY (charge_id) REFERENCES charge
    )
"""
_BARE_OVERDUE = sa.text("""
    WITH owed AS (
        SELECT liable_person_id, charge_id, community_id, unit_id, due_on,
               amount_minor - paid_minor AS open_minor,
               width_bucket(CAST(:today AS date) - due_on, '{-3,1,7,15,30,60,90}'::int[]) AS rung
        FROM charge
        WHERE amount_minor > paid_minor AND due_on <= CAST(:today AS date) + 3
    ), lead_debt AS (
        SELECT DISTINCT ON (liable_person_id) *
        FROM owed
        ORDER BY liable_person_id, rung DESC, due_on, charge_id
    ), total AS (
        SELECT liable_person_id, sum(open_minor) AS total_minor, count(*) AS charge_count
        FROM owed
        GROUP BY liable_person_id
    )
    INSERT INTO bare_due_call (
        person_id, community_id, unit_id, reason, purpose, mode, campaign, script, subject, cycle,
        facts, not_before, due_by, next_at, priority, created_at
    )
    SELECT lead_debt.liable_person_id, community_id, unit_id, 'overdue', 'debt', 'automatic',
           'overdue', 'overdue-' || ('{-3,1,7,15,30,60,90}'::int[])[rung],
           'person:' || lead_debt.liable_person_id,
           charge_id || ':' || ('{-3,1,7,15,30,60,90}'::int[])[rung],
           jsonb_build_object('total_minor', total_minor, 'charge_count', charge_count),
           CAST(:today AS date)::timestamp AT TIME ZONE time_zone,
           (CAST(:today AS date) + 4)::timestamp AT TIME ZONE time_zone,
           CAST(:today AS date)::timestamp AT TIME ZONE time_zone, 50, :now
    FROM lead_debt
    JOIN total USING (liable_person_id)
    JOIN community USING (community_id)
    ORDER BY lead_debt.liable_person_id
    ON CONFLICT DO NOTHING
""")
_BARE_CHARGES = sa.text("""
    INSERT INTO bare_due_call_charge (due_call_id, charge_id, step)
    SELECT dc.due_call_id, c.charge_id,
           ('{-3,1,7,15,30,60,90}'::int[])[
               width_bucket(CAST(:today AS date) - c.due_on, '{-3,1,7,15,30,60,90}'::int[])]
    FROM bare_due_call dc
    JOIN charge c ON c.liable_person_id = dc.person_id
    WHERE dc.reason = 'overdue' AND c.amount_minor > c.paid_minor
      AND c.due_on <= CAST(:today AS date) + 3
    ORDER BY dc.due_call_id, c.charge_id
    ON CONFLICT DO NOTHING
""")
_BARE_REPAIR = sa.text("""
    WITH owing AS MATERIALIZED (
        SELECT work_order_id, community_id, unit_id, category, completed_on, cycle
        FROM work_order w
        WHERE completed_on <= :today AND reopened_at IS NULL
          AND NOT EXISTS (
              SELECT FROM due_call dc
              WHERE dc.reason = 'repair' AND dc.subject = 'work_order:' || w.work_order_id
                AND dc.cycle = CAST(w.cycle AS text)
          )
    )
    INSERT INTO bare_due_call (
        person_id, community_id, unit_id, reason, purpose, mode, campaign, script, subject, cycle,
        facts, not_before, due_by, next_at, priority, created_at
    )
    SELECT o.person_id, w.community_id, w.unit_id, 'repair', 'service', 'automatic', 'repair',
           'repair', 'work_order:' || w.work_order_id, CAST(w.cycle AS text),
           jsonb_build_object('category', w.category, 'completed_on', w.completed_on),
           w.completed_on::timestamp AT TIME ZONE time_zone,
           (w.completed_on + 8)::timestamp AT TIME ZONE time_zone,
           w.completed_on::timestamp AT TIME ZONE time_zone, 70, :now
    FROM owing w
    JOIN community USING (community_id)
    JOIN occupancy o ON o.unit_id = w.unit_id AND o.role = 'owner'
                    AND daterange(o.valid_from, o.valid_until) @> CAST(:today AS date)
    ORDER BY w.work_order_id
    ON CONFLICT DO NOTHING
""")
_DIFFERENCE = sa.text("""
    SELECT count(*) FROM (
        (SELECT reason, subject, cycle, person_id FROM due_call WHERE settled_at IS NULL
         EXCEPT SELECT reason, subject, cycle, person_id FROM bare_due_call)
        UNION ALL
        (SELECT reason, subject, cycle, person_id FROM bare_due_call
         EXCEPT SELECT reason, subject, cycle, person_id FROM due_call WHERE settled_at IS NULL)
    ) AS difference
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What a run found; seconds are medians. `calls_only_s` is the bare SQL without the charges."""

    due_calls: int
    different: int
    bare_s: float
    calls_only_s: float
    built_s: float
    peak_mb: float

    @property
    def ratio(self) -> float:
        """Ours over the bare SQL."""
        return self.built_s / self.bare_s


async def measure(url: str, size: Size, *, rounds: int) -> Measured:
    """Fill an empty database and time both ways, round by round, each rolled back."""
    upgrade(url)
    with psycopg.connect(url, autocommit=True) as connection:
        fill(connection, size)
        connection.execute(_BARE_TABLES)
    engine = create_engine(url, name="bench")
    try:
        due_calls, different = await _compare(engine)
        bare: list[float] = []
        calls_only: list[float] = []
        built: list[float] = []
        for _ in range(rounds):
            bare.append(await _timed(engine, _bare))
            calls_only.append(await _timed(engine, _bare_calls))
            built.append(await _timed(engine, _build))
    finally:
        await engine.dispose()
    return Measured(
        due_calls=due_calls,
        different=different,
        bare_s=statistics.median(bare),
        calls_only_s=statistics.median(calls_only),
        built_s=statistics.median(built),
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,  # Linux counts kB
    )


async def _bare(session: AsyncSession) -> None:
    await _bare_calls(session)
    await session.execute(_BARE_CHARGES, {"today": TODAY})


async def _bare_calls(session: AsyncSession) -> None:
    await session.execute(_BARE_OVERDUE, {"today": TODAY, "now": NOW})
    await session.execute(_BARE_REPAIR, {"today": TODAY, "now": NOW})


async def _build(session: AsyncSession) -> None:
    await build_lists(session, now=NOW, date=TODAY)


async def _compare(engine: AsyncEngine) -> tuple[int, int]:
    """Return how many due calls both make, and in how many they differ."""
    async with _rolled_back(engine) as session:
        await _bare(session)
        await _build(session)
        made = await session.execute(sa.text("SELECT count(*) FROM bare_due_call"))
        different = await session.execute(_DIFFERENCE)
        return int(made.scalar_one()), int(different.scalar_one())


async def _timed(engine: AsyncEngine, work: Callable[[AsyncSession], Awaitable[None]]) -> float:
    async with _rolled_back(engine) as session:
        started = time.perf_counter()
        await work(session)
        return time.perf_counter() - started


@asynccontextmanager
async def _rolled_back(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """Yield a session whose work is undone and swept away, so that every round meets the same."""
    async with AsyncSession(engine) as session:
        yield session
        await session.rollback()
    async with engine.connect() as connection:
        sweeping = await connection.execution_options(isolation_level="AUTOCOMMIT")
        for table in ("due_call", "due_call_charge", "bare_due_call", "bare_due_call_charge"):
            await sweeping.execute(sa.text("VACUUM ANALYZE " + table))
