"""Whether anybody would answer Twilio: without a web process owners hear an error, and no script.

Each web process holds a lock of the database while it serves. Who holds one is let go by the server
with its connection, so nobody has to notice a death.
"""

import asyncio
import contextlib

import psycopg
import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.database import libpq_url
from dialer.bridges.twilio.rounds import Rounds

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 2.0
_LOCK = 7_002_641  # shared; any number nobody else locks in this database
_CONNECT_TIMEOUT_S = 10
# A web process whose machine died is let go by the server after idle + interval * count seconds.
_SERVER_LOOKS = (
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=2"
    " -c tcp_user_timeout=15000"
)
# A lock of one 64-bit key: its lower half, of this very database.
_IS_HELD = sa.text("""
    SELECT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = :lock AND objsubid = 1
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
""")


class Front:
    """What a dialer knows of the web processes; looked at again and again."""

    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], *, every_s: float = LOOK_EVERY_S
    ) -> None:
        self._sessions = sessions
        self._is_open = False
        self._rounds = Rounds(self.look, every_s=every_s, failed="web_processes_not_looked_for")

    @property
    def is_open(self) -> bool:
        """Whether a web process was there at the last look."""
        return self._is_open

    async def look(self) -> bool:
        """Say whether a web process is there now."""
        async with self._sessions() as session:
            is_open = bool(await session.scalar(_IS_HELD, {"lock": _LOCK}))
        if is_open is not self._is_open:
            log.info("web_processes_found" if is_open else "no_web_process_found")
        self._is_open = is_open
        return is_open

    async def start(self) -> None:
        """Look, and go on looking in the background."""
        await self.look()
        self._rounds.start()

    async def close(self) -> None:
        """Look no more."""
        await self._rounds.close()


class Serving:
    """Says that this process answers Twilio, for as long as it is open."""

    def __init__(self, database_url: str, *, look_every_s: float = LOOK_EVERY_S) -> None:
        self._url = libpq_url(database_url)
        self._look_every_s = look_every_s
        self._connection: psycopg.AsyncConnection | None = None
        self._holding: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Say so; a database that went is told again when it is back."""
        connection = await self._say()
        self._holding = asyncio.create_task(self._hold(connection))

    async def close(self) -> None:
        """Say so no more."""
        if self._holding is not None:
            self._holding.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._holding
            self._holding = None
        if self._connection is not None:
            await self._connection.close()

    async def _say(self) -> psycopg.AsyncConnection:
        connection = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            connect_timeout=_CONNECT_TIMEOUT_S,
            application_name="ownerline webhooks",
            options=_SERVER_LOOKS,
            keepalives_idle=5,
            keepalives_interval=5,
            keepalives_count=2,
        )
        self._connection = connection
        await connection.execute("SELECT pg_advisory_lock_shared(%s)", [_LOCK])
        return connection

    async def _hold(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            try:
                async with connection:
                    while True:
                        await asyncio.sleep(self._look_every_s)
                        await connection.execute("SELECT")  # no lock without its connection
            except psycopg.Error as err:
                log.warning("webhooks_not_announced", error=type(err).__name__)
            connection = await self._say_again()

    async def _say_again(self) -> psycopg.AsyncConnection:
        while True:
            await asyncio.sleep(self._look_every_s)
            try:
                return await self._say()
            except (psycopg.Error, OSError) as err:
                log.warning("webhooks_still_not_announced", error=type(err).__name__)
