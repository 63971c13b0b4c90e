"""The base, engines and sessions on a real server."""

import asyncio

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from core.database import create_engine, despite_deadlocks, libpq_url


async def test_a_session_of_a_test_sees_its_own_commits(session: AsyncSession) -> None:
    await session.execute(sa.text("CREATE TABLE passing (n int)"))
    await session.commit()
    await session.execute(sa.text("INSERT INTO passing VALUES (1)"))
    await session.rollback()
    assert await session.scalar(sa.text("SELECT count(*) FROM passing")) == 0


async def test_what_another_test_committed_in_its_session_is_gone(session: AsyncSession) -> None:
    assert await session.scalar(sa.text("SELECT to_regclass('passing')::text")) is None


async def test_an_engine_speaks_utc_and_gives_up_long_statements(database: AsyncEngine) -> None:
    async with database.connect() as connection:
        shown = [
            await connection.scalar(sa.text(f"SHOW {name}"))
            for name in ("timezone", "statement_timeout", "lock_timeout", "application_name")
        ]
    assert shown == ["UTC", "5min", "30s", "test"]


async def test_a_connection_the_server_cut_while_it_lay_idle_is_not_handed_out(
    database_url: str,
) -> None:
    engine = create_engine(database_url, ping_after_s=0.0)
    try:
        async with engine.connect() as connection:
            backend = await connection.scalar(sa.text("SELECT pg_backend_pid()"))
        with psycopg.connect(libpq_url(database_url)) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))
        async with engine.connect() as connection:
            assert await connection.scalar(sa.text("SELECT pg_backend_pid()")) != backend
    finally:
        await engine.dispose()


async def test_the_victim_of_a_deadlock_does_its_work_again(database: AsyncEngine) -> None:
    async with database.begin() as connection:
        await connection.execute(sa.text("CREATE TABLE account (id int, n int)"))
        await connection.execute(sa.text("INSERT INTO account VALUES (1, 0), (2, 0)"))
    tries = 0
    both_hold_one = asyncio.Barrier(2)

    async def move(first: int, second: int) -> None:
        async def work() -> None:
            nonlocal tries
            tries += 1
            async with database.begin() as connection:
                for account_id in (first, second):
                    await connection.execute(
                        sa.text("UPDATE account SET n = n + 1 WHERE id = :id"), {"id": account_id}
                    )
                    if account_id == first and tries <= 2:
                        await both_hold_one.wait()

        await despite_deadlocks(work)

    await asyncio.gather(move(1, 2), move(2, 1))

    async with database.connect() as connection:
        counts = await connection.execute(sa.text("SELECT n FROM account ORDER BY id"))
        assert counts.scalars().all() == [2, 2]
    assert tries in {3, 4}  # a server that is slow to look may find both of them waiting


async def test_an_error_of_a_statement_names_no_values(database: AsyncEngine) -> None:
    async with database.connect() as connection:
        with pytest.raises(sa.exc.DBAPIError) as failed:
            await connection.execute(sa.text("SELECT :said / 0"), {"said": 13800138000})
    assert "13800138000" not in str(failed.value)
