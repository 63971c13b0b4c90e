"""Rows of an empty database, made in memory with their ids and copied in one go."""

from collections import Counter
from collections.abc import Sequence
from enum import Enum
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from psycopg import AsyncConnection, sql
from psycopg.types.json import Jsonb
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import Base


class Rows:
    """New rows by table; a table with an identity gets its ids here, counted from 1."""

    def __init__(self) -> None:
        self.by_table: dict[str, list[dict[str, Any]]] = {}
        self._ids: Counter[str] = Counter()

    def add(self, table: type[Base], **values: object) -> int:
        """Keep a row; returns its id, or 0 for a table without an identity."""
        name = _name(table)
        identity = _identity(table.metadata.tables[name])
        row = dict(values)
        if identity is not None:
            self._ids[name] += 1
            row = {identity: self._ids[name], **row}
        self.by_table.setdefault(name, []).append(row)
        return self._ids[name]

    def of(self, table: type[Base]) -> Sequence[dict[str, Any]]:
        """Return the rows of a table in the order they came."""
        return self.by_table.get(_name(table), ())


async def copy_in(session: AsyncSession, rows: Rows) -> None:
    """Write the rows into the empty tables; the ids go on behind them."""
    for table in Base.metadata.sorted_tables:
        found = rows.by_table.get(table.name, ())
        for columns, same in groupby(found, key=tuple):
            await _copy(session, table, columns, list(same))
        identity = _identity(table)
        if found and identity is not None:
            sequence = sa.func.pg_get_serial_sequence(table.name, identity)
            await session.execute(sa.select(sa.func.setval(sequence, len(found))))


async def _copy(
    session: AsyncSession, table: sa.Table, columns: Sequence[str], rows: Sequence[dict[str, Any]]
) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    json_columns = {name for name in columns if isinstance(table.c[name].type, JSONB)}
    raw = await (await session.connection()).get_raw_connection()
    driver: AsyncConnection[Any] | None = raw.driver_connection
    if driver is None:
        message = "the database connection has gone"
        raise ConnectionError(message)
    async with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            await copy.write_row(
                [_plain(value, as_json=name in json_columns) for name, value in row.items()]
            )


def _plain(value: Any, *, as_json: bool) -> Any:
    if as_json and value is not None:
        return Jsonb(value)
    return value.value if isinstance(value, Enum) else value


def _name(table: type[Base]) -> str:
    return str(table.__tablename__)


def _identity(table: sa.Table) -> str | None:
    found = [column.name for column in table.primary_key if column.identity is not None]
    return found[0] if found else None
