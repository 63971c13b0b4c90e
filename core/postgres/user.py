"""Whom PostgreSQL runs as: never root, which it refuses."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.postgres.errors import UnprivilegedUserError

_OURS = "ownerline"
_MEND = "set OWNERLINE_POSTGRES_USER to an unprivileged user"


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A user of this machine that root can become."""

    name: str
    uid: int
    gid: int

    @property
    def identity(self) -> dict[str, Any]:
        """What `subprocess` takes to start a process as this user alone."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def unprivileged_user(wanted: str | None, *, data: Path, home: Path) -> User | None:
    """Return whom PostgreSQL runs as when we are root; None when we are not and it runs as we do.

    In this order: the one asked for, the owner of the data folder or of the home, a user named
    ownerline, nobody.

    Raises:
        UnprivilegedUserError: there is no such user, or it is root.
    """
    if os.geteuid() != 0:
        return None
    if wanted is not None:
        return _named(wanted)
    for folder in (data, home):
        if folder.exists() and (owner := folder.stat().st_uid) != 0:
            return _numbered(owner, folder)
    names = {entry.pw_name for entry in pwd.getpwall()}
    return _named(_OURS if _OURS in names else "nobody")


def _named(name: str) -> User:
    try:
        entry = pwd.getpwnam(name)
    except KeyError as err:
        message = f"there is no user {name!r} for PostgreSQL to run as; {_MEND}"
        raise UnprivilegedUserError(message) from err
    if entry.pw_uid == 0:
        message = f"PostgreSQL refuses to run as {name!r}, which is root; {_MEND}"
        raise UnprivilegedUserError(message)
    return _user(entry)


def _numbered(owner: int, folder: Path) -> User:
    try:
        return _user(pwd.getpwuid(owner))
    except KeyError as err:
        message = f"{folder} belongs to user id {owner}, which has no name on this machine; {_MEND}"
        raise UnprivilegedUserError(message) from err


def _user(entry: pwd.struct_passwd) -> User:
    return User(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
