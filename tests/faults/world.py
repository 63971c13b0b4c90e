"""What a fault run plays in: a PostgreSQL of its own, an invented company, its lists of the day."""

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from callback.building import build_lists
from callback.campaigns import shipped_campaigns
from core.clock import SystemClock
from core.database import create_engine, session_factory
from core.ids import IdSource
from core.postgres.layout import Layout
from core.postgres.lease import ServerOptions, embedded_server
from dialer.bridges.simulated.remote.population import write_population
from dialer.control import ensure_installation
from ownerline.database import upgrade
from ownerline.demo.company import invent_company
from ownerline.demo.rows import copy_in
from ownerline.population import population_of
from tests.faults.plan import START, ZONE, Plan

# A commit is kept when its server is killed; only the machine must not lose its power meanwhile.
_HASTE = {"fsync": "off"}
_BINARIES = "OWNERLINE_TEST_POSTGRES_BIN"  # of another version than the wheel's


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """The database of a run, ready to be dialled from."""

    sessions: async_sessionmaker[AsyncSession]
    database_url: str
    layout: Layout


@contextlib.asynccontextmanager
async def open_world(plan: Plan, folder: Path, people: Path) -> AsyncIterator[World]:
    """Hold a server with a company and its lists for the block; writes who holds which number."""
    binaries = Path(named) if (named := os.environ.get(_BINARIES)) else None
    options = ServerOptions(binaries=binaries, parameters=_HASTE)
    async with embedded_server(folder, options) as url:
        await asyncio.to_thread(upgrade, url)
        engine = create_engine(url, name="fault run")
        try:
            sessions = session_factory(engine)
            async with sessions.begin() as session:
                await _move_in(session, plan)
                write_population(people, await population_of(session))
            yield World(sessions=sessions, database_url=url, layout=Layout.of(folder))
        finally:
            await engine.dispose()


async def _move_in(session: AsyncSession, plan: Plan) -> None:
    company = invent_company(
        plan.owners,
        seed=plan.seed,
        day=START.astimezone(ZoneInfo(ZONE)).date(),
        now=START,
        campaigns=shipped_campaigns(),
    )
    ids = IdSource(SystemClock(), random.Random(plan.seed))
    await ensure_installation(session, ids.new())
    await copy_in(session, company)
    await build_lists(session, now=START)
