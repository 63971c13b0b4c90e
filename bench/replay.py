"""A day's verdicts decided once more, beside a bare reading of the rows they come from.

The bare side reads every record of a look and every verdict, and does nothing with them.
"""

import resource
import time
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bench.claims import dialing
from bench.queue_world import NOW
from callback.packs import shipped_packs
from core.database import create_engine, session_factory
from dialer.replay.findings import Found
from dialer.replay.looks import compare_looks

_PERIOD = {"since": NOW - timedelta(hours=1), "until": NOW + timedelta(hours=1)}
_RECORDS = sa.text("""
    SELECT claim_record_id, at, kind, record FROM claim_record
    WHERE at >= :since AND at < :until ORDER BY at, claim_record_id
""")
_VERDICTS = sa.text("SELECT * FROM verdict WHERE at >= :since AND at < :until")
_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What both sides took for the same rows."""

    verdicts: int
    different: int
    replay_s: float
    bare_s: float
    growth_mb: float  # of this process, while it replayed

    @property
    def per_s(self) -> float:
        """Verdicts decided once more in a second."""
        return self.verdicts / self.replay_s

    @property
    def ratio(self) -> float:
        """Replaying over bare reading."""
        return self.replay_s / self.bare_s


async def measure(url: str, *, verdicts: int) -> Measured:
    """Claim so many due calls from a queue that is filled, then replay them and read them."""
    engine = create_engine(url, name="bench", pool_size=2)
    try:
        sessions = session_factory(engine)
        step, done = dialing(sessions), 0
        while done < verdicts:
            claimed = await step()
            if claimed is None:
                break  # nothing waits any more
            done += claimed
        bare_s = await _bare(sessions)
        before = _peak_mb()
        found = Found(day=NOW.date(), zone="UTC")
        started = time.perf_counter()
        async with sessions() as session:
            await compare_looks(session, found, **_PERIOD, packs=shipped_packs())
        return Measured(
            verdicts=found.verdicts.compared,
            different=found.different,
            replay_s=time.perf_counter() - started,
            bare_s=bare_s,
            growth_mb=_peak_mb() - before,
        )
    finally:
        await engine.dispose()


async def _bare(sessions: async_sessionmaker[AsyncSession]) -> float:
    started = time.perf_counter()
    async with sessions() as session:
        for statement in (_RECORDS, _VERDICTS):
            rows = await session.stream(
                statement, _PERIOD, execution_options={"yield_per": _AT_ONCE}
            )
            async for _ in rows:
                pass
    return time.perf_counter() - started


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
