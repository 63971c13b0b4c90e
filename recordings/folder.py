"""Recordings in a folder: private to its owner, and never a file that is half there."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from recordings.store import FileGoneError, StoreError, checked

_FOLDER_MODE = 0o700
_BLOCK_BYTES = 1 << 16


class FolderStore:
    """Keeps recordings below a folder, a sub-folder each day."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, file: str, source: Path) -> None:
        """Keep a copy of a local file."""
        await asyncio.to_thread(self._put, checked(file), source)

    def _put(self, file: str, source: Path) -> None:
        place = self._folder / file
        try:
            self._make(place.parent)
            _write(source, place)
        except OSError as err:
            message = f"{place} cannot be written: {err.strerror or err}"
            raise StoreError(message) from err

    def _make(self, folder: Path) -> None:
        """Make a folder and those above it, down from our own."""
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for each in reversed(missing):
            each.mkdir(mode=_FOLDER_MODE, exist_ok=True)

    async def read(
        self, file: str, *, first: int = 0, count: int | None = None
    ) -> AsyncIterator[bytes]:
        """Yield a file's bytes."""
        place = self._folder / checked(file)
        try:
            handle = await asyncio.to_thread(place.open, "rb")
        except FileNotFoundError as err:
            message = f"{place} is not there"
            raise FileGoneError(message) from err
        except OSError as err:
            message = f"{place} cannot be read: {err.strerror or err}"
            raise StoreError(message) from err
        with handle:
            handle.seek(first)
            left = count
            while left is None or left > 0:
                block = await asyncio.to_thread(
                    handle.read, min(left or _BLOCK_BYTES, _BLOCK_BYTES)
                )
                if not block:
                    return
                left = None if left is None else left - len(block)
                yield block

    async def delete(self, file: str) -> None:
        """Take a file away."""
        place = self._folder / checked(file)
        try:
            await asyncio.to_thread(place.unlink, missing_ok=True)
        except OSError as err:
            message = f"{place} cannot be deleted: {err.strerror or err}"
            raise StoreError(message) from err

    async def check(self) -> None:
        """See whether the folder takes files."""
        await asyncio.to_thread(self._check)

    def _check(self) -> None:
        try:
            self._make(self._folder)
        except OSError as err:
            message = f"{self._folder} cannot be made: {err.strerror or err}"
            raise StoreError(message) from err
        if not os.access(self._folder, os.R_OK | os.W_OK | os.X_OK):
            message = f"{self._folder} takes no files from this user; give it to them with chown"
            raise StoreError(message)


def _write(source: Path, place: Path) -> None:
    """Copy beside the place, then put it there as a whole."""
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".", suffix=".part")  # mode 0600
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as write, source.open("rb") as read:
            shutil.copyfileobj(read, write)
            write.flush()
            os.fsync(write.fileno())
        part.replace(place)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    _sync(place.parent)


def _sync(folder: Path) -> None:
    """Make a renamed file outlast a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
