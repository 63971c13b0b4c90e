"""Puts a loaded database in the place of the present one, in one step.

A restore loads into a database of its own name. Until both have changed names, in one transaction,
everybody works on the present one; a restore that was killed leaves nothing but that other name.
"""

from dataclasses import dataclass

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from core.database import libpq_url
from core.errors import OwnerlineError
from ownerline.backups.backup import Connection
from ownerline.backups.leftovers import LOCK_CLASS, aside_of, loading_of

_MAINTENANCE = ("postgres", "template1")
_TRIES = 20
_KILLED_ENDS_WITHIN = "5s"
_END_WITHIN_MS = 1000


class RestoreRunsError(OwnerlineError):
    """Another restore of this installation is under way."""


class NoRightToMakeDatabasesError(OwnerlineError):
    """The role may not make the database that a backup is loaded into."""


class StillInUseError(OwnerlineError):
    """Somebody does not let go of the present database."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """The names of the present database, of the one being loaded, and of the one put aside."""

    url: str
    present: str
    loading: str
    aside: str

    @classmethod
    def of(cls, url: str) -> "Places":
        """Return the names for the database of a URL."""
        present = make_url(url).database or ""
        return cls(
            url=libpq_url(url),
            present=present,
            loading=loading_of(present),
            aside=aside_of(present),
        )

    @property
    def loading_url(self) -> str:
        """The URL of the database being loaded."""
        return self._url_of(self.loading)

    async def outside(self) -> Connection:
        """Connect to another database of the server, from where these can change their names.

        Raises:
            NoRightToMakeDatabasesError: the role may not.
        """
        connection = await self._maintenance()
        row = await (
            await connection.execute(
                "SELECT rolcreatedb OR rolsuper, rolname FROM pg_roles WHERE rolname = current_user"
            )
        ).fetchone()
        if row is None or not row[0]:
            await connection.close()
            role = "of the database" if row is None else row[1]
            message = (
                f"the role {role} may not make databases, and a restore needs one to load into; "
                f"let an administrator say: ALTER ROLE {role} CREATEDB"
            )
            raise NoRightToMakeDatabasesError(message)
        return connection

    async def _maintenance(self) -> Connection:
        first, second = _MAINTENANCE
        try:
            return await psycopg.AsyncConnection.connect(self._url_of(first), autocommit=True)
        except psycopg.OperationalError:
            return await psycopg.AsyncConnection.connect(self._url_of(second), autocommit=True)

    def _url_of(self, database: str) -> str:
        return make_url(self.url).set(database=database).render_as_string(hide_password=False)


async def take_restore_lock(outside: Connection, places: Places) -> None:
    """Be the only restore of this database until the connection ends.

    One that was killed is waited for: its server process ends after its statement.

    Raises:
        RestoreRunsError: another one is under way.
    """
    await outside.execute("SELECT set_config('lock_timeout', %s, false)", [_KILLED_ENDS_WITHIN])
    try:
        await outside.execute(
            "SELECT pg_advisory_lock(%s, hashtext(%s))", [LOCK_CLASS, places.present]
        )
    except psycopg.errors.LockNotAvailable as err:
        message = f"another restore into {places.present} is under way; wait for its end"
        raise RestoreRunsError(message) from err
    await outside.execute("RESET lock_timeout")


async def make_loading(outside: Connection, places: Places) -> None:
    """Make the empty database to load into, instead of what a killed restore left there."""
    await drop(outside, places.loading)
    row = await (
        await outside.execute(
            "SELECT pg_encoding_to_char(encoding), datcollate, datctype"
            " FROM pg_database WHERE datname = %s",
            [places.present],
        )
    ).fetchone()
    encoding, collate, ctype = row or ("UTF8", "C", "C")
    await outside.execute(
        sql.SQL(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}"
        ).format(
            sql.Identifier(places.loading),
            sql.Literal(encoding),
            sql.Literal(collate),
            sql.Literal(ctype),
        )
    )


async def drop(outside: Connection, name: str) -> None:
    """Remove a database, and whoever is in it."""
    await _cut_off(outside, [name])
    await outside.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


async def swap(outside: Connection, places: Places) -> None:
    """Give the loaded database the present one's name, and that one the name aside.

    Whoever is connected to the present one is cut off; they connect again to the restored one.

    Raises:
        StillInUseError: new connections came faster than they could be ended.
    """
    await drop(outside, places.aside)
    for left in reversed(range(_TRIES)):
        await _cut_off(outside, [places.present, places.loading])
        try:
            async with outside.transaction():
                await _rename(outside, places.present, places.aside)
                await _rename(outside, places.loading, places.present)
        except psycopg.errors.ObjectInUse as err:
            if not left:
                message = (
                    f"others connect to {places.present} again and again; stop them "
                    "(serve, api, worker, scheduler) and say it again; nothing was changed"
                )
                raise StillInUseError(message) from err
        else:
            return


async def _cut_off(outside: Connection, names: list[str]) -> None:
    """End who is connected; the server's own workers, which are not ours to end, give way."""
    await outside.execute(
        "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity"
        " WHERE datname = ANY(%s) AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
        [_END_WITHIN_MS, names],
    )


async def _rename(outside: Connection, old: str, new: str) -> None:
    await outside.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
    )
