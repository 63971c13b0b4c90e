"""A home's own server for tests, and real processes that hold it until they are killed."""

import contextlib
import fcntl
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg

from core.postgres.layout import Layout
from core.postgres.lease import ServerOptions
from core.postgres.processes import postmaster_of, send

ROOT = Path(__file__).parents[3]
_LIMIT_S = 30.0
HASTE = ServerOptions(parameters={"fsync": "off", "shared_buffers": "16MB"})
_CLIENT = """
import sys
from pathlib import Path
from core.postgres.lease import ServerOptions, ensure_server
options = ServerOptions(parameters={"fsync": "off", "shared_buffers": "16MB"})
with ensure_server(Path(sys.argv[1]), options) as lease:
    print(lease.url, flush=True)
    sys.stdin.read()
"""


def stop_server(home: Path) -> None:
    """End the home's server and wait until it has gone."""
    state = Layout.of(home).read_state()
    if state is not None and state.supervisor_pid is not None:
        send(state.supervisor_pid, signal.SIGTERM)
        wait_until(lambda: Layout.of(home).read_state() is None, "the supervisor hears it")
    wait_until(lambda: postmaster_of(Layout.of(home).data) is None, "the server stops")
    wait_until(lambda: _is_free(Layout.of(home).supervisor_lock), "the supervisor ends")


def _is_free(lock: Path) -> bool:
    if not lock.exists():
        return True
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


class Client:
    """A process that holds the server until its input is closed or it is killed."""

    def __init__(self, home: Path, *, identity: Mapping[str, Any] | None = None) -> None:
        self._process: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, "-c", _CLIENT, home],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            **(identity or {}),
        )

    def url(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def close(self) -> None:
        self._process.communicate()


@contextlib.contextmanager
def clients_of(home: Path, count: int) -> Iterator[list[Client]]:
    clients = [Client(home) for _ in range(count)]
    try:
        yield clients
    finally:
        for client in clients:
            client.close()


def wait_until(holds: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + _LIMIT_S
    while not holds():
        assert time.monotonic() < give_up, f"waited {_LIMIT_S:g} s in vain: {what}"
        time.sleep(0.01)


def answers(url: str) -> bool:
    try:
        with psycopg.connect(url) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def postmaster_pid(home: Path) -> int:
    found = postmaster_of(Layout.of(home).data)
    assert found is not None
    return found[0]


def supervisor_pid(home: Path) -> int:
    state = Layout.of(home).read_state()
    assert state is not None
    assert state.supervisor_pid is not None
    return state.supervisor_pid
