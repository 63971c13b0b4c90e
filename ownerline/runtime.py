"""What every command works with: settings, the migrated database, sessions, clock and ids."""

import asyncio
import contextlib
import getpass
import random
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.clock import Clock, SystemClock
from core.database import create_engine, database_url, session_factory
from core.ids import IdSource
from core.settings import Settings
from dialer.control import ensure_installation
from ownerline.backups.leftovers import left_behind
from ownerline.database import upgrade_if_behind

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Runtime:
    """An open installation."""

    settings: Settings
    sessions: async_sessionmaker[AsyncSession]
    clock: Clock
    ids: IdSource
    database_url: str = field(repr=False)  # with its password


@contextlib.asynccontextmanager
async def open_runtime(
    settings: Settings,
    *,
    clock: Clock | None = None,
    rng: random.Random | None = None,
    name: str = "ownerline",
) -> AsyncIterator[Runtime]:
    """Open the installation for the block; its database is brought to this program's version.

    `rng` makes ids reproducible where a day is rehearsed; by default they are unguessable.
    `name` is shown in pg_stat_activity.
    """
    own_clock = clock if clock is not None else SystemClock()
    chance = secrets.SystemRandom()
    ids = IdSource(own_clock, rng or chance)
    async with database_url(settings) as url:
        await asyncio.to_thread(upgrade_if_behind, url)
        engine = create_engine(url, name=name)
        try:
            sessions = session_factory(engine)
            async with sessions.begin() as session:
                # Never of a seed: one home armed must not be another's twin.
                await ensure_installation(session, IdSource(own_clock, chance).new())
                if (left := await left_behind(session)) is not None:
                    log.warning("restore_interrupted", found=left)
            yield Runtime(
                settings=settings, sessions=sessions, clock=own_clock, ids=ids, database_url=url
            )
        finally:
            await engine.dispose()


def operator() -> str:
    """Return who is at the keyboard, for the audit."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no entry for this user on the machine
        return "unknown"
