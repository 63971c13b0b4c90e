"""Recordings in a folder: private to its owner, and never a file that is half there."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from recordings.store import FileGoneError, StoreError, checked

_FOLDER_MODE, _FILE_MODE = 0o700, 0o600
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
        part = place.with_suffix(".part")
        try:
            self._make(place.parent)
            with source.open("rb") as read, os.fdopen(_private(part), "wb") as write:
                shutil.copyfileobj(read, write)
                write.flush()
                os.fsync(write.fileno())
            part.replace(place)
            _sync(place.parent)
        except OSError as err:
            part.unlink(missing_ok=True)
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


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE)


def _sync(folder: Path) -> None:
    """Make a renamed file outlast a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
