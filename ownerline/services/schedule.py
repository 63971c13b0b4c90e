"""What is done at which time, and the firing of it: once an occasion, whoever looks."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from callback.rebuild import defer_builds
from core.clock import Clock
from core.jobs import defer
from core.settings import Settings
from customers.tables import Community
from ownerline.jobs.figures import KEEP_FIGURES
from ownerline.jobs.learning import LEARN_ANSWER_CHANCES
from ownerline.jobs.quality import DRAW_QUALITY
from ownerline.jobs.recordings import TEND_RECORDINGS
from ownerline.jobs.retention import RETENTION
from ownerline.services.occasions import Timing, daily

# Defers the job; the ids are of communities, in whose own time it is due, or none.
Fire = Callable[[AsyncSession, Sequence[int]], Awaitable[None]]

_HOUSE = 0  # where communities have their ids


@dataclass(frozen=True, kw_only=True, slots=True)
class Scheduled:
    """A job and its timing: in each community's own zone, or once in that of the settings."""

    job: str
    timing: Timing
    fire: Fire
    each_community: bool = False


# The ledger decides: of two schedulers that see one occasion, one fires it.
_NOTE = sa.text("""
    INSERT INTO scheduled_run (job, key, fired_at)
    SELECT :job, key, :now FROM unnest(:keys) AS key
    ORDER BY key
    ON CONFLICT DO NOTHING
    RETURNING key
""").bindparams(sa.bindparam("keys", type_=ARRAY(sa.Text)))


def schedule_of(settings: Settings) -> tuple[Scheduled, ...]:
    """Return everything that is done at a time."""
    return (
        Scheduled(
            job="lists.build",
            timing=daily(settings.lists_at),
            fire=_build_lists,
            each_community=True,
        ),
        # At night, before the lists: what they are scored by is learnt, what is old has gone.
        _house_job(LEARN_ANSWER_CHANCES, time(3, 30)),
        _house_job(RETENTION, time(2, 45)),
        _house_job(TEND_RECORDINGS, time(2, 15)),
        _house_job(DRAW_QUALITY, time(4, 30)),
        _house_job(KEEP_FIGURES, time(3, 0)),
    )


def _house_job(task: str, at: time) -> Scheduled:
    async def fire(session: AsyncSession, _: Sequence[int]) -> None:
        await defer(session, task, lock=task)

    return Scheduled(job=task, timing=daily(at), fire=fire)


async def fire_due(
    session: AsyncSession, schedule: Sequence[Scheduled], *, clock: Clock, house_zone: str
) -> datetime | None:
    """Defer what is due and was not yet, of an outage only the last occasion.

    Returns when something is due next; None when nothing ever is.
    """
    now = clock.now()
    places = await _places(session)
    coming: list[datetime] = []
    for each in schedule:
        due, next_at = _due(each, places, now=now, house_zone=house_zone)
        coming += next_at
        if not due:
            continue
        noted = await session.scalars(_NOTE, {"job": each.job, "keys": list(due), "now": now})
        if fresh := [due[key] for key in noted]:
            await each.fire(session, sorted(fresh))
    return min(coming, default=None)


def _due(
    scheduled: Scheduled,
    places: dict[str, list[int]],
    *,
    now: datetime,
    house_zone: str,
) -> tuple[dict[str, int], list[datetime]]:
    """Return community ids, or the house, by the key of what has come, and what comes next."""
    whose = places if scheduled.each_community else {house_zone: [_HOUSE]}
    due: dict[str, int] = {}
    coming: list[datetime] = []
    for zone, ids in whose.items():
        nearest = scheduled.timing.nearest(now, zone)
        if nearest.coming is not None:
            coming.append(nearest.coming.at)
        if nearest.past is not None:
            due |= {f"{each or 'house'} {nearest.past.key}": each for each in ids}
    return due, coming


async def _places(session: AsyncSession) -> dict[str, list[int]]:
    """Return the communities by time zone: zones are few, communities may be many."""
    rows = await session.execute(
        sa.select(Community.time_zone, sa.func.array_agg(Community.community_id)).group_by(
            Community.time_zone
        )
    )
    return {zone: list(ids) for zone, ids in rows}


async def _build_lists(session: AsyncSession, community_ids: Sequence[int]) -> None:
    await defer_builds(session, community_ids, at=None)
