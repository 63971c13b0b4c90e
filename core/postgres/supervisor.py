"""The parent of the postmaster: starts it, brings it back, stops it when the last client has gone.

Runs as a process of its own, in a session of its own, on the standard library alone. It is given
the supervisor's lock, already taken, by the client that starts it.
"""

import argparse
import fcntl
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from core.postgres.binaries import major_version, reachable_binaries
from core.postgres.cluster import Cluster, failure_of
from core.postgres.errors import EmbeddedServerError, PortTakenError
from core.postgres.layout import HOST, Layout, ServerState, write_private
from core.postgres.processes import is_ready, left_behind, lives_in, postmaster_of, send
from core.postgres.user import unprivileged_user

_TICK_S = 0.1
_READY_POLL_S = 0.005
_IDLE_S = 1.5
_LEAVE_LIMIT_S = 10.0
_STOP_LIMIT_S = 60.0
_RESTARTS = 10
_LOG_LIMIT = 16 * 1024 * 1024
# Below the range the kernel hands out to outgoing connections (Linux: 32768-60999), so that the
# port is still free when a killed postmaster comes back.
_PORTS = range(20000, 32000)


class Supervisor:
    """One home's supervisor; `run` returns when the server has stopped for good."""

    def __init__(self, cluster: Cluster, parameters: Mapping[str, str]) -> None:
        self._cluster = cluster
        self._layout = cluster.layout
        self._parameters = parameters
        self._child: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._stopping = False

    def run(self) -> None:
        """Serve until nobody holds the in-use lock, the home is gone, or SIGTERM arrives."""
        signal.signal(signal.SIGTERM, self._stop_soon)
        signal.signal(signal.SIGINT, self._stop_soon)
        with self._layout.in_use.open("a") as in_use:
            if not self._layout.data.exists():
                self._cluster.make(synced=self._parameters.get("fsync") != "off")
            self._cluster.check()
            port = self._adopt() or self._start_anywhere()
            self._layout.write_state(ServerState(port=port, supervisor_pid=os.getpid()))
            self._serve(in_use.fileno(), port)
            # Whoever comes now waits for the in-use lock until this process has ended.
            self._layout.state.unlink(missing_ok=True)
            # "Fast" rolls open transactions back; where the home is gone there is nothing to save.
            self._stop(signal.SIGINT if self._same_home(in_use.fileno()) else signal.SIGQUIT)

    def _serve(self, in_use: int, port: int) -> None:
        last_use = time.monotonic()
        while not self._stopping and self._same_home(in_use):
            if not self._alive():
                self._bring_back(port)
            time.sleep(_TICK_S)
            try:
                fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                last_use = time.monotonic()
                continue
            if time.monotonic() - last_use > _IDLE_S:
                return
            fcntl.flock(in_use, fcntl.LOCK_UN)

    def _bring_back(self, port: int) -> None:
        """Start again after a crash, on the port the clients know."""
        for attempt in range(1, _RESTARTS + 1):
            try:
                self._start(port)
            except EmbeddedServerError:
                if attempt == _RESTARTS:
                    raise
                time.sleep(_TICK_S * attempt)
            else:
                return

    def _adopt(self) -> int | None:
        """Take over a postmaster whose supervisor was killed; return its port."""
        found = postmaster_of(self._layout.data)
        if found is None:
            return None
        self._pid, port = found
        return port if self._becomes_ready() else None

    def _start_anywhere(self) -> int:
        """Start on the last port or, where that is taken, on any free one."""
        for port in self._ports():
            if _is_taken(port):
                continue
            try:
                self._start(port)
            except PortTakenError:
                continue
            write_private(self._layout.port, str(port))
            return port
        message = f"no free port between {_PORTS.start} and {_PORTS.stop} on {HOST}"
        raise EmbeddedServerError(message)

    def _ports(self) -> list[int]:
        try:
            last = [int(self._layout.port.read_text(encoding="utf-8"))]
        except (FileNotFoundError, ValueError):
            last = []
        return last + random.sample(_PORTS, 50)

    def _start(self, port: int) -> None:
        self._clear_the_way()
        log = self._layout.log
        if log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix(".old"))
            log.touch(mode=0o600)
        said_before = log.stat().st_size
        self._child = self._cluster.start(port, self._parameters)
        self._pid = self._child.pid
        if not self._becomes_ready():
            with log.open("rb") as lines:
                lines.seek(said_before)
                raise failure_of(lines.read().decode("utf-8", "replace"), self._layout)

    def _clear_the_way(self) -> None:
        """Wait for the old postmaster's children to leave, then drop its pid file."""
        data = self._layout.data
        give_up = time.monotonic() + _LEAVE_LIMIT_S
        while pids := left_behind(data):
            if time.monotonic() > give_up:
                for pid in pids:
                    send(pid, signal.SIGKILL)
            time.sleep(_READY_POLL_S)
        if postmaster_of(data) is None:
            (data / "postmaster.pid").unlink(missing_ok=True)

    def _becomes_ready(self) -> bool:
        """Wait as long as it lives, for recovery after a crash takes what it takes."""
        while not is_ready(self._layout.data, self._pid):
            if not self._alive():
                return False
            time.sleep(_READY_POLL_S)
        return True

    def _alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        return lives_in(self._pid, self._layout.data)

    def _same_home(self, in_use: int) -> bool:
        try:
            return os.path.samestat(os.fstat(in_use), self._layout.in_use.stat())
        except FileNotFoundError:
            return False

    def _stop(self, gently: signal.Signals) -> None:
        send(self._pid, gently)
        give_up = time.monotonic() + _STOP_LIMIT_S
        while self._alive():
            if time.monotonic() > give_up:
                send(self._pid, signal.SIGQUIT)
                give_up += _STOP_LIMIT_S
            time.sleep(_READY_POLL_S)

    def _stop_soon(self, *_: object) -> None:
        self._stopping = True


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def main() -> None:
    """Supervise the server of one home; a failure is left in the state file for the clients."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--binaries", type=Path, required=True)
    parser.add_argument("--user")
    parser.add_argument("--parameter", action="append", default=[])
    asked = parser.parse_args()
    if os.fork() > 0:
        os._exit(0)  # the client waits for this process; the supervisor lives on without parent
    layout = Layout(asked.folder)
    parameters = dict(text.split("=", 1) for text in asked.parameter)
    try:
        Supervisor(_cluster(layout, asked.binaries, asked.user), parameters).run()
    except EmbeddedServerError as err:
        layout.write_state(ServerState(failure=str(err)))
        sys.exit(1)
    except Exception as err:
        layout.write_state(ServerState(failure=str(failure_of(repr(err), layout))))
        raise  # the log has the traceback


def _cluster(layout: Layout, binaries: Path, user: str | None) -> Cluster:
    major_version(binaries)
    run_as = unprivileged_user(user, data=layout.data, home=layout.folder.parent)
    if run_as is not None:
        binaries = reachable_binaries(binaries, run_as)
    return Cluster(layout=layout, binaries=binaries, run_as=run_as)


if __name__ == "__main__":
    main()
