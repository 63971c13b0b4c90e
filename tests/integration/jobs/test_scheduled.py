"""What is done at a time is deferred once, whoever looks, and made up for after an outage."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from core.jobs import defer
from ownerline.jobs.app import TASKS, make_job_app
from ownerline.runtime import Runtime
from ownerline.services.schedule import fire_due, schedule_of
from ownerline.services.worker import take_up_stalled
from tests.integration.jobs.house import NOW, community, house


@pytest.fixture
def runtime(database: AsyncEngine, tmp_path: Path) -> Runtime:
    return house(database, tmp_path)


async def _fire(runtime: Runtime) -> None:
    async with runtime.sessions.begin() as session:
        await fire_due(
            session, schedule_of(runtime.settings), clock=runtime.clock, house_zone="Asia/Shanghai"
        )


async def _builds(runtime: Runtime) -> list[int]:
    async with runtime.sessions() as session:
        rows = await session.scalars(
            sa.text(
                "SELECT (args->>'community_id')::int FROM procrastinate_jobs"
                " WHERE task_name = 'lists.build' ORDER BY id"
            )
        )
        return list(rows)


async def _work_off(runtime: Runtime) -> None:
    async with make_job_app(runtime).open_async() as app:
        await app.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)


async def _states(runtime: Runtime, task: str) -> list[str]:
    async with runtime.sessions() as session:
        found = sa.text(
            "SELECT status::text FROM procrastinate_jobs WHERE task_name = :task ORDER BY id"
        )
        return list(await session.scalars(found, {"task": task}))


async def _pass(runtime: Runtime, time: timedelta) -> None:
    await runtime.clock.drive(runtime.clock.now() + time)  # type: ignore[attr-defined]


async def test_each_community_is_built_once_a_morning_of_its_own(runtime: Runtime) -> None:
    async with runtime.sessions.begin() as session:
        session.add_all([community("east"), community("west", "Pacific/Pago_Pago")])
    await _fire(runtime)  # 10:00 in Shanghai, 15:00 of the day before in Pago Pago
    await _work_off(runtime)
    await _fire(runtime)
    assert await _builds(runtime) == [1, 2]
    await _pass(runtime, timedelta(hours=16))  # 02:00 and 07:00
    await _fire(runtime)
    await _work_off(runtime)
    assert await _builds(runtime) == [1, 2, 2]


async def test_two_schedulers_at_once_fire_one_occasion(runtime: Runtime) -> None:
    async with runtime.sessions.begin() as session:
        session.add(community("east"))
    await asyncio.gather(*(_fire(runtime) for _ in range(4)))
    assert await _builds(runtime) == [1]


async def test_an_outage_of_days_is_made_up_for_once(runtime: Runtime) -> None:
    async with runtime.sessions.begin() as session:
        session.add(community("east"))
    await _fire(runtime)
    await _work_off(runtime)
    await _pass(runtime, timedelta(days=5))
    await _fire(runtime)
    await _work_off(runtime)
    assert await _builds(runtime) == [1, 1]


async def test_everything_that_is_fired_is_work_somebody_knows_and_can_do(
    runtime: Runtime,
) -> None:
    async with runtime.sessions.begin() as session:
        session.add(community("east"))
    await _fire(runtime)
    await _work_off(runtime)
    async with runtime.sessions() as session:
        rows = await session.execute(
            sa.text("SELECT DISTINCT task_name, status::text AS status FROM procrastinate_jobs")
        )
        fired = {row.task_name: row.status for row in rows}
    assert fired.keys() <= TASKS.keys()
    assert set(fired.values()) == {"succeeded"}


async def test_what_a_killed_worker_left_is_done_by_another(runtime: Runtime) -> None:
    async with runtime.sessions.begin() as session:
        session.add(community("east"))
        await session.flush()
        await defer(session, "lists.build", community_id=1, queueing_lock="lists.build:1")
        await session.execute(
            sa.text("""
                WITH dead AS (
                    INSERT INTO procrastinate_workers (last_heartbeat)
                    VALUES (now() - interval '1 hour') RETURNING id
                )
                UPDATE procrastinate_jobs SET status = 'doing', worker_id = dead.id FROM dead
            """)
        )
    async with make_job_app(runtime).open_async() as app:
        await take_up_stalled(app, after_s=30)
    assert await _states(runtime, "lists.build") == ["todo"]
    await _work_off(runtime)
    assert await _states(runtime, "lists.build") == ["succeeded"]


async def test_what_a_killed_worker_left_is_dropped_where_another_one_waits(
    runtime: Runtime,
) -> None:
    async with runtime.sessions.begin() as session:
        await defer(session, "lists.build", community_id=1, queueing_lock="lists.build:1")
        await session.execute(sa.text("UPDATE procrastinate_jobs SET status = 'doing'"))
        await defer(session, "lists.build", community_id=1, queueing_lock="lists.build:1")
    async with make_job_app(runtime).open_async() as app:
        await take_up_stalled(app, after_s=30)
    assert await _states(runtime, "lists.build") == ["aborted", "todo"]


async def test_a_build_that_fails_is_deferred_anew_for_later(runtime: Runtime) -> None:
    async with runtime.sessions.begin() as session:
        await defer(session, "lists.build", community_id="none", queueing_lock="lists.build:none")
    await _work_off(runtime)
    assert await _states(runtime, "lists.build") == ["failed", "todo"]
    async with runtime.sessions() as session:
        at = await session.scalar(
            sa.text("SELECT scheduled_at FROM procrastinate_jobs WHERE status = 'todo'")
        )
    assert at == NOW + timedelta(seconds=30)
