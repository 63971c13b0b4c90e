"""Names that a file brings, spelled before their persons are written."""

from itertools import islice

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.spelling import vector_of

_BATCH = 5000
_QUIET = "SET LOCAL client_min_messages = error"  # no notice that there is no such table yet
_DROP = "DROP TABLE IF EXISTS spelled_name"
_TABLE = """
    CREATE TEMPORARY TABLE spelled_name (name text PRIMARY KEY, name_keys tsvector NOT NULL)
    ON COMMIT DROP
"""
_KEEP = sa.text("""
    INSERT INTO spelled_name (name, name_keys)
    SELECT name, CAST(keys AS tsvector)
    FROM unnest(CAST(:names AS text[]), CAST(:keys AS text[])) AS given (name, keys)
""")
_ANALYZE = "ANALYZE spelled_name"


async def spell(session: AsyncSession, names: str) -> None:
    """Fill the table `spelled_name` of this transaction with each name a query returns."""
    for statement in (_QUIET, _DROP, _TABLE):
        await session.execute(sa.text(statement))
    found = iter((await session.scalars(sa.text(names))).all())
    while batch := [name for name in islice(found, _BATCH) if name is not None]:
        await session.execute(_KEEP, {"names": batch, "keys": [vector_of(each) for each in batch]})
    await session.execute(sa.text(_ANALYZE))
