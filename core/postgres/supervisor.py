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

from core.postgres.cluster import Cluster, failure_of, unprivileged_user
from core.postgres.errors import EmbeddedServerError
from core.postgres.layout import HOST, Layout, ServerState, write_private
from core.postgres.processes import is_ready, left_behind, lives_in, postmaster_of, send

_TICK_S = 0.1
_READY_POLL_S = 0.005
_IDLE_S = 1.5
_READY_LIMIT_S = 60.0
_LEAVE_LIMIT_S = 10.0
_STOP_LIMIT_S = 60.0
_RESTARTS_IN_A_ROW = 10
_STEADY_S = 30.0
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
                self._cluster.make()
            self._cluster.check()
            port = self._adopt() or self._start_anywhere()
            self._layout.write_state(ServerState(port=port))
            self._serve(in_use.fileno(), port)
            # Whoever comes now waits for the in-use lock until this process has ended.
            self._layout.state.unlink(missing_ok=True)
            self._stop()

    def _serve(self, in_use: int, port: int) -> None:
        last_use = started = time.monotonic()
        restarts = 0
        while not self._stopping:
            time.sleep(_TICK_S)
            if not self._same_home(in_use):
                self._parameters = {}
                send(self._pid, signal.SIGQUIT)
                return
            now = time.monotonic()
            if not self._alive():
                restarts = 0 if now - started > _STEADY_S else restarts + 1
                if restarts > _RESTARTS_IN_A_ROW:
                    raise failure_of(self._log_tail(), self._layout)
                self._start(port)
                started = now
            try:
                fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                last_use = now
                continue
            if now - last_use > _IDLE_S:
                return
            fcntl.flock(in_use, fcntl.LOCK_UN)

    def _adopt(self) -> int | None:
        """Take over a postmaster whose supervisor was killed; return its port."""
        found = postmaster_of(self._layout.data)
        if found is None:
            return None
        self._pid, port = found
        self._wait_ready()
        return port

    def _start_anywhere(self) -> int:
        """Start on the last port or, where that is taken, on any free one."""
        for port in self._ports():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, port))
                except OSError:
                    continue
            self._start(port)
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
        if self._layout.log.exists() and self._layout.log.stat().st_size > _LOG_LIMIT:
            self._layout.log.replace(self._layout.log.with_suffix(".1"))
        self._child = self._cluster.start(port, self._parameters)
        self._pid = self._child.pid
        self._wait_ready()

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

    def _wait_ready(self) -> None:
        give_up = time.monotonic() + _READY_LIMIT_S
        while not is_ready(self._layout.data, self._pid):
            if not self._alive():
                raise failure_of(self._log_tail(), self._layout)
            if time.monotonic() > give_up:
                # A long recovery after a crash is no failure; say what it does and wait on.
                give_up += _READY_LIMIT_S
            time.sleep(_READY_POLL_S)

    def _alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        return lives_in(self._pid, self._layout.data)

    def _same_home(self, in_use: int) -> bool:
        try:
            return os.path.samestat(os.fstat(in_use), self._layout.in_use.stat())
        except FileNotFoundError:
            return False

    def _stop(self) -> None:
        send(self._pid, signal.SIGINT)  # "fast": open transactions roll back
        give_up = time.monotonic() + _STOP_LIMIT_S
        while self._alive():
            if time.monotonic() > give_up:
                send(self._pid, signal.SIGQUIT)
                give_up += _STOP_LIMIT_S
            time.sleep(_READY_POLL_S)

    def _stop_soon(self, *_: object) -> None:
        self._stopping = True

    def _log_tail(self) -> str:
        with self._layout.log.open("rb") as log:
            log.seek(max(0, self._layout.log.stat().st_size - 2000))
            return log.read().decode("utf-8", "replace")


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
        cluster = Cluster(
            layout=layout,
            binaries=asked.binaries,
            run_as=unprivileged_user(asked.user, layout),
        )
        Supervisor(cluster, parameters).run()
    except EmbeddedServerError as err:
        layout.write_state(ServerState(failure=str(err)))
        sys.exit(1)
    except OSError as err:
        layout.write_state(ServerState(failure=str(failure_of(str(err), layout))))
        sys.exit(1)


if __name__ == "__main__":
    main()
