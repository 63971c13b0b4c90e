"""The base, engines and sessions on a real server."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession


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
