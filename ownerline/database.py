"""Use cases on the database as a whole: bring its tables up to date, tell whether they are."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.database import Base, driver_url
from ownerline.migrations.tables import belongs_to_us, import_tables

_FOLDER = Path(__file__).parent / "migrations"
# Any number nobody else locks in this database: two machines upgrade one after the other.
_UPGRADE_LOCK = 7_002_601


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseCheck:
    """How far a database is; `differences` are of the tables against the code, for people."""

    current: str | None
    head: str | None
    differences: tuple[str, ...]

    @property
    def is_current(self) -> bool:
        """Whether the tables are exactly those the code knows."""
        return self.current == self.head and not self.differences


def upgrade(url: str, to: str = "head") -> str | None:
    """Bring the database to a migration, once, whoever else tries; return its name."""
    with _connection(url) as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _UPGRADE_LOCK})
        connection.commit()
        try:
            command.upgrade(_config(connection), to)
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": _UPGRADE_LOCK})
            connection.commit()
        return MigrationContext.configure(connection).get_current_revision()


def upgrade_if_behind(url: str) -> None:
    """Upgrade unless the database is at the newest migration already; a look costs one query."""
    with _connection(url) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current != newest_migration():
        upgrade(url)


def newest_migration() -> str | None:
    """Return the migration this program expects a database to be at."""
    return ScriptDirectory(str(_FOLDER)).get_current_head()


def knows_revision(revision: str) -> bool:
    """Tell whether a migration is one of this program's."""
    return revision in {each.revision for each in ScriptDirectory(str(_FOLDER)).walk_revisions()}


def check(url: str) -> DatabaseCheck:
    """Compare the database with the newest migration and with the tables in the code."""
    import_tables()
    with _connection(url) as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": False,
                "include_object": belongs_to_us,
            },
        )
        differences = compare_metadata(context, Base.metadata)
        return DatabaseCheck(
            current=context.get_current_revision(),
            head=newest_migration(),
            differences=tuple(str(difference) for difference in differences),
        )


def make_migration(url: str, message: str) -> None:
    """Write a migration from the difference between the database and the code's tables."""
    with _connection(url) as connection:
        command.revision(_config(connection), message=message, autogenerate=True)


@contextlib.contextmanager
def _connection(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(driver_url(url), poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
