"""A backup: one file, whole or absent, of one instant, and refused when it cannot be trusted."""

import asyncio
import json
import resource
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core.clock import SystemClock
from core.errors import OwnerlineError
from core.settings import Settings
from ownerline.backups.archive import (
    DUMP,
    MANIFEST,
    BackupFileTakenError,
    BackupNotWrittenError,
    NoBackupError,
)
from ownerline.backups.backup import NothingToBackUpError, take_backup
from ownerline.backups.programs import ProgramMissingError, Programs
from ownerline.backups.restore import NewerBackupError, PresentDataError
from tests.integration.dialer.day import RINGS_OUT, answers
from tests.integration.ownerline.vault import Vault


@pytest.fixture
async def vault(database: AsyncEngine, database_url: str, tmp_path: Path) -> Vault:
    """An installation with an owner."""
    vault = Vault(database_url, tmp_path, database)
    await vault.day.open()
    await vault.day.owner(RINGS_OUT)
    return vault


@pytest.fixture
async def busy(vault: Vault) -> Vault:
    """An installation with a morning behind it."""
    for behaviour in (answers("1"), answers("9")):
        owner = await vault.day.owner(behaviour)
        await vault.day.owes(owner)
        await vault.day.repaired(owner)
    await vault.day.build()
    await vault.day.dial(0.5)
    return vault


async def test_what_is_restored_reads_as_it_was_backed_up(busy: Vault) -> None:
    before = await busy.tables()
    assert all(len(rows) > 1 for rows in before.values())
    source = await busy.backup()
    await busy.do("UPDATE person SET name = 'somebody else'")
    await busy.day.owner(RINGS_OUT)
    assert await busy.tables() != before

    await busy.restore(source)

    assert await busy.tables() == before


async def test_only_its_owner_may_read_a_backup_and_nothing_lies_beside_it(vault: Vault) -> None:
    source = await vault.backup()
    assert stat.S_IMODE(source.stat().st_mode) == 0o600
    assert [each.name for each in vault.folder.glob("*kept*")] == [source.name]


async def test_a_backup_says_what_it_holds(busy: Vault) -> None:
    manifest = await busy.manifest("said.backup")
    assert manifest.rows["person"] == 3
    assert manifest.rows["attempt"] == len(busy.day.rung)
    assert manifest.revision == await busy.value("SELECT version_num FROM alembic_version")
    assert manifest.installation_id == await busy.value("SELECT installation_id FROM installation")


async def test_a_file_that_is_there_is_not_written_over_unless_asked(vault: Vault) -> None:
    first = (await vault.backup()).read_bytes()
    with pytest.raises(BackupFileTakenError, match="--force"):
        await vault.backup()
    assert (vault.folder / "kept.backup").read_bytes() == first
    target = vault.folder / "kept.backup"
    await take_backup(vault.settings, vault.url, target, clock=SystemClock(), overwrite=True)


async def test_what_a_killed_backup_left_is_written_over(vault: Vault) -> None:
    (vault.folder / "kept.backup.partial").write_bytes(b"half" * 100_000)
    source = await vault.backup()
    assert zipfile.is_zipfile(source)
    assert not (vault.folder / "kept.backup.partial").exists()


async def test_two_backups_into_one_file_at_once_make_one(vault: Vault) -> None:
    both = await asyncio.gather(vault.backup(), vault.backup(), return_exceptions=True)
    assert sorted(type(each).__name__ for each in both) == ["BackupFileTakenError", "PosixPath"]


@contextmanager
def _files_no_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_leaves_no_half_backup(vault: Vault) -> None:
    with _files_no_larger_than(8192), pytest.raises(BackupNotWrittenError, match="make room"):
        await vault.backup()
    assert list(vault.folder.glob("kept*")) == []
    await vault.backup()


async def test_a_folder_that_is_not_there_is_named(vault: Vault) -> None:
    with pytest.raises(BackupNotWrittenError, match="No such file or directory"):
        await take_backup(
            vault.settings, vault.url, vault.folder / "no" / "x.backup", clock=SystemClock()
        )


