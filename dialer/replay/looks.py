"""Compares a day's looks at due calls with what comes out of them once more.

One snapshot of the database, read in the order of time; what is held at once is a few looks.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.packs import Packs
from dialer.replay.comparing import compare
from dialer.replay.findings import Difference, Found, Kind
from dialer.replay.on_file import RecordedLook, opened

AT_ONCE = 20  # looks; a claim looks at a hundred due calls or so

# Told after each batch: how many verdicts of how many.
Progress = Callable[[int, int], None]

_COUNT = sa.text("""
    SELECT coalesce(sum(looked_at), 0) FROM claim_record WHERE at >= :since AND at < :until
""")
_RECORDS = sa.text("""
    SELECT claim_record_id, at, kind, record FROM claim_record
    WHERE at >= :since AND at < :until
    ORDER BY at, claim_record_id
""")
_STRAY = sa.text("""
    SELECT verdict_id, at, due_call_id, rule, claim_record_id
    FROM verdict
    WHERE at >= :since AND at < :until
      AND at >= (SELECT min(at) FROM claim_record)
      AND claim_record_id IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM claim_record WHERE claim_record.claim_record_id = verdict.claim_record_id
      )
    ORDER BY verdict_id
    LIMIT :most
""")
_UNRECORDED = sa.text("""
    SELECT count(*) FROM verdict
    WHERE at >= :since AND at < :until
      AND (claim_record_id IS NULL
           OR at < coalesce((SELECT min(at) FROM claim_record), 'infinity'))
""")


async def compare_looks(
    session: AsyncSession,
    found: Found,
    *,
    since: datetime,
    until: datetime,
    packs: Packs,
    progress: Progress | None = None,
) -> None:
    """Decide every look of a period once more, and name what differs."""
    period = {"since": since, "until": until}
    whole = int(await session.scalar(_COUNT, period) or 0)
    done = 0
    async for batch in _batches(session, period):
        for look in batch:
            done += compare(look, found, packs=packs)
        if progress is not None:
            progress(done, whole)
    most = found.limit + 1
    for row in await session.execute(_STRAY, {**period, "most": most}):
        found.name(
            Difference(
                kind=Kind.NO_RECORD,
                at=row.at,
                subject=f"due_call:{row.due_call_id}",
                recorded={"rule": row.rule, "claim": row.claim_record_id},
                comes_out={},
            )
        )
    found.not_recorded = int(await session.scalar(_UNRECORDED, period) or 0)


async def _batches(
    session: AsyncSession, period: Mapping[str, Any]
) -> AsyncIterator[list[RecordedLook]]:
    rows = await session.stream(_RECORDS, period, execution_options={"yield_per": AT_ONCE})
    async for batch in rows.partitions(AT_ONCE):
        yield await opened(session, batch)
