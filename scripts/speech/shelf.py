"""Where audio lies: two files of a stem, put there whole, taken away when long unused."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

SUFFIXES: Mapping[int, str] = {8000: ".wav", 16000: ".wav16"}  # by rate, as Asterisk names them
_DRAFT = ".draft"
_HEADER_BYTES = 44
_FILE_MODE = 0o644  # who may come into the folder is the folder's affair


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """A folder of audio by stem (`ab/ab12…`); its last use is a file's time of change."""

    folder: Path

    def seconds_of(self, stem: str) -> float | None:
        """Return how long a stem's audio plays, and count it as used; None: it is not here."""
        sizes = []
        for suffix in SUFFIXES.values():
            file = self._file(stem, suffix)
            try:
                sizes.append(file.stat().st_size)
                os.utime(file)
            except OSError:
                return None
        return max(0, sizes[0] - _HEADER_BYTES) / (8000 * 2)

    def file(self, stem: str, rate: int) -> Path:
        """Return where a stem's audio of a rate lies, there or not."""
        return self._file(stem, SUFFIXES[rate])

    def draft(self, stem: str) -> Path:
        """Return a name of one's own beside a stem's files, its folder made."""
        whole = self.folder / stem
        whole.parent.mkdir(parents=True, exist_ok=True)
        return whole.with_name(f".{whole.name}.{secrets.token_hex(4)}{_DRAFT}")

    def put(self, stem: str, audio: Mapping[int, bytes]) -> None:
        """Put a stem's files in their place, each at once and whole; 8 kHz comes last."""
        for rate in sorted(audio, reverse=True):
            draft = self.draft(stem)
            try:
                draft.write_bytes(audio[rate])
                draft.chmod(_FILE_MODE)
                draft.replace(self._file(stem, SUFFIXES[rate]))
            finally:
                draft.unlink(missing_ok=True)

    def take_away(self, *, unused_since: datetime) -> int:
        """Delete the audio, and what a killed process left of it, unused since then.

        Returns:
            How many files went.
        """
        limit_s = unused_since.timestamp()
        gone = 0
        for file in self.folder.glob("??/*"):
            try:
                if file.stat().st_mtime < limit_s:
                    file.unlink()
                    gone += 1
            except FileNotFoundError:  # another process takes away as well
                continue
        return gone

    def _file(self, stem: str, suffix: str) -> Path:
        return self.folder / f"{stem}{suffix}"
