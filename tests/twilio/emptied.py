"""One database for a module's tests, emptied before each: making one takes longer than a test."""

import contextlib
from collections.abc import AsyncIterator

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from core.database import create_engine

_KEPT = ("alembic_version",)
_TABLES = sa.text("""
    SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables
    WHERE schemaname = 'public' AND NOT tablename = ANY (:kept)
""")


@contextlib.asynccontextmanager
async def emptied(url: str) -> AsyncIterator[AsyncEngine]:
    """Hold an engine on a database in which nothing is."""
    engine = create_engine(url, name="test")
    try:
        async with engine.begin() as connection:
            tables = await connection.scalar(_TABLES, {"kept": list(_KEPT)})
            await connection.execute(sa.text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        yield engine
    finally:
        await engine.dispose()
