"""The home's own server when everything around it fails: kills in any order, leftovers, no room."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.postgres.errors import DiskFullError, EmbeddedServerError
from core.postgres.layout import Layout
from core.postgres.lease import ensure_server
from core.postgres.processes import postmaster_of
from core.postgres.user import unprivileged_user
from tests.integration.core.postgres_home import (
    HASTE,
    ROOT,
    Client,
    answers,
    postmaster_pid,
    stop_server,
    supervisor_pid,
    wait_until,
)

_AS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0, reason="as root only: sudo make test ARGS='-k under_attack'"
)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    "order",
    [
        ("starter", "supervisor", "postmaster"),
        ("supervisor", "postmaster", "starter"),
        ("postmaster", "starter", "supervisor"),
    ],
    ids="-".join,
)
def test_whoever_is_killed_in_whatever_order_the_others_have_their_server(
    home: Path, order: tuple[str, ...]
) -> None:
    starter = Client(home)
    starter.url()
    with ensure_server(home, HASTE) as lease:
        with psycopg.connect(lease.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        for each in order:
            if each == "starter":
                starter.kill()
            elif each == "supervisor":
                state = Layout.of(home).read_state()
                if state is not None and state.supervisor_pid is not None:
                    _kill(state.supervisor_pid)
            else:
                found = postmaster_of(Layout.of(home).data)
                if found is not None:
                    _kill(found[0])
        wait_until(lambda: answers(lease.url), "it answers again")
        with psycopg.connect(lease.url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (1,)


def test_a_postmaster_killed_again_and_again_is_back_within_seconds(home: Path) -> None:
    with ensure_server(home, HASTE) as lease:
        for _ in range(4):
            killed = postmaster_pid(home)
            before = time.monotonic()
            _kill(killed)
            wait_until(lambda: answers(lease.url), "it answers again")
            assert time.monotonic() - before < 10
            assert postmaster_pid(home) != killed


def test_a_first_start_killed_at_any_moment_is_begun_anew(home: Path) -> None:
    for moment in (0.3, 0.6, 0.9):
        client = Client(home)
        give_up = time.monotonic() + moment
        while time.monotonic() < give_up and not Layout.of(home).data.exists():
            time.sleep(0.01)
        client.kill()
        for pid in _processes_of(home):
            _kill(pid)
    with ensure_server(home, HASTE) as lease:
        assert answers(lease.url)
        assert not Layout.of(home).data_in_the_making.exists()


def _processes_of(home: Path) -> list[int]:
    """Return everything that was started for the home: its supervisor, initdb, the postmaster."""
    folder = str(Layout.of(home).folder)
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and folder in (process / "cmdline").read_text():
                found.append(int(process.name))
                children = process / "task" / process.name / "children"
                found += [int(pid) for pid in children.read_text().split()]
    return found


def _half_a_cluster(layout: Layout) -> None:
    layout.data_in_the_making.mkdir()
    (layout.data_in_the_making / "PG_VERSION").write_text("18\n")
    (layout.data_in_the_making / "base").mkdir()


def _state_of_the_dead(layout: Layout) -> None:
    layout.state.write_text('{"port": 1, "failure": null, "supervisor_pid": 999999}')


def _failure_of_last_year(layout: Layout) -> None:
    layout.state.write_text('{"port": null, "failure": "no room", "supervisor_pid": null}')


def _pid_of_the_dead(layout: Layout) -> None:
    (layout.data / "postmaster.pid").write_text("999999\n/elsewhere\n0\n1\n\n127.0.0.1\n\nready\n")


def _half_a_pid_file(layout: Layout) -> None:
    (layout.data / "postmaster.pid").write_text("99")


def _nonsense_for_a_port(layout: Layout) -> None:
    layout.port.write_text("soon")


_LEFTOVERS = [
    _half_a_cluster,
    _state_of_the_dead,
    _failure_of_last_year,
    _pid_of_the_dead,
    _half_a_pid_file,
    _nonsense_for_a_port,
]


def test_no_leftover_keeps_a_server_from_its_next_start(home: Path) -> None:
    with ensure_server(home, HASTE):
        pass
    for leave in _LEFTOVERS:
        stop_server(home)
        leave(Layout.of(home))
        with ensure_server(home, HASTE) as lease:
            assert answers(lease.url), leave.__name__


def test_a_long_home_with_spaces_and_chinese_is_as_good_as_any(tmp_path: Path) -> None:
    home = tmp_path / "业主 回访 系统" / ("很长的路径 " * 12) / ("a" * 120)
    assert len(str(home)) > 200
    try:
        with ensure_server(home, HASTE) as lease:
            assert answers(lease.url)
            _kill(postmaster_pid(home))
            wait_until(lambda: answers(lease.url), "it answers again")
    finally:
        stop_server(home)


@_AS_ROOT
def test_started_by_root_it_runs_as_nobody_in_particular(home: Path) -> None:
    with ensure_server(home, HASTE):
        assert Path(f"/proc/{postmaster_pid(home)}").stat().st_uid != 0
        assert Path(f"/proc/{supervisor_pid(home)}").stat().st_uid == 0


@_AS_ROOT
def test_a_user_without_rights_starts_one_of_their_own() -> None:
    nobody = pwd.getpwnam("nobody")
    folder = Path(tempfile.mkdtemp(prefix="ownerline-"))
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    home = folder / "home"
    identity: dict[str, Any] = {
        "user": nobody.pw_uid,
        "group": nobody.pw_gid,
        "extra_groups": [],
    }
    try:
        subprocess.run([sys.executable, "-c", "import core"], check=True, cwd=ROOT, **identity)
    except (PermissionError, subprocess.CalledProcessError):
        why = "nobody may not run our Python: make test as a user, too"
        pytest.skip(why)  # it lies below /root
    try:
        client = Client(home, identity=identity)
        assert answers(client.url())
        assert Path(f"/proc/{postmaster_pid(home)}").stat().st_uid == nobody.pw_uid
        client.close()
        stop_server(home)
        # Root who comes later leaves it to the user whose it is.
        user = unprivileged_user(None, data=Layout.of(home).data, home=home)
        assert user is not None
        assert user.uid == nobody.pw_uid
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Make a disk of so many megabytes; needs the right to mount one."""
    mounted = []

    def make(size: int) -> Path:
        folder = tmp_path / f"disk{size}"
        folder.mkdir()
        words = ["/usr/bin/mount", "-t", "tmpfs", "-o", f"size={size}m", "none", str(folder)]
        if subprocess.run(words, check=False, capture_output=True).returncode:
            pytest.skip("sudo make test ARGS='-k under_attack'")  # only root may mount a small disk
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        stop_server(folder / "home")
        subprocess.run(["/usr/bin/umount", "--lazy", folder], check=True)


