"""Tells whether a data folder's old processes still live, so that a new start is safe."""

import os
import signal
from pathlib import Path

_PROC = Path("/proc")
# Lines of postmaster.pid, counted from 0 (PostgreSQL's src/include/utils/pidfile.h).
_PORT_LINE = 3
_STATUS_LINE = 7


def postmaster_of(data: Path) -> tuple[int, int] | None:
    """Return pid and port of the postmaster that serves the folder; None when none lives.

    A pid file alone proves nothing: after a crash or in a restarted container its number may be
    another process's. The working folder of a postmaster is its data folder.
    """
    lines = _pid_file(data)
    if len(lines) <= _PORT_LINE or not lives_in(pid := int(lines[0]), data):
        return None
    return pid, int(lines[_PORT_LINE])


def is_ready(data: Path, pid: int) -> bool:
    """Tell whether the postmaster has written that it takes connections."""
    lines = _pid_file(data)
    return (
        len(lines) > _STATUS_LINE
        and lines[0] == str(pid)
        and lines[_STATUS_LINE].strip() == "ready"
    )


def lives_in(pid: int, data: Path) -> bool:
    """Tell whether the process is a PostgreSQL that lives in the folder; a zombie does not."""
    if _PROC.exists():
        process = _PROC / str(pid)
        try:
            named = (process / "comm").read_text(encoding="utf-8").strip()
            return named == "postgres" and (process / "cwd").readlink() == data.resolve()
        except OSError:
            return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def left_behind(data: Path) -> list[int]:
    """Return the processes that still work in the folder; empty where the system cannot tell."""
    if not _PROC.exists():
        return []
    pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if lives_in(pid, data)]


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal; a process that has already gone is no error."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _pid_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
