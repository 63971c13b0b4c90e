"""The file of a backup: a zip of pg_dump's output and of a manifest that says what it is."""

import asyncio
import contextlib
import fcntl
import json
import os
import zipfile
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO
from uuid import UUID

from core.errors import OwnerlineError

DUMP = "database.dump"  # pg_restore reads it when somebody unpacks it
MANIFEST = "manifest.json"
FORMAT = 1
_CHUNK = 1 << 20


class BackupFileTakenError(OwnerlineError):
    """A backup would be written over another file."""


class BackupNotWrittenError(OwnerlineError):
    """The file of a backup cannot be written."""


class NoBackupError(OwnerlineError):
    """A file is no backup, or a damaged one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a backup holds and where it comes from."""

    taken_at: datetime
    program_version: str
    revision: str  # of the migrations
    installation_id: UUID | None  # None: its database was never opened
    server: int  # major version of the PostgreSQL it was taken from
    client: int  # major version of the pg_dump that wrote it
    rows: Mapping[str, int]  # of the tables people ask about

    def as_json(self) -> dict[str, object]:
        """Return the object that stands in the file."""
        return {
            "format": FORMAT,
            **asdict(self),
            "taken_at": self.taken_at.isoformat(),
            "installation_id": None if self.installation_id is None else str(self.installation_id),
            "rows": dict(self.rows),
        }


class Draft:
    """A backup being written, lying at `path` until it is whole."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path = path
        self._archive = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._dump = self._archive.open(DUMP, "w", force_zip64=True)

    def add(self, chunk: bytes) -> None:
        """Write the next piece of the dump."""
        self._dump.write(chunk)

    def finish(self, manifest: Manifest) -> None:
        """End the dump and write the manifest; from now on the file can be read."""
        self._dump.close()
        self._archive.writestr(MANIFEST, json.dumps(manifest.as_json(), indent=2))
        self._archive.close()

    def give_up(self) -> None:
        """Close what is open; what was written is of no use."""
        with contextlib.suppress(OSError, ValueError):
            self._dump.close()
        with contextlib.suppress(OSError, ValueError):
            self._archive.close()


@contextlib.contextmanager
def new_archive(target: Path, *, overwrite: bool) -> Iterator[Draft]:
    """Write a backup beside its place and move it there when the block ends well.

    A killed writer leaves `target`.partial, which the next one writes over.

    Raises:
        BackupFileTakenError: the target is there, or somebody writes it at this moment.
        BackupNotWrittenError: the disk is full, or the folder is not ours to write in.
    """
    _refuse_if_taken(target, overwrite=overwrite)
    path = target.with_name(f"{target.name}.partial")
    try:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            _lock(file, target)
            os.fchmod(file.fileno(), 0o600)
            file.truncate()
            draft = Draft(path, file)
            try:
                yield draft
                file.flush()
                os.fsync(file.fileno())
                _refuse_if_taken(target, overwrite=overwrite)
                path.replace(target)
            except BaseException:
                draft.give_up()
                path.unlink(missing_ok=True)
                raise
    except OSError as err:
        message = (
            f"{target} cannot be written: {err.strerror or err}; make room there or name another "
            "place; nothing was left behind"
        )
        raise BackupNotWrittenError(message) from err


def read_manifest(source: Path) -> Manifest:
    """Return what the backup says of itself.

    Raises:
        NoBackupError: it is none of ours, or not whole.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            archive.getinfo(DUMP)
            said = json.loads(archive.read(MANIFEST))
        if said.pop("format") > FORMAT:
            message = (
                f"{source} was written by a later ownerline, {said['program_version']}; "
                "restore it with that version or a later one"
            )
            raise NoBackupError(message)
        said["taken_at"] = datetime.fromisoformat(said["taken_at"])
        if said["installation_id"] is not None:
            said["installation_id"] = UUID(said["installation_id"])
        return Manifest(**said)
    except OSError as err:
        message = f"{source} cannot be read: {err.strerror or err}"
        raise NoBackupError(message) from err
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError) as err:
        message = (
            f"{source} is no whole backup of ownerline: {err}; "
            "if it was copied here, copy it again, else take another one"
        )
        raise NoBackupError(message) from err


async def dump_of(source: Path) -> AsyncGenerator[bytes, None]:
    """Yield the dump in the file, checked against its checksum at the end.

    Raises:
        NoBackupError: the file is damaged.
    """
    try:
        with zipfile.ZipFile(source) as archive, archive.open(DUMP) as dump:
            while chunk := await asyncio.to_thread(dump.read, _CHUNK):
                yield chunk
    except (zipfile.BadZipFile, OSError) as err:
        message = f"{source} is damaged: {err}; restore another backup"
        raise NoBackupError(message) from err


def _refuse_if_taken(target: Path, *, overwrite: bool) -> None:
    if target.is_dir():
        message = f"{target} is a folder; name a file in it"
        raise BackupFileTakenError(message)
    if target.exists() and not overwrite:
        message = f"{target} is there already; name another file, or say --force to replace it"
        raise BackupFileTakenError(message)


def _lock(file: IO[bytes], target: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        message = f"another backup is writing {target} at this moment; name another file"
        raise BackupFileTakenError(message) from None