def test_a_disk_too_small_for_a_first_start_is_named_with_the_need(
    small_disk: Callable[[int], Path],
) -> None:
    home = small_disk(24) / "home"
    with pytest.raises(EmbeddedServerError, match=rf"disk that holds {home} is full.*64 MB"):
        ensure_server(home, HASTE)
    assert not Layout.of(home).data.exists()
    assert not Layout.of(home).data_in_the_making.exists()


def test_a_disk_that_fills_up_loses_nothing_that_was_committed(
    small_disk: Callable[[int], Path],
) -> None:
    disk = small_disk(96)
    home, filler = disk / "home", disk / "filler"
    with ensure_server(home, HASTE) as lease:
        with psycopg.connect(lease.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        _fill(filler)
        with pytest.raises(psycopg.Error), psycopg.connect(lease.url) as connection:
            connection.execute("CREATE TABLE lost AS SELECT generate_series(1, 3000000) AS n")
        filler.unlink()
        wait_until(lambda: answers(lease.url), "it answers again")
        with psycopg.connect(lease.url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
    stop_server(home)
    _fill(filler)
    with pytest.raises(DiskFullError, match="make room"):
        ensure_server(home, HASTE)
    filler.unlink()
    with ensure_server(home, HASTE) as lease, psycopg.connect(lease.url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def _fill(filler: Path) -> None:
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 65536)
