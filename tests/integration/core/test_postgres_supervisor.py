"""The home's own server, with real processes that are killed: it is there while it is needed."""

import os
import shutil
import signal
import socket
from pathlib import Path

import psycopg
import pytest

from core.postgres.errors import EmbeddedServerError
from core.postgres.layout import HOST, Layout
from core.postgres.lease import ServerOptions, ensure_server
from core.postgres.processes import lives_in, postmaster_of
from tests.integration.core.postgres_home import (
    HASTE,
    Client,
    answers,
    clients_of,
    postmaster_pid,
    supervisor_pid,
    wait_until,
)


def test_three_first_starts_at_once_share_one_server(home: Path) -> None:
    with clients_of(home, 3) as clients:
        urls = {client.url() for client in clients}
        assert len(urls) == 1
        assert answers(urls.pop())


def test_a_killed_client_leaves_the_server_to_the_others(home: Path) -> None:
    with ensure_server(home, HASTE) as lease:
        client = Client(home)
        client.url()
        before = postmaster_pid(home)
        client.kill()
        assert answers(lease.url)
        assert postmaster_pid(home) == before


def test_the_server_stops_when_its_only_client_was_killed(home: Path) -> None:
    client = Client(home)
    client.url()
    postmaster = postmaster_pid(home)
    client.kill()
    wait_until(lambda: not lives_in(postmaster, Layout.of(home).data), "it stops by itself")


def test_what_was_written_is_there_on_the_same_port_after_the_server_had_stopped(
    home: Path,
) -> None:
    with ensure_server(home, HASTE) as lease, psycopg.connect(lease.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        first = lease.url
    wait_until(lambda: postmaster_of(Layout.of(home).data) is None, "it stops by itself")
    with ensure_server(home, HASTE) as lease, psycopg.connect(lease.url) as connection:
        assert lease.url == first
        assert connection.execute("SELECT n FROM kept").fetchone() == (1,)


def test_a_killed_postmaster_is_back_at_the_same_address(home: Path) -> None:
    with ensure_server(home, HASTE) as lease:
        before = postmaster_pid(home)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: answers(lease.url), "it answers again")
        assert postmaster_pid(home) != before


def test_a_killed_supervisor_is_replaced_and_the_running_server_adopted(home: Path) -> None:
    with ensure_server(home, HASTE) as lease, psycopg.connect(lease.url) as connection:
        supervisor, postmaster = supervisor_pid(home), postmaster_pid(home)
        os.kill(supervisor, signal.SIGKILL)
        wait_until(lambda: Layout.of(home).read_state() is None, "its end is noticed")
        wait_until(lambda: Layout.of(home).read_state() is not None, "another takes over")
        assert supervisor_pid(home) != supervisor
        assert postmaster_pid(home) == postmaster
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_supervisor_and_postmaster_killed_together_both_come_back(home: Path) -> None:
    with ensure_server(home, HASTE) as lease:
        os.kill(supervisor_pid(home), signal.SIGKILL)
        os.kill(postmaster_pid(home), signal.SIGKILL)
        wait_until(lambda: answers(lease.url), "it answers again")


def test_a_stale_pid_file_that_names_a_living_process_is_no_obstacle(home: Path) -> None:
    with ensure_server(home, HASTE):
        lines = (Layout.of(home).data / "postmaster.pid").read_text().splitlines()
    wait_until(lambda: postmaster_of(Layout.of(home).data) is None, "it stops by itself")
    stale = Layout.of(home).data / "postmaster.pid"
    stale.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    with ensure_server(home, HASTE) as lease:
        assert answers(lease.url)


def test_a_port_that_another_program_took_is_left_to_it(home: Path) -> None:
    layout = Layout.of(home)
    layout.folder.mkdir(parents=True)
    with socket.create_server((HOST, 0)) as other:
        taken = other.getsockname()[1]
        layout.port.write_text(str(taken))
        with ensure_server(home, HASTE) as lease:
            assert f":{taken}/" not in lease.url
            assert answers(lease.url)


def test_a_server_whose_home_was_deleted_goes_too(home: Path) -> None:
    with ensure_server(home, HASTE):
        postmaster = postmaster_pid(home)
        shutil.rmtree(home, ignore_errors=True)  # files come and go while it runs
    wait_until(lambda: not Path(f"/proc/{postmaster}/cwd").exists(), "it stops")


@pytest.mark.parametrize("role", ["ownerline", "postgres"])
def test_nobody_enters_without_the_password_and_no_superuser_at_all(home: Path, role: str) -> None:
    with ensure_server(home, HASTE) as lease:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(lease.url, user=role, password="guess")
        with psycopg.connect(lease.url) as connection:
            asked = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            assert asked.fetchone() == (False,)


def test_a_data_folder_of_another_version_is_refused_with_the_mend(home: Path) -> None:
    with ensure_server(home, HASTE):
        pass
    wait_until(lambda: postmaster_of(Layout.of(home).data) is None, "it stops by itself")
    (Layout.of(home).data / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServerError, match=r"made by PostgreSQL 17.*OWNERLINE_POSTGRES_BIN"):
        ensure_server(home, HASTE)


def test_a_folder_without_binaries_is_named(home: Path, tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match=f"{tmp_path} has no postgres binary"):
        ensure_server(home, ServerOptions(binaries=tmp_path))


def test_a_home_under_a_file_is_refused_with_the_mend(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    with pytest.raises(EmbeddedServerError, match="set OWNERLINE_HOME"):
        ensure_server(tmp_path / "home", HASTE)
