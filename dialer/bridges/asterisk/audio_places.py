"""Where Asterisk leaves audio for us: names made by us alone, in the folder both sides see.

A location is what an event says (`asterisk:call/UUID`); what lies there is known here only.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from core.errors import OwnerlineError

FOLDER = "recordings"  # below the shared folder
SCHEME = "asterisk:"
_LOCATION = re.compile(
    r"asterisk:(?P<kind>call|answer)/(?P<id>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.ASCII
)
_OF_GROUP, _OF_OWNER = 0o2770, 0o700
_OWNER, _US, _SUFFIX = "-owner", "-us", ".wav"


class UnknownLocationError(OwnerlineError):
    """A location is none that the Asterisk bridge gives."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallFiles:
    """The two sides of a call, by the names a server knows them by."""

    owner: str
    us: str


def call_location(recording: UUID) -> str:
    """Return where a whole call's recording will lie."""
    return f"{SCHEME}call/{recording}"


def answer_location(recording: UUID) -> str:
    """Return where a free answer will lie."""
    return f"{SCHEME}answer/{recording}"


def call_files(recording: UUID, *, shared: str) -> CallFiles:
    """Return the files of a call; `shared` is the shared folder as the server sees it."""
    stem = f"{shared}/{FOLDER}/{recording}"
    return CallFiles(owner=f"{stem}{_OWNER}{_SUFFIX}", us=f"{stem}{_US}{_SUFFIX}")


def answer_stem(recording: UUID, *, shared: str) -> str:
    """Return the file of a free answer as RECORD FILE wants it, without its suffix (wav)."""
    return f"{shared}/{FOLDER}/{recording}"


def files_at(location: str, *, shared: Path) -> tuple[Path, ...]:
    """Return what lies at a location, a file a channel, the owner's first.

    Args:
        location: as the bridge told it.
        shared: the shared folder as we see it.

    Raises:
        UnknownLocationError: the Asterisk bridge gives no such location.
    """
    found = _LOCATION.fullmatch(location)
    if found is None:
        message = f"{location!r} is no place of a recording on an Asterisk"
        raise UnknownLocationError(message)
    recording, folder = UUID(found["id"]), str(shared)
    if found["kind"] == "answer":
        return (Path(answer_stem(recording, shared=folder) + _SUFFIX),)
    files = call_files(recording, shared=folder)
    return Path(files.owner), Path(files.us)


def make_folder(shared: Path, name: str = FOLDER) -> None:
    """Make a folder that Asterisk writes into.

    Where the shared folder is open to a group, which is Asterisk's, this one is too; nobody else
    looks into it, whatever the files in it allow.
    """
    folder = shared / name
    folder.mkdir(parents=True, exist_ok=True)
    wanted = _OF_GROUP if shared.stat().st_mode & 0o070 else _OF_OWNER
    if folder.stat().st_mode & 0o7777 != wanted:
        folder.chmod(wanted)
