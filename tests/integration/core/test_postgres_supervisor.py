"""The home's own server, with real processes that are killed: it is there while it is needed."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from core.postgres.errors import EmbeddedServerError
from core.postgres.layout import HOST, Layout
from core.postgres.lease import ServerOptions, ensure_server
from core.postgres.processes import lives_in, postmaster_of, send

_ROOT = Path(__file__).parents[3]
_LIMIT_S = 30.0
_HASTE = ServerOptions(parameters={"fsync": "off", "shared_buffers": "16MB"})
_CLIENT = """
import sys
from pathlib import Path
from core.postgres.lease import ServerOptions, ensure_server
options = ServerOptions(parameters={"fsync": "off", "shared_buffers": "16MB"})
with ensure_server(Path(sys.argv[1]), options) as lease:
    print(lease.url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    yield home
    state = Layout.of(home).read_state()
    if state is not None and state.supervisor_pid is not None:
        send(state.supervisor_pid, signal.SIGTERM)
        _wait_until(lambda: Layout.of(home).read_state() is None, "the supervisor hears it")
    _wait_until(lambda: postmaster_of(Layout.of(home).data) is None, "the server stops")


class Client:
    """A process that holds the server until its input is closed or it is killed."""

    def __init__(self, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CLIENT, home],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
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
def _clients(home: Path, count: int) -> Iterator[list[Client]]:
    clients = [Client(home) for _ in range(count)]
    try:
        yield clients
    finally:
        for client in clients:
            client.close()


def _wait_until(holds: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + _LIMIT_S
    while not holds():
        assert time.monotonic() < give_up, f"waited {_LIMIT_S:g} s in vain: {what}"
        time.sleep(0.01)


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def _postmaster(home: Path) -> int:
    found = postmaster_of(Layout.of(home).data)
    assert found is not None
    return found[0]


def _supervisor(home: Path) -> int:
    state = Layout.of(home).read_state()
    assert state is not None
    assert state.supervisor_pid is not None
    return state.supervisor_pid


def test_three_first_starts_at_once_share_one_server(home: Path) -> None:
    with _clients(home, 3) as clients:
        urls = {client.url() for client in clients}
        assert len(urls) == 1
        assert _answers(urls.pop())


def test_a_killed_client_leaves_the_server_to_the_others(home: Path) -> None:
    with ensure_server(home, _HASTE) as lease:
        client = Client(home)
        client.url()
        before = _postmaster(home)
        client.kill()
        assert _answers(lease.url)
        assert _postmaster(home) == before


def test_the_server_stops_when_its_only_client_was_killed(home: Path) -> None:
    client = Client(home)
    client.url()
    postmaster = _postmaster(home)
    client.kill()
    _wait_until(lambda: not lives_in(postmaster, Layout.of(home).data), "it stops by itself")


def test_what_was_written_is_there_on_the_same_port_after_the_server_had_stopped(
    home: Path,
) -> None:
    with ensure_server(home, _HASTE) as lease, psycopg.connect(lease.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        first = lease.url
    _wait_until(lambda: postmaster_of(Layout.of(home).data) is None, "it stops by itself")
    with ensure_server(home, _HASTE) as lease, psycopg.connect(lease.url) as connection:
        assert lease.url == first
        assert connection.execute("SELECT n FROM kept").fetchone() == (1,)


def test_a_killed_postmaster_is_back_at_the_same_address(home: Path) -> None:
    with ensure_server(home, _HASTE) as lease:
        before = _postmaster(home)
        os.kill(before, signal.SIGKILL)
        _wait_until(lambda: _answers(lease.url), "it answers again")
        assert _postmaster(home) != before


def test_a_killed_supervisor_is_replaced_and_the_running_server_adopted(home: Path) -> None:
    with ensure_server(home, _HASTE) as lease, psycopg.connect(lease.url) as connection:
        supervisor, postmaster = _supervisor(home), _postmaster(home)
        os.kill(supervisor, signal.SIGKILL)
        _wait_until(lambda: Layout.of(home).read_state() is None, "its end is noticed")
        _wait_until(lambda: Layout.of(home).read_state() is not None, "another takes over")
        assert _supervisor(home) != supervisor
        assert _postmaster(home) == postmaster
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_supervisor_and_postmaster_killed_together_both_come_back(home: Path) -> None:
    with ensure_server(home, _HASTE) as lease:
        os.kill(_supervisor(home), signal.SIGKILL)
        os.kill(_postmaster(home), signal.SIGKILL)
        _wait_until(lambda: _answers(lease.url), "it answers again")


def test_a_stale_pid_file_that_names_a_living_process_is_no_obstacle(home: Path) -> None:
    with ensure_server(home, _HASTE):
        lines = (Layout.of(home).data / "postmaster.pid").read_text().splitlines()
    _wait_until(lambda: postmaster_of(Layout.of(home).data) is None, "it stops by itself")
    stale = Layout.of(home).data / "postmaster.pid"
    stale.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    with ensure_server(home, _HASTE) as lease:
        assert _answers(lease.url)


def test_a_port_that_another_program_took_is_left_to_it(home: Path) -> None:
    layout = Layout.of(home)
    layout.folder.mkdir(parents=True)
    with socket.create_server((HOST, 0)) as other:
        taken = other.getsockname()[1]
        layout.port.write_text(str(taken))
        with ensure_server(home, _HASTE) as lease:
            assert f":{taken}/" not in lease.url
            assert _answers(lease.url)


def test_a_server_whose_home_was_deleted_goes_too(home: Path) -> None:
    with ensure_server(home, _HASTE):
        postmaster = _postmaster(home)
        shutil.rmtree(home, ignore_errors=True)  # files come and go while it runs
    _wait_until(lambda: not Path(f"/proc/{postmaster}/cwd").exists(), "it stops")


@pytest.mark.parametrize("role", ["ownerline", "postgres"])
def test_nobody_enters_without_the_password_and_no_superuser_at_all(home: Path, role: str) -> None:
    with ensure_server(home, _HASTE) as lease:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(lease.url, user=role, password="guess")
        with psycopg.connect(lease.url) as connection:
            asked = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            assert asked.fetchone() == (False,)


def test_a_data_folder_of_another_version_is_refused_with_the_mend(home: Path) -> None:
    with ensure_server(home, _HASTE):
        pass
    _wait_until(lambda: postmaster_of(Layout.of(home).data) is None, "it stops by itself")
    (Layout.of(home).data / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServerError, match=r"made by PostgreSQL 17.*OWNERLINE_POSTGRES_BIN"):
        ensure_server(home, _HASTE)


def test_a_folder_without_binaries_is_named(home: Path, tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match=f"{tmp_path} has no postgres binary"):
        ensure_server(home, ServerOptions(binaries=tmp_path))


def test_a_home_under_a_file_is_refused_with_the_mend(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    with pytest.raises(EmbeddedServerError, match="set OWNERLINE_HOME"):
        ensure_server(tmp_path / "home", _HASTE)
