"""The database's history leads to exactly the tables the code knows, whoever walks it."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import sqlalchemy as sa

from core.database import Base, driver_url
from ownerline.database import check, upgrade
from ownerline.migrations.tables import import_tables


def test_migrations_lead_to_the_tables_the_code_knows(empty_database_url: str) -> None:
    head = upgrade(empty_database_url)
    found = check(empty_database_url)
    assert found.differences == ()
    assert found.current == found.head == head
    assert found.is_current


def test_an_upgrade_is_safe_from_three_machines_at_once_and_again(empty_database_url: str) -> None:
    with ThreadPoolExecutor(3) as machines:
        heads = set(machines.map(upgrade, [empty_database_url] * 3))
    assert heads == {upgrade(empty_database_url)}


def test_an_empty_database_is_not_current(empty_database_url: str) -> None:
    found = check(empty_database_url)
    assert found.current is None
    assert not found.is_current
    assert found.differences


def test_a_table_changed_by_hand_is_told(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("ALTER TABLE person ADD COLUMN nickname text")
    found = check(empty_database_url)
    assert not found.is_current
    assert "nickname" in " ".join(found.differences)


def test_migrations_and_tables_agree_on_every_column_constraint_and_index(
    database_url: str, empty_database_url: str
) -> None:
    import_tables()
    engine = sa.create_engine(driver_url(empty_database_url), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE EXTENSION btree_gist"))
        Base.metadata.create_all(connection)
    assert _shape(database_url) == _shape(empty_database_url)


_SHAPE = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
UNION ALL
SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT table_name, column_name,
       concat_ws(' ', udt_name, character_maximum_length, is_nullable, column_default, is_identity)
FROM information_schema.columns
WHERE table_schema = 'public'
"""


def _shape(url: str) -> list[tuple[str, str, str]]:
    with psycopg.connect(url) as connection:
        found = connection.execute(_SHAPE).fetchall()
    return sorted(row for row in found if not row[0].startswith(("alembic_", "procrastinate_")))
