"""What a killed restore leaves behind: a database of another name, and how to go on."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

LOCK_CLASS = 7_002_603  # with the database's name: one restore at a time
_LONGEST_NAME = 63  # bytes, as PostgreSQL is built

_LOOK = sa.text("""
    SELECT current_database() AS present, array_agg(CAST(datname AS text)) AS there
    FROM pg_database
    WHERE starts_with(datname, left(current_database(), 40)) AND datname <> current_database()
      AND NOT EXISTS (
          SELECT FROM pg_locks
          WHERE locktype = 'advisory' AND CAST(classid AS bigint) = :lock_class
            AND CAST(objid AS bigint) = CAST(hashtext(current_database()) AS bigint) & 4294967295
      )
""")


def loading_of(database: str) -> str:
    """Return the name of the database that a backup is loaded into."""
    return _named(database, "_restoring")


def aside_of(database: str) -> str:
    """Return the name of the database that was replaced, until it is dropped."""
    return _named(database, "_replaced")


async def left_behind(session: AsyncSession) -> str | None:
    """Return what an interrupted restore left and how to go on; None when nothing lies there."""
    row = (await session.execute(_LOOK, {"lock_class": LOCK_CLASS})).one()
    there = set(row.there or ())
    if loading_of(row.present) in there:
        return (
            "a restore was interrupted before it changed the data, and may have left dialling "
            "stopped; restore again, or say `ownerline restore --abandon` to go on as before"
        )
    if aside_of(row.present) in there:
        return (
            "a restore was interrupted after the backup had taken its place: the data are those of "
            "the backup; say `ownerline restore --abandon` to remove what it replaced"
        )
    return None


def _named(database: str, suffix: str) -> str:
    kept = database.encode()[: _LONGEST_NAME - len(suffix)]
    return kept.decode("utf-8", "ignore") + suffix
