"""Temporary tables beside the customer file: rows and findings of one import, copied in batches."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from psycopg import AsyncConnection, sql
from sqlalchemy.ext.asyncio import AsyncSession

from customers.headers import SheetKind

_PLACE = """
    seq int PRIMARY KEY, sheet text NOT NULL, row_number int NOT NULL, community text, unit text,
    community_id bigint, unit_id bigint,
    repeat boolean NOT NULL DEFAULT false, rejected boolean NOT NULL DEFAULT false,
    changed boolean NOT NULL DEFAULT false,
"""
_TABLES = {
    "stage_contact": _PLACE
    + """
    name text, honorific text, role text, phones text[], moved_in date, vip boolean,
    language text, default_language text, do_not_call boolean, automatic_calls boolean,
    identity_digits text, note text,
    today date, person_id bigint, kin int, new_person boolean NOT NULL DEFAULT false,
    kept boolean NOT NULL DEFAULT false
    """,
    "stage_charge": _PLACE
    + """
    reference text, kind text, amount_minor bigint, paid_minor bigint, late_fee_minor bigint,
    due_on date, note text, charge_id bigint
    """,
    "stage_work_order": _PLACE
    + """
    reference text, category text, category_as_given text, reported_on date, completed_on date,
    contractor text, in_warranty boolean, description text, work_order_id bigint
    """,
    "stage_payment": _PLACE
    + """
    reference text, amount_minor bigint, received_on date, payment_reference text,
    charge_id bigint
    """,
    "stage_finding": """
    kind text NOT NULL, seq int NOT NULL, sheet text NOT NULL, row_number int NOT NULL,
    field text NOT NULL, value text NOT NULL, problem text NOT NULL, rejected boolean NOT NULL
    """,
    "stage_liability": "charge_id bigint PRIMARY KEY",
}
TABLE_OF = {
    SheetKind.CONTACTS: "stage_contact",
    SheetKind.CHARGES: "stage_charge",
    SheetKind.WORK_ORDERS: "stage_work_order",
    SheetKind.PAYMENTS: "stage_payment",
}
_WORK_TABLES = ("stage_link", "stage_arrival", "stage_leaving", "stage_phone")


async def create(session: AsyncSession) -> None:
    """Make the staging tables anew in this transaction."""
    await drop(session)
    for name, columns in _TABLES.items():
        await session.execute(sa.text(f"CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP"))


async def drop(session: AsyncSession) -> None:
    """Remove the staging tables, so that a transaction can hold several imports."""
    names = ", ".join((*_TABLES, *_WORK_TABLES))
    await session.execute(sa.text("SET LOCAL client_min_messages = error"))
    await session.execute(sa.text(f"DROP TABLE IF EXISTS {names}"))


async def copy_rows(session: AsyncSession, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Copy rows of equal keys into a staging table."""
    if not rows:
        return
    columns = list(rows[0])
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    driver = await _driver(session)
    async with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            await copy.write_row([row[column] for column in columns])


async def analyze(session: AsyncSession, *tables: str) -> None:
    """Tell the planner what the staging tables hold."""
    for table in tables:
        await session.execute(sa.text(f"ANALYZE {table}"))


async def run(session: AsyncSession, statement: str, **facts: object) -> int:
    """Run one set-based step and return how many rows it touched."""
    result = await session.execute(sa.text(statement), facts)
    return max(0, int(result.rowcount)) if isinstance(result, sa.CursorResult) else 0


async def stream(session: AsyncSession, statement: str) -> AsyncIterator[sa.RowMapping]:
    """Yield the rows of a query through a server-side cursor."""
    result = await session.stream(sa.text(statement))
    async for row in result.mappings():
        yield row


async def _driver(session: AsyncSession) -> AsyncConnection[Any]:
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    if not isinstance(driver, AsyncConnection):
        message = f"imports need psycopg's own connection, not {type(driver).__name__}"
        raise TypeError(message)
    return driver
