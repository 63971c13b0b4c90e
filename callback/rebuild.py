"""Bringing dial lists in line soon after a change: a job deferred with the fact."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from core.jobs import defer

# The names under which workers know the work; `ownerline.jobs` does it.
BUILD_LISTS = "lists.build"
LISTS_QUEUE = "lists"

# A burst of facts, say an import or an evening's completed repairs, is one build.
AFTER_A_CHANGE = timedelta(seconds=5)


async def rebuild_soon(
    session: AsyncSession, community_ids: Collection[int], *, now: datetime
) -> None:
    """Build the lists of the communities a moment after the caller's transaction.

    Best the last word of the transaction: another one that has just asked for the same community
    is waited for.
    """
    await defer_builds(session, community_ids, at=now + AFTER_A_CHANGE)


async def defer_builds(
    session: AsyncSession, community_ids: Collection[int], *, at: datetime | None, tries: int = 0
) -> None:
    """Defer a build of each community's own today; one that waits already will do for it.

    `tries` is how often the build has failed by now: that one may wait for half an hour, and a new
    fact does not wait with it.
    """
    again = ":again" if tries else ""
    for community_id in sorted(set(community_ids)):  # in one order, so that nobody waits in a ring
        await defer(
            session,
            BUILD_LISTS,
            queue=LISTS_QUEUE,
            queueing_lock=f"{BUILD_LISTS}:{community_id}{again}",
            schedule_at=at,
            community_id=community_id,
            tries=tries,
        )
