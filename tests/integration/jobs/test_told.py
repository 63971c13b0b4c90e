"""Who changes an account tells every process; what changes the file lets its lists follow."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from callback.places import may_build_now
from callback.rebuild import rebuild_soon
from core.live import LiveFeed, News, Topic
from core.money import Money
from core.phone import PhoneNumber
from core.settings import Settings
from customers import service
from customers.model import CallMode, Purpose
from ownerline.importing import import_files
from ownerline.runtime import Runtime
from tests.integration.cli.command import SAMPLES
from tests.integration.jobs.house import NOW, house

_CNY = Money(amount_minor=100, currency="CNY")
_PHONE = PhoneNumber("+8613800000001")

_FILE = sa.text("""
    WITH place AS (
        INSERT INTO community (name, time_zone, region, currency, packs)
        VALUES ('a', 'Asia/Shanghai', 'CN', 'CNY', '{CN}') RETURNING community_id
    ), home AS (
        INSERT INTO unit (community_id, label) SELECT community_id, '1-1-101' FROM place
        RETURNING unit_id, community_id
    ), owner AS (
        INSERT INTO person (name, language) VALUES ('a', 'zh-CN') RETURNING person_id
    ), tie AS (
        INSERT INTO occupancy (unit_id, person_id, role)
        SELECT unit_id, person_id, 'owner' FROM home, owner
    ), number AS (
        INSERT INTO phone (person_id, e164, position)
        SELECT person_id, '+8613800000001', 1 FROM owner
    ), repair AS (
        INSERT INTO work_order (community_id, unit_id, reference, category, category_as_given,
                                reported_on, completed_on)
        SELECT community_id, unit_id, 'W1', 'leak', 'leak', '2026-11-01', '2026-11-02' FROM home
    )
    INSERT INTO charge (community_id, unit_id, reference, kind, amount_minor, currency, due_on,
                        liable_person_id)
    SELECT community_id, unit_id, 'C1', 'property_fee', 1000, 'CNY', '2026-10-01', person_id
    FROM home, owner
""")

Change = Callable[[AsyncSession], Awaitable[object]]
_CHANGES: dict[str, Change] = {
    "a payment": lambda session: service.record_payment(
        session, charge_id=1, amount=_CNY, received_at=NOW, source="bank"
    ),
    "a promise": lambda session: service.record_promise(
        session,
        person_id=1,
        charge_ids=[1],
        amount=_CNY,
        promised_on=date(2026, 12, 1),
        attempt_id=None,
        now=NOW,
    ),
    "an extension": lambda session: service.request_extension(
        session, person_id=1, charge_ids=[1], until=date(2026, 12, 1), attempt_id=None, now=NOW
    ),
    "a dispute": lambda session: service.dispute_charges(
        session, person_id=1, charge_ids=[1], now=NOW
    ),
    "an opt-out of the person": lambda session: service.opt_out(
        session, person_id=1, said_by="owner", how="test", now=NOW
    ),
    "an opt-out of the number": lambda session: service.opt_out(
        session, phone=_PHONE, said_by="owner", how="test", now=NOW
    ),
    "consent": lambda session: service.record_consent(
        session,
        phone=_PHONE,
        purpose=Purpose.DEBT,
        mode=CallMode.AUTOMATIC,
        granted=False,
        given_by="owner",
        how="test",
        now=NOW,
    ),
    "a dead phone": lambda session: service.kill_phone(
        session, phone_id=1, because="wrong_number", now=NOW
    ),
    "a better number": lambda session: service.add_phone(
        session, person_id=1, phone=PhoneNumber("+8613800000002"), source="agent"
    ),
    "a death": lambda session: service.mark_deceased(session, person_id=1, now=NOW),
    "a repair found wanting": lambda session: service.reopen_work_order(
        session, work_order_id=1, attempt_id=None, finding=None, now=NOW
    ),
}


@pytest.fixture
def runtime(database: AsyncEngine, tmp_path: Path) -> Runtime:
    return house(database, tmp_path)


async def test_every_change_of_an_account_is_told_once_committed(runtime: Runtime) -> None:
    heard: asyncio.Queue[News] = asyncio.Queue()
    feed = LiveFeed(runtime.database_url)
    await feed.start()
    feed.subscribe(heard.put_nowait)
    async with runtime.sessions.begin() as session:
        await session.execute(_FILE)
    try:
        for name, change in _CHANGES.items():
            async with runtime.sessions() as session:
                await change(session)
                await session.rollback()
            async with runtime.sessions.begin() as session:
                await change(session)
            news = await asyncio.wait_for(heard.get(), 10)
            assert news == News(topic=Topic.ACCOUNT, key="1"), name
            assert heard.empty(), name
    finally:
        await feed.close()


async def _waiting_builds(runtime: Runtime) -> list[int]:
    async with runtime.sessions() as session:
        found = sa.text(
            "SELECT (args->>'community_id')::int FROM procrastinate_jobs"
            " WHERE task_name = 'lists.build' AND status = 'todo' ORDER BY 1"
        )
        return list(await session.scalars(found))


async def test_lists_follow_an_import_and_a_second_one_that_changes_nothing_has_none(
    database_url: str, database: AsyncEngine, tmp_path: Path
) -> None:
    settings = Settings.model_validate({"home": tmp_path, "database_url": database_url})
    runtime = house(database, tmp_path)

    async def bring_in() -> None:
        files = [SAMPLES / "owners.xlsx"]
        await import_files(settings, files, dry_run=False, rejects=None, on_progress=lambda _: None)

    await bring_in()
    assert await _waiting_builds(runtime) == [1, 2]
    async with runtime.sessions.begin() as session:
        await session.execute(sa.text("DELETE FROM procrastinate_jobs"))
    await bring_in()
    assert await _waiting_builds(runtime) == []


async def test_a_burst_of_changes_is_one_build(runtime: Runtime) -> None:
    for _ in range(3):
        async with runtime.sessions.begin() as session:
            await rebuild_soon(session, [2, 1, 2], now=NOW)
    assert await _waiting_builds(runtime) == [1, 2]


async def test_only_one_may_build_and_who_may_not_is_told_at_once(runtime: Runtime) -> None:
    async with runtime.sessions() as builds, runtime.sessions() as settles:
        assert await may_build_now(builds)
        assert not await may_build_now(settles)
        await builds.commit()
        assert await may_build_now(settles)
