"""The port to where recordings lie, and the choice of it by `recordings_url`."""

import re
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from core.errors import OwnerlineError

_FILE = re.compile(
    r"[0-9]{4}/[0-9]{2}/[0-9]{2}/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.wav", re.ASCII
)


class StoreUrlError(OwnerlineError):
    """`recordings_url` names no store we know."""


class StoreError(OwnerlineError):
    """The store of recordings did not do what was asked; a later try may pass."""


class FileGoneError(StoreError):
    """The store has no such file."""


class RecordingStore(Protocol):
    """Where recordings lie. Files are named by `recordings.model.file_of`, and by nobody else."""

    async def put(self, file: str, source: Path) -> None:
        """Keep a copy of a local file; one of the same name is replaced as a whole.

        Raises:
            StoreError: it is not kept.
        """
        ...

    def read(self, file: str, *, first: int = 0, count: int | None = None) -> AsyncIterator[bytes]:
        """Yield a file's bytes from an offset on, so many of them or all that follow.

        Raises:
            FileGoneError: there is none.
            StoreError: the store does not answer.
        """
        ...

    async def delete(self, file: str) -> None:
        """Take a file away; one that is not there changes nothing.

        Raises:
            StoreError: it may still be there.
        """
        ...

    async def check(self) -> None:
        """See whether files could be kept now.

        Raises:
            StoreError: says what is in the way.
        """
        ...


def open_store(url: str, *, home: Path) -> RecordingStore:
    """Return the store of a URL: `file:FOLDER`, in the home when relative, or `s3://BUCKET/PREFIX`.

    Raises:
        StoreUrlError: it is neither, or the extra `s3` is not installed.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "file" and rest:
        from recordings.folder import FolderStore  # noqa: PLC0415 - one store is loaded, not both

        return FolderStore(home / rest.removeprefix("//"))
    bucket, _, prefix = rest.removeprefix("//").partition("/")
    if scheme == "s3" and rest.startswith("//") and bucket:
        if find_spec("boto3") is None:
            message = "recordings_url is s3://…, which needs the extra: pip install 'ownerline[s3]'"
            raise StoreUrlError(message)
        from recordings.s3 import S3Store  # noqa: PLC0415 - an optional extra

        return S3Store(bucket=bucket, prefix=prefix)
    message = f"recordings_url is {url!r}; write file:FOLDER or s3://BUCKET/PREFIX"
    raise StoreUrlError(message)


def checked(file: str) -> str:
    """Return a file's name if it is one of ours.

    Raises:
        StoreError: it is not, and could lead out of the store.
    """
    if _FILE.fullmatch(file) is None:
        message = f"{file!r} is no name of a recording's file"
        raise StoreError(message)
    return file
