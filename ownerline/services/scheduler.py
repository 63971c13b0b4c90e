"""The scheduler: one process at a time fires what is due, another takes over when it dies.

Who holds an advisory lock fires. The server frees it with the holder's connection, so nobody has
to notice a death; that two fire one occasion is ruled out by the ledger all the same.
"""

from datetime import datetime, timedelta

import psycopg
import structlog

from core.database import libpq_url
from ownerline.services.process import Process
from ownerline.services.schedule import fire_due, schedule_of

log = structlog.get_logger(__name__)

# Any number nobody else locks in this database.
_LOCK = 7_002_603
_TRY_EVERY_S = 2.0
# New communities are seen, and a clock set right, no later than this.
_LOOK_EVERY = timedelta(seconds=20)
# A holder whose machine died is let go by the server after idle + interval * count seconds.
_SERVER_LOOKS = (
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=2"
    " -c tcp_user_timeout=15000"
)
_CONNECT_TIMEOUT_S = 10


class SchedulerPart:
    """Fires the schedule while it holds the lock; stands by while another does."""

    name = "scheduler"

    async def run(self, process: Process) -> None:
        """Stand by or fire until the process ends."""
        async with await psycopg.AsyncConnection.connect(
            libpq_url(process.runtime.database_url),
            autocommit=True,
            connect_timeout=_CONNECT_TIMEOUT_S,
            application_name="ownerline scheduler",
            options=_SERVER_LOOKS,
            keepalives_idle=5,
            keepalives_interval=5,
            keepalives_count=2,
        ) as connection:
            process.is_up(self.name)
            while not await _holds(connection):
                if await process.ending.wait(_TRY_EVERY_S):
                    return
            log.info("scheduler_took_over")
            await self._fire(process, connection)

    async def _fire(self, process: Process, connection: psycopg.AsyncConnection) -> None:
        runtime = process.runtime
        schedule = schedule_of(runtime.settings)
        while not process.ending.told:
            await connection.execute("SELECT")  # no lock without its connection
            async with runtime.sessions.begin() as session:
                next_at = await fire_due(
                    session, schedule, clock=runtime.clock, house_zone=runtime.settings.time_zone
                )
            await process.ending.wait(_pause_s(runtime.clock.now(), next_at))


async def _holds(connection: psycopg.AsyncConnection) -> bool:
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
    row = await cursor.fetchone()
    return row is not None and row[0]


def _pause_s(now: datetime, next_at: datetime | None) -> float:
    pause = _LOOK_EVERY if next_at is None else min(next_at - now, _LOOK_EVERY)
    return max(pause.total_seconds(), 0.0)
