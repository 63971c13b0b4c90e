"""The folder that keeps what tests have unpacked, held by one process at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit.packages import PackagesError

CACHE = "OWNERLINE_TEST_CACHE"  # names another folder than ~/.cache/ownerline


def cache_folder() -> Path:
    """Return the folder that keeps what tests have fetched."""
    if (named := os.environ.get(CACHE)) is not None:
        return Path(named).resolve()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ownerline"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make a folder, and let one process at a time look into it and unpack.

    Raises:
        PackagesError: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        message = f"{folder} cannot be made ({err.strerror}): name another folder in {CACHE}"
        raise PackagesError(message) from err
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_required(setting: str) -> bool:
    """Say whether tests must run that could be skipped: in CI, and where a setting asks for it."""
    return bool(os.environ.get(setting)) or os.environ.get("CI") == "true"
