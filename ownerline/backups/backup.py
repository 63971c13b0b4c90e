"""`ownerline backup`: the whole database as it stands at one instant, in one file."""

import contextlib
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
from psycopg import sql
from psycopg.abc import Query

import ownerline
from core.clock import Clock
from core.database import libpq_url
from core.errors import OwnerlineError
from core.settings import Settings
from ownerline.backups.archive import Manifest, dump_of, new_archive
from ownerline.backups.programs import Programs

Connection: TypeAlias = psycopg.AsyncConnection[tuple[Any, ...]]

# What people look for in a backup, and what a restore counts again.
COUNTED = ("community", "person", "unit", "charge", "work_order", "due_call", "attempt")


class NothingToBackUpError(OwnerlineError):
    """The database has no tables of ours."""


async def take_backup(
    settings: Settings, url: str, target: Path, *, clock: Clock, overwrite: bool = False
) -> Manifest:
    """Write the database to a file, read it back, and return what it holds.

    Nothing else waits for it: others go on working, and the file holds what was committed at the
    instant it names.

    Raises:
        NothingToBackUpError: the database was never used.
        BackupFileTakenError: the target is there and was not to be replaced.
        BackupNotWrittenError: the disk is full, or the folder is not ours to write in.
        ProgramFailedError: pg_dump failed; no file was left.
    """
    programs = Programs.of(settings)
    taken_at = clock.now()
    async with await psycopg.AsyncConnection.connect(libpq_url(url)) as connection:
        await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
        server = connection.info.server_version // 10000
        await programs.check_newer_than(server)
        if await _one(connection, "SELECT to_regclass('alembic_version')::text") is None:
            message = "this installation has no data yet: there is nothing to back up"
            raise NothingToBackUpError(message)
        manifest = Manifest(
            taken_at=taken_at,
            program_version=ownerline.__version__,
            revision=str(await _one(connection, "SELECT version_num FROM alembic_version")),
            installation_id=await _one(connection, "SELECT installation_id FROM installation"),
            server=server,
            client=await programs.major(),
            rows=await count_rows(connection),
        )
        snapshot = str(await _one(connection, "SELECT pg_export_snapshot()"))
        with new_archive(target, overwrite=overwrite) as draft:
            async with contextlib.aclosing(programs.dump(url, snapshot=snapshot)) as dump:
                async for chunk in dump:
                    draft.add(chunk)
            draft.finish(manifest)
            await programs.read_whole(dump_of(draft.path))
    return manifest


async def count_rows(connection: Connection) -> dict[str, int]:
    """Return how many rows the tables hold that people ask about."""
    return {
        table: await _one(
            connection, sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        )
        for table in COUNTED
    }


async def _one(connection: Connection, query: Query) -> Any:
    row = await (await connection.execute(query)).fetchone()
    return None if row is None else row[0]
