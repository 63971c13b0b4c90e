"""The communities a list is built for, each with its local day, as a table the builders join."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

# Builds follow one another. A person's debts lie in several communities and one build is a few
# statements, so building communities side by side would gain nothing and could only collide.
_ONE_BUILD_AT_A_TIME = sa.text("SELECT pg_advisory_xact_lock(hashtext('ownerline lists build'))")
_UNLESS_ANOTHER = sa.text("SELECT pg_try_advisory_xact_lock(hashtext('ownerline lists build'))")

# Every community is there, because a person's other debts count; `listed` are those built now.
_MAKE = sa.text("""
    CREATE TEMPORARY TABLE due_place ON COMMIT DROP AS
    SELECT community_id, time_zone, today, listed,
           today::timestamp AT TIME ZONE time_zone AS today_start
    FROM (
        SELECT community_id, time_zone,
               COALESCE(CAST(:date AS date),
                        CAST(CAST(:now AS timestamptz) AT TIME ZONE time_zone AS date)) AS today,
               CAST(:community_ids AS bigint[]) IS NULL
                   OR community_id = ANY (CAST(:community_ids AS bigint[])) AS listed
        FROM community
    ) AS local
""")
_ANALYZE = sa.text("ANALYZE due_place")
_DROP = sa.text("DROP TABLE due_place")
_DAYS = sa.text("SELECT DISTINCT today FROM due_place WHERE listed ORDER BY today")


async def may_build_now(session: AsyncSession) -> bool:
    """Take the right to build to the end of the transaction, unless somebody has it."""
    return bool(await session.scalar(_UNLESS_ANOTHER))


@asynccontextmanager
async def places(
    session: AsyncSession,
    *,
    now: datetime,
    day: date | None,
    community_ids: Sequence[int] | None,
) -> AsyncIterator[Sequence[date]]:
    """Hold the table `due_place` and the right to build; yields the local days of what is listed.

    Args:
        session: its transaction keeps the right to build to its end.
        now: the instant whose local day holds in each community.
        day: that day instead, everywhere.
        community_ids: None means all.
    """
    await session.execute(_ONE_BUILD_AT_A_TIME)
    ids = None if community_ids is None else list(community_ids)
    await session.execute(_MAKE, {"now": now, "date": day, "community_ids": ids})
    await session.execute(_ANALYZE)
    yield (await session.execute(_DAYS)).scalars().all()
    await session.execute(_DROP)