async def test_a_database_without_tables_has_nothing_to_back_up(
    empty_database_url: str, tmp_path: Path
) -> None:
    with pytest.raises(NothingToBackUpError):
        await take_backup(
            Settings(home=tmp_path), empty_database_url, tmp_path / "x", clock=SystemClock()
        )


async def test_programs_that_are_not_there_are_named(vault: Vault) -> None:
    settings = vault.settings.model_copy(update={"postgres_bin": vault.folder})
    with pytest.raises(ProgramMissingError, match="OWNERLINE_POSTGRES_BIN"):
        await take_backup(settings, vault.url, vault.folder / "x", clock=SystemClock())


async def test_a_server_newer_than_the_programs_is_refused_with_the_mend(vault: Vault) -> None:
    programs = Programs.of(vault.settings)
    with pytest.raises(OwnerlineError, match=r"server is PostgreSQL 99.*OWNERLINE_POSTGRES_BIN"):
        await programs.check_newer_than(99)


async def test_a_backup_taken_while_others_write_is_of_one_instant(vault: Vault) -> None:
    writing = True

    async def write() -> int:
        written = 0
        while writing:
            await vault.day.owner(RINGS_OUT)
            written += 1
        return written

    task = asyncio.create_task(write())
    source = await vault.backup()
    writing = False
    assert await task > 0
    await vault.restore(source)  # it counts again what the manifest promises
    orphans = "SELECT count(*) FROM phone LEFT JOIN person USING (person_id) WHERE name IS NULL"
    assert await vault.value(orphans) == 0


def _cut_short(source: Path) -> None:
    source.write_bytes(source.read_bytes()[:-200])


def _one_byte_changed(source: Path) -> None:
    content = bytearray(source.read_bytes())
    content[len(content) // 2] ^= 0xFF
    source.write_bytes(content)


def _half_a_dump(source: Path) -> None:
    with zipfile.ZipFile(source) as archive:
        dump, manifest = archive.read(DUMP), archive.read(MANIFEST)
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr(DUMP, dump[: len(dump) // 2])
        archive.writestr(MANIFEST, manifest)


def _another_zip(source: Path) -> None:
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("letter.txt", "dear all")


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_cut_short, id="cut short"),
        pytest.param(_one_byte_changed, id="a byte changed"),
        pytest.param(_half_a_dump, id="half a dump"),
        pytest.param(_another_zip, id="another zip"),
        pytest.param(lambda source: source.write_text("hello"), id="text"),
        pytest.param(lambda source: source.write_bytes(b""), id="empty"),
        pytest.param(Path.unlink, id="not there"),
    ],
)
async def test_a_file_that_is_no_whole_backup_changes_nothing(
    vault: Vault, damage: Callable[[Path], object]
) -> None:
    source = await vault.backup()
    damage(source)
    with pytest.raises(OwnerlineError, match=r"kept\.backup|pg_restore failed") as caught:
        await vault.restore(source)
    assert not isinstance(caught.value, PresentDataError)
    assert await vault.value("SELECT count(*) FROM person") == 1
    assert await vault.value("SELECT count(*) FROM installation WHERE stopped_at IS NOT NULL") == 0


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param({"revision": "9999"}, NewerBackupError, id="a later migration"),
        pytest.param({"format": 99}, NoBackupError, id="a later kind of file"),
    ],
)
async def test_a_backup_of_a_later_version_is_refused(
    vault: Vault, change: dict[str, object], error: type[OwnerlineError]
) -> None:
    source = await vault.backup()
    with zipfile.ZipFile(source) as archive:
        dump, manifest = archive.read(DUMP), json.loads(archive.read(MANIFEST))
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr(DUMP, dump)
        archive.writestr(MANIFEST, json.dumps(manifest | change))
    with pytest.raises(error, match=r"update it|later version|that version"):
        await vault.restore(source)


async def test_data_are_not_replaced_unless_asked(vault: Vault) -> None:
    source = await vault.backup()
    with pytest.raises(PresentDataError, match=r"person 1.*--replace"):
        await vault.restore(source, over_data=False)
