"""The job that builds a community's dial lists."""

from datetime import timedelta

import sqlalchemy as sa
import structlog

from callback.building import build_lists
from callback.rebuild import defer_builds
from core.database import despite_deadlocks
from ownerline.books import campaigns_of
from ownerline.runtime import Runtime

log = structlog.get_logger(__name__)

# Builds follow one another on every machine, and one of a million owners takes minutes.
_PATIENCE = sa.text(
    "SELECT set_config('lock_timeout', '1h', true), set_config('statement_timeout', '1h', true)"
)
_AGAIN_AFTER = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
)


async def build_community(runtime: Runtime, *, community_id: int, tries: int = 0) -> None:
    """Build the lists of a community for its own today.

    A failed build is deferred anew, and not retried as the same job: another one of this community
    may wait by then, and one is enough.
    """
    try:
        await despite_deadlocks(lambda: _build(runtime, community_id))
    except Exception:  # the edge of a job: deferred anew, and raised again
        if tries < len(_AGAIN_AFTER):
            async with runtime.sessions.begin() as session:
                at = runtime.clock.now() + _AGAIN_AFTER[tries]
                await defer_builds(session, [community_id], at=at, tries=tries + 1)
        raise


async def _build(runtime: Runtime, community_id: int) -> None:
    now = runtime.clock.now()
    async with runtime.sessions.begin() as session:
        await session.execute(_PATIENCE)
        report = await build_lists(
            session,
            now=now,
            community_ids=[community_id],
            campaigns=campaigns_of(runtime.settings),
        )
    log.info(
        "lists_built",
        community_id=community_id,
        day=report.day.isoformat(),
        created=sum(each.created for each in report.changes.values()),
        withdrawn=sum(sum(each.withdrawn.values()) for each in report.changes.values()),
    )
