"""`ownerline replay`: a day decided once more from what was recorded, and compared."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from callback.packs import shipped_packs
from core.errors import OwnerlineError
from customers.service import audit
from dialer.replay.findings import MOST_NAMED, Found
from dialer.replay.instant import is_recorded_until, look_back
from dialer.replay.instant_model import Instant
from dialer.replay.looks import Progress, compare_looks
from dialer.replay.pacing import compare_pacing
from ownerline.instants import day_start
from ownerline.runtime import Runtime, operator
from ownerline.usage import WrongUsageError


class FutureDayError(WrongUsageError):
    """The day has not come."""


class NothingRecordedError(OwnerlineError):
    """Nothing was dialled on the day, or what was recorded of it is no longer kept."""


async def replay(
    runtime: Runtime,
    day: date,
    *,
    campaign: str | None = None,
    limit: int = MOST_NAMED,
    progress: Progress | None = None,
) -> Found:
    """Decide a local day once more, and name what differs.

    Raises:
        FutureDayError: the day has not come.
        NothingRecordedError: nothing of it is on file.
    """
    zone = runtime.settings.time_zone
    check_has_come(runtime, day)
    found = Found(day=day, zone=zone, campaign=campaign, limit=limit)
    since, until = day_start(day, zone), day_start(day + timedelta(days=1), zone)
    async with snapshot(runtime) as session:
        await compare_looks(
            session, found, since=since, until=until, packs=shipped_packs(), progress=progress
        )
        await compare_pacing(session, found, day=day)
    if found.is_empty:
        of = "" if campaign is None else f" of campaign {campaign}"
        message = (
            f"nothing{of} is recorded of {day}: nobody was looked at on that day, or it is too "
            f"long ago (docs/operations.md says how long records are kept)"
        )
        raise NothingRecordedError(message)
    async with runtime.sessions.begin() as session:
        await audit(
            session,
            now=runtime.clock.now(),
            actor=operator(),
            action="replayed",
            subject=f"day:{day}",
            detail={"campaign": campaign, "different": found.different},
        )
    return found


async def look_at(runtime: Runtime, day: date, at: datetime) -> Instant:
    """Return an instant of a local day as the dialer saw it; the look goes on the audit.

    Raises:
        FutureDayError: the instant has not come.
    """
    zone, now = runtime.settings.time_zone, runtime.clock.now()
    check_has_come(runtime, day)
    day_ends = day_start(day + timedelta(days=1), zone)
    async with snapshot(runtime) as session:
        if at > now and not await is_recorded_until(session, at):
            message = f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} has not come"
            raise FutureDayError(message)
        instant = await look_back(session, at, day_ends=day_ends, packs=shipped_packs())
    async with runtime.sessions.begin() as session:
        await audit(
            session,
            now=now,
            actor=operator(),
            action="looked_back",
            subject=f"instant:{at.isoformat()}",
        )
    return instant


def check_has_come(runtime: Runtime, day: date) -> None:
    """Refuse a day after today.

    Raises:
        FutureDayError: says what day it is.
    """
    today = runtime.clock.now().astimezone(ZoneInfo(runtime.settings.time_zone)).date()
    if day > today:
        message = f"{day} has not come: today is {today}; nothing is recorded of it"
        raise FutureDayError(message)


@asynccontextmanager
async def snapshot(runtime: Runtime) -> AsyncIterator[AsyncSession]:
    """Open a session that sees one state of the database to its end, and changes nothing."""
    async with runtime.sessions() as session:
        await session.connection(
            execution_options={
                "isolation_level": "REPEATABLE READ",
                "postgresql_readonly": True,
            }
        )
        yield session
