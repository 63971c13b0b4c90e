"""A property company of any size, made set-based in an empty database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import LiteralString

import psycopg
from psycopg import sql

TODAY = date(2026, 5, 20)  # a working day outside the survey's weeks
_TABLES = ("community", "unit", "person", "occupancy", "charge", "work_order", "due_call")


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How much there is."""

    owners: int = 1_000_000
    charges: int = 3_000_000
    work_orders: int = 500_000


# One charge in sixteen is open. Of the work orders one in twenty was finished in the last week and
# has no callback yet; the others were called back long ago.
_FILL: tuple[LiteralString, ...] = (
    "SELECT setseed(0.42)",
    """INSERT INTO community (name, time_zone, region, currency, packs)
       SELECT 'community ' || n, (ARRAY['Asia/Shanghai', 'Asia/Urumqi'])[1 + n %% 2],
              'CN', 'CNY', '{cn}'
       FROM generate_series(1, %(communities)s) AS n""",
    """INSERT INTO unit (community_id, label)
       SELECT 1 + n %% %(communities)s, n / 1000 || '-1-' || n %% 1000
       FROM generate_series(0, %(owners)s - 1) AS n""",
    """INSERT INTO person (name, language)
       SELECT 'owner ' || n, 'zh-CN' FROM generate_series(1, %(owners)s) AS n""",
    """INSERT INTO occupancy (unit_id, person_id, role, moved_in)
       SELECT n, n, 'owner', DATE '2020-01-01' FROM generate_series(1, %(owners)s) AS n""",
    """INSERT INTO charge (community_id, unit_id, liable_person_id, reference, kind,
                           amount_minor, paid_minor, currency, due_on)
       SELECT 1 + (n %% %(owners)s) %% %(communities)s, 1 + n %% %(owners)s, 1 + n %% %(owners)s,
              'C-' || n, 'property fee', 120000,
              CASE WHEN random() < 1 / 16.0 THEN 0 ELSE 120000 END,
              'CNY', %(today)s::date - CAST(random() * 400 AS int) + 30
       FROM generate_series(0, %(charges)s - 1) AS n""",
    """INSERT INTO work_order (community_id, unit_id, reference, category, category_as_given,
                               reported_on, completed_on)
       SELECT 1 + unit %% %(communities)s, 1 + unit, 'W-' || n, category, category,
              %(today)s::date - 800,
              %(today)s::date - CASE WHEN n %% 20 = 0 THEN n %% 7 ELSE 30 + n %% 700 END
       FROM (SELECT n, CAST(random() * (%(owners)s - 1) AS int) AS unit,
                    (ARRAY['safety', 'leak', 'other', 'other', 'other'])[1 + n %% 5] AS category
             FROM generate_series(0, %(work_orders)s - 1) AS n) AS made""",
    """INSERT INTO due_call (person_id, community_id, unit_id, reason, purpose, mode, campaign,
                             script, subject, cycle, facts, not_before, due_by, next_at, priority,
                             state, created_at, settled_at, settled_because)
       SELECT unit_id, community_id, unit_id, 'repair', 'service', 'automatic', 'repair',
              'repair', 'work_order:' || work_order_id, '1', '{}', completed_on, completed_on + 8,
              completed_on, 70, 'done', completed_on, completed_on + 1, 'satisfied'
       FROM work_order WHERE completed_on <= %(today)s::date - 30""",
)


def fill(connection: psycopg.Connection[object], size: Size) -> None:
    """Make the company; constraints and indexes are put back after the rows, and checked."""
    parameters = {
        "communities": max(2, size.owners // 5000),
        "owners": size.owners,
        "charges": size.charges,
        "work_orders": size.work_orders,
        "today": TODAY,
    }
    with bare_tables(connection, _TABLES):
        for statement in _FILL:
            connection.execute(statement, parameters if "%(" in statement else None)
    connection.execute("VACUUM ANALYZE")


@contextmanager
def bare_tables(connection: psycopg.Connection[object], tables: Sequence[str]) -> Iterator[None]:
    """Take indexes and constraints off the tables while rows are poured in, then put them back."""
    constraints = _rows(
        connection,
        """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
           FROM pg_constraint
           WHERE contype IN ('f', 'u', 'x') AND conrelid = ANY (%s::regclass[])
           ORDER BY contype DESC, conname""",
        tables,
    )
    indexes = _rows(
        connection,
        """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), ''
           FROM pg_index
           WHERE indrelid = ANY (%s::regclass[]) AND NOT EXISTS (
               SELECT FROM pg_constraint WHERE conindid = indexrelid)
           ORDER BY 1""",
        tables,
    )
    for table, name, _ in constraints:
        connection.execute(
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
                sql.Identifier(table), sql.Identifier(name)
            )
        )
    for name, _, _ in indexes:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    for _, definition, _ in indexes:
        connection.execute(definition.encode())
    for table, name, definition in constraints:
        added = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} ").format(
            sql.Identifier(table), sql.Identifier(name)
        )
        connection.execute(added.as_bytes(connection) + definition.encode())


def _rows(
    connection: psycopg.Connection[object], query: LiteralString, tables: Sequence[str]
) -> list[tuple[str, str, str]]:
    cursor = connection.cursor(row_factory=psycopg.rows.args_row(_three))
    return cursor.execute(query, [list(tables)]).fetchall()


def _three(first: str, second: str, third: str) -> tuple[str, str, str]:
    return first, second, third
