"""A job lives and dies with the transaction of its fact, and never begins before it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from procrastinate import App, PsycopgConnector
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from core.database import libpq_url, session_factory
from core.jobs import defer

_NAMES = sa.text("SELECT task_name FROM procrastinate_jobs ORDER BY id")


@pytest.fixture
async def worker(database_url: str) -> AsyncIterator[App]:
    """An application whose one task remembers what it was given in `app.done`."""
    app = App(connector=PsycopgConnector(conninfo=libpq_url(database_url), min_size=1, max_size=3))
    async with app.open_async():
        yield app


async def _work_off(app: App) -> list[dict[str, object]]:
    done: list[dict[str, object]] = []
    if "remember" not in app.tasks:

        @app.task(name="remember")
        async def remember(**arguments: object) -> None:
            done.append(arguments)

    await app.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)
    return done


async def test_a_job_of_a_committed_fact_is_done_with_what_it_was_given(
    database: AsyncEngine, worker: App
) -> None:
    async with session_factory(database).begin() as session:
        assert await defer(session, "remember", unit="3-2-1201", days=[1, 2], nothing=None)
    assert await _work_off(worker) == [{"unit": "3-2-1201", "days": [1, 2], "nothing": None}]


async def test_a_rollback_takes_the_job_away(database: AsyncEngine) -> None:
    sessions = session_factory(database)
    async with sessions() as session:
        await defer(session, "remember", queueing_lock="one")
        await session.rollback()
    async with sessions() as session:
        assert (await session.scalars(_NAMES)).all() == []


async def test_a_job_of_a_later_time_waits_for_it(database: AsyncEngine, worker: App) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)  # noqa: TID251 - the queue goes by real time
    async with session_factory(database).begin() as session:
        await defer(session, "remember", schedule_at=later)
    assert await _work_off(worker) == []


async def test_of_one_queueing_lock_one_job_waits_and_the_session_goes_on(
    session: AsyncSession,
) -> None:
    assert await defer(session, "remember", queueing_lock="one", nth=1)
    assert not await defer(session, "remember", queueing_lock="one", nth=2)
    assert await defer(session, "remember", queueing_lock="other", nth=3)
    assert await session.scalar(sa.text("SELECT count(*) FROM procrastinate_jobs")) == 2
    assert (await session.execute(sa.text("SELECT 1 AS one"))).one().one == 1


async def test_a_waiting_job_does_not_begin_before_the_fact_that_relies_on_it(
    database: AsyncEngine, worker: App
) -> None:
    sessions = session_factory(database)
    async with sessions.begin() as session:
        await defer(session, "remember", queueing_lock="one")
    async with sessions.begin() as later_fact:
        assert not await defer(later_fact, "remember", queueing_lock="one")
        assert await _work_off(worker) == []
    await worker.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)
    async with sessions() as session:
        states = await session.scalars(sa.text("SELECT status::text FROM procrastinate_jobs"))
        assert states.all() == ["succeeded"]


async def test_a_fact_that_comes_while_its_job_is_being_done_gets_one_of_its_own(
    database: AsyncEngine,
) -> None:
    sessions = session_factory(database)
    async with sessions.begin() as session:
        await defer(session, "remember", queueing_lock="one")
    async with sessions() as fetching, sessions.begin() as fact:
        await fetching.execute(sa.text("UPDATE procrastinate_jobs SET status = 'doing'"))
        deferred = asyncio.create_task(defer(fact, "remember", queueing_lock="one"))
        while not await _waits_for_a_lock(sessions):  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0.01)
        await fetching.commit()
        assert await deferred


async def _waits_for_a_lock(sessions: async_sessionmaker[AsyncSession]) -> bool:
    async with sessions() as session:
        return bool(
            await session.scalar(
                sa.text(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    " AND datname = current_database()"
                )
            )
        )
