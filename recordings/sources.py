"""The port to where a bridge has left a recording, and the source of bridges that write files."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from core.errors import OwnerlineError

# Of a call whose end nobody told, a carrier may write on: what changed a moment ago is left alone.
_QUIET_FOR = timedelta(minutes=1)


class SourceError(OwnerlineError):
    """A recording cannot be had from where its bridge left it; a later try may pass."""


class SourceMissingError(SourceError):
    """A recording's file does not lie where the bridge said it would."""


class NotWholeError(SourceError):
    """A recording's file may still be written to."""


class NeverRecordedError(SourceError):
    """The carrier says that there is no such recording, and that there will be none."""


class Source(Protocol):
    """Where a bridge has left a recording; every refusal is a `SourceError`."""

    async def check_whole(self, now: datetime) -> None:
        """See whether it may be taken though nobody told that it is whole.

        Raises:
            NotWholeError: it may still be written to.
        """
        ...

    async def fetch(self, folder: Path) -> Sequence[Path]:
        """Return its files, the owner's channel first; what must be written goes into the folder.

        Raises:
            SourceMissingError: it is not there, or not yet.
            NeverRecordedError: it never will be.
        """
        ...

    async def take_away(self) -> None:
        """Take it away now that the store has it; one that has gone changes nothing."""
        ...


class FileSource:
    """Files on a disk that the carrier and we share, a channel each."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = tuple(files)

    async def check_whole(self, now: datetime) -> None:
        """See whether nobody has written to the files for a while."""
        await asyncio.to_thread(self._check_quiet, now)

    async def fetch(self, folder: Path) -> Sequence[Path]:
        """Return the files, which lie here already."""
        await asyncio.to_thread(self._check_there)
        return self._files

    async def take_away(self) -> None:
        """Delete the files."""
        await asyncio.to_thread(self._delete)

    def _check_quiet(self, now: datetime) -> None:
        for file in self._files:
            with contextlib.suppress(FileNotFoundError):
                if datetime.fromtimestamp(file.stat().st_mtime, tz=UTC) > now - _QUIET_FOR:
                    message = f"{file.name} was written to a moment ago"
                    raise NotWholeError(message)

    def _check_there(self) -> None:
        for file in self._files:
            if not file.exists():
                message = f"{file.name} is not in the shared folder"
                raise SourceMissingError(message)

    def _delete(self) -> None:
        for file in self._files:
            file.unlink(missing_ok=True)
