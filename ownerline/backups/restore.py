"""`ownerline restore`: a backup takes the place of the present database, whole or not at all."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock
from core.database import create_engine, database_url, session_factory
from core.errors import OwnerlineError
from core.ids import IdSource
from core.settings import Settings
from customers.service import audit
from dialer.restored import mark_restored
from ownerline.backups.archive import Manifest, NoBackupError, dump_of, read_manifest
from ownerline.backups.backup import Connection, count_rows, take_backup
from ownerline.backups.programs import Programs
from ownerline.backups.quiet import (
    check_nobody_dials,
    connect,
    let_dial,
    rows_in,
    stop_dialling,
)
from ownerline.backups.swap import Places, drop, make_loading, swap, take_restore_lock
from ownerline.database import knows_revision, upgrade
from ownerline.sole import nobody_dials

SAFETY_FOLDER = "backups"


class NewerBackupError(OwnerlineError):
    """The backup was made by a later version of the program."""


class PresentDataError(OwnerlineError):
    """A restore would write over data, and nobody said that it should."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """What a restore did; `safety_backup` holds what was there before, if anything was."""

    manifest: Manifest
    safety_backup: Path | None

    def as_json(self) -> dict[str, object]:
        """Return the object that `restore --json` prints."""
        return {
            "backup": self.manifest.as_json(),
            "safety_backup": None if self.safety_backup is None else str(self.safety_backup),
            "armed": False,
            "reconciled": False,
        }


async def restore(
    settings: Settings, source: Path, *, clock: Clock, actor: str, over_data: bool
) -> Restored:
    """Put the backup in the place of the present database, disarmed and not reconciled.

    It is loaded into a database of another name, brought to this program's version and marked;
    only then the names change, in one step. Killed at any moment, it leaves the one or the other.

    Raises:
        NoBackupError: the file is none, or damaged.
        NewerBackupError: a later version of the program made it.
        PresentDataError: there are data, and `over_data` was not said.
        DialerRunsError: a dialer of this home is at work.
        DialersAliveError: a dialer on this database is.
    """
    manifest = read_manifest(source)
    if not knows_revision(manifest.revision):
        message = (
            f"{source} was made by ownerline {manifest.program_version} (migration "
            f"{manifest.revision}), which is newer than this program; update it, then restore"
        )
        raise NewerBackupError(message)
    programs = Programs.of(settings)
    await programs.check_can_read(manifest.client)
    await programs.read_whole(dump_of(source))
    async with database_url(settings) as url, _alone(settings, url) as (outside, places):
        await programs.check_newer_than(outside.info.server_version // 10000)
        safety = None
        there = await _rows_at(url)
        if there and not over_data:
            raise PresentDataError(_what_is_there(there, source))
        try:
            await make_loading(outside, places)  # from now on it can be seen that we were at work
            if there:
                safety = await _put_by(settings, url, clock=clock)
            await _load(programs, outside, places, source)
            await asyncio.to_thread(upgrade, places.loading_url)
            await _mark(places.loading_url, manifest, source, clock=clock, actor=actor)
            await swap(outside, places)
        except BaseException:
            await drop(outside, places.loading)
            await let_dial(url)
            raise
        await drop(outside, places.aside)
    return Restored(manifest=manifest, safety_backup=safety)


async def abandon(settings: Settings) -> bool:
    """Remove what an interrupted restore left; False when nothing lay there."""
    async with database_url(settings) as url, _alone(settings, url) as (outside, places):
        lay_there = await (
            await outside.execute(
                "SELECT FROM pg_database WHERE datname = ANY(%s)",
                [[places.loading, places.aside]],
            )
        ).fetchone()
        await drop(outside, places.loading)
        await drop(outside, places.aside)
        return await let_dial(url) or lay_there is not None


@contextlib.asynccontextmanager
async def _alone(settings: Settings, url: str) -> AsyncIterator[tuple[Connection, Places]]:
    """Be the only restore, with no dialer of this home beside it."""
    places = Places.of(url)
    with nobody_dials(settings):
        outside = await places.outside()
        async with outside:
            await take_restore_lock(outside, places)
            yield outside, places


async def _rows_at(url: str) -> dict[str, int]:
    async with await connect(url) as present:
        return await rows_in(present)


def _what_is_there(rows: Mapping[str, int], source: Path) -> str:
    there = ", ".join(f"{table} {count:,}" for table, count in rows.items())
    return (
        f"this installation holds data ({there}); say --replace to put {source} in their place "
        "(they are backed up first), or name an empty home (OWNERLINE_HOME)"
    )


async def _put_by(settings: Settings, url: str, *, clock: Clock) -> Path:
    """Stop what dials on the present data, and back them up."""
    async with await connect(url) as present:
        await check_nobody_dials(present)
        await stop_dialling(present)
        await check_nobody_dials(present)  # who came in between has dialled, who comes now will not
    folder = settings.home / SAFETY_FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"before-restore-{clock.now():%Y%m%dT%H%M%SZ}.backup"
    await take_backup(settings, url, target, clock=clock, overwrite=True)
    return target


async def _load(programs: Programs, outside: Connection, places: Places, source: Path) -> None:
    server = outside.info.server_version // 10000
    await programs.load(dump_of(source), places.loading_url, server=server)
    async with await connect(places.loading_url) as loaded:
        rows = await count_rows(loaded)
    if rows != (promised := dict(read_manifest(source).rows)):
        message = f"{source} promises {promised} rows and holds {rows}; restore another backup"
        raise NoBackupError(message)


async def _mark(url: str, manifest: Manifest, source: Path, *, clock: Clock, actor: str) -> None:
    engine = create_engine(url)
    try:
        async with session_factory(engine).begin() as session:
            now = clock.now()
            await mark_restored(
                session,
                installation_id=IdSource(clock, secrets.SystemRandom()).new(),
                now=now,
                taken_at=manifest.taken_at,
            )
            await audit(
                session,
                now=now,
                actor=actor,
                action="restored",
                subject="installation",
                detail={"file": source.name, "taken_at": manifest.taken_at.isoformat()},
            )
    finally:
        await engine.dispose()
