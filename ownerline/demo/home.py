"""The demo's own home: made fresh, removed only when it is ours, one demo at a time."""

import contextlib
import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from core.errors import OwnerlineError

FOLDER = "demo"
MARKER = "demo.json"
REPORTS = "report"

_LOCK = "demo.lock"
_KIND = "ownerline demo home"
_ASIDE = ".old"
_REMOVALS = 20  # a server that is just stopping may still drop a file into a folder being removed


class ForeignFolderError(OwnerlineError):
    """The folder the demo would remove was not made by a demo."""


class DemoBusyError(OwnerlineError):
    """Another demo plays in this home at this moment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """What a demo home holds: whose company, from which seed, and the last day it lived."""

    seed: int
    owners: int
    last_day: date


@dataclass(frozen=True, slots=True)
class DemoHome:
    """The folder of one demo below an installation's home."""

    folder: Path

    @classmethod
    def below(cls, home: Path) -> "DemoHome":
        """Return the demo's folder below a home."""
        return cls(home / FOLDER)

    @property
    def reports(self) -> Path:
        """Where the page and the workbook lie."""
        return self.folder / REPORTS

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other demo of this home out for the block.

        Raises:
            DemoBusyError: one plays already.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with (self.folder.parent / _LOCK).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as err:
                message = f"another demo plays in {self.folder}; wait for it, or set OWNERLINE_HOME"
                raise DemoBusyError(message) from err
            yield

    def played(self) -> Played | None:
        """Return what an earlier demo left here; None when there is nothing to go on with.

        Raises:
            ForeignFolderError: the folder is not a demo's.
        """
        if not self._check_ours():
            return None
        kept = self._marker()
        if kept.get("last_day") is None:
            return None  # it was interrupted before its first evening
        return Played(
            seed=kept["seed"],
            owners=kept["owners"],
            last_day=date.fromisoformat(kept["last_day"]),
        )

    def make_fresh(self) -> None:
        """Put an earlier demo aside and make an empty home.

        Raises:
            ForeignFolderError: the folder is not a demo's.
        """
        if self._check_ours():
            self.folder.rename(self.folder.with_name(f"{FOLDER}.{os.getpid()}{_ASIDE}"))
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._write({})

    def remove_old(self) -> None:
        """Remove what was put aside, now or by a demo that was interrupted."""
        for folder in self.folder.parent.glob(f"{FOLDER}.*{_ASIDE}"):
            if DemoHome(folder).is_ours():
                _remove(folder)

    def is_ours(self) -> bool:
        """Say whether a demo made this folder."""
        return self._marker().get("kind") == _KIND

    def note(self, played: Played) -> None:
        """Keep what was played, for `--keep`."""
        self._write(asdict(played) | {"last_day": played.last_day.isoformat()})

    def _check_ours(self) -> bool:
        """Say whether a demo's home is here; an empty folder is nobody's."""
        if self.folder.is_symlink() or (self.folder.exists() and not self.folder.is_dir()):
            message = f"{self.folder} is no folder of its own; move it away or set OWNERLINE_HOME"
            raise ForeignFolderError(message)
        if not self.folder.exists() or not any(self.folder.iterdir()):
            return False
        if not self.is_ours():
            message = (
                f"{self.folder} was not made by a demo and is left alone; "
                "move it away or set OWNERLINE_HOME"
            )
            raise ForeignFolderError(message)
        return True

    def _marker(self) -> dict[str, Any]:
        try:
            kept = json.loads((self.folder / MARKER).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def _write(self, kept: dict[str, Any]) -> None:
        text = json.dumps({"kind": _KIND, **kept}, indent=2)
        (self.folder / MARKER).write_text(text + "\n", encoding="utf-8")


def _remove(folder: Path) -> None:
    """Remove a folder, its marker last, so that a removal that was cut short is gone on with."""
    for left in reversed(range(_REMOVALS)):
        try:
            for inside in folder.iterdir():
                if inside.name != MARKER:
                    shutil.rmtree(inside) if inside.is_dir() else inside.unlink()
            shutil.rmtree(folder)
        except FileNotFoundError:
            if not folder.exists():
                return
        except OSError as err:
            if err.errno != errno.ENOTEMPTY or not left:
                raise
        else:
            return
