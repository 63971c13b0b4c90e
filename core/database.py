"""The one database: its base of tables, engines and sessions, and which server they speak to."""

import contextlib
from asyncio import to_thread
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import TypeVar

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from core.errors import OwnerlineError
from core.postgres.lease import ServerOptions, embedded_server, embedded_server_sync
from core.settings import Settings

OLDEST_SERVER = 150000  # as `SHOW server_version_num` counts: PostgreSQL 15
_DRIVER = "postgresql+psycopg"
_STATEMENT_TIMEOUT_S = 300
_LOCK_TIMEOUT_S = 30
_IDLE_IN_TRANSACTION_TIMEOUT_S = 600
_CONNECT_TIMEOUT_S = 10
_IDLE_BEFORE_PING_S = 5.0
# A server whose machine died says nothing: without these an answer is waited for for hours.
_SILENCE: Mapping[str, int] = {
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,  # ms
}
_VICTIMS = frozenset({"40P01", "40001"})

# SQLSTATE: shut down, crashed, starting up, dropped or idle too long; a lock or a statement that
# took too long; a disk that failed. Class 08 is a connection that broke, class 53 a server that
# lacks something: room on its disk, memory, connections.
_LATER = frozenset(
    {"57P01", "57P02", "57P03", "57P04", "57P05", "25P03", "25P04", "55P03", "57014", "58030"}
)
_LATER_CLASSES = ("08", "53")

# Five minutes in all: a server that restarts replays its log first.
OUTAGE_PAUSES_S: Sequence[float] = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, *(5.0 for _ in range(60)))

T = TypeVar("T")


class DatabaseUrlError(OwnerlineError):
    """The database URL is none of a PostgreSQL."""


class DatabaseUnreachableError(OwnerlineError):
    """The configured PostgreSQL does not take our connection."""


class ServerTooOldError(OwnerlineError):
    """The configured PostgreSQL is older than 15."""


class Base(DeclarativeBase):
    """Every table's base; datetimes are timestamptz, constraints are named by one rule."""

    metadata = sa.MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own declaration
        datetime: sa.DateTime(timezone=True),
        str: sa.Text(),
    }


def driver_url(url: str) -> URL:
    """Return a PostgreSQL URL for SQLAlchemy on psycopg 3; libpq's spellings are welcome.

    Raises:
        DatabaseUrlError: it is none; the text hides the password.
    """
    try:
        parsed = make_url(url)
    except (sa.exc.ArgumentError, ValueError) as err:
        message = "the database URL cannot be read; write postgresql://USER:PASSWORD@HOST/DATABASE"
        raise DatabaseUrlError(message) from err
    if parsed.drivername not in {"postgresql", "postgres", _DRIVER}:
        message = (
            f"{parsed.render_as_string(hide_password=True)} is not a PostgreSQL URL; "
            "write postgresql://USER:PASSWORD@HOST/DATABASE"
        )
        raise DatabaseUrlError(message)
    return parsed.set(drivername=_DRIVER)


def libpq_url(url: str) -> str:
    """Return the URL as libpq, psql and pg_dump read it."""
    return driver_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def create_engine(
    url: str,
    *,
    name: str = "ownerline",
    pool_size: int = 10,
    ping_after_s: float = _IDLE_BEFORE_PING_S,
) -> AsyncEngine:
    """Return an engine; `name` is shown in pg_stat_activity.

    A connection that lay idle for `ping_after_s` is tried before it is handed out.
    """
    timeouts = {
        "statement_timeout": _STATEMENT_TIMEOUT_S,
        "lock_timeout": _LOCK_TIMEOUT_S,
        "idle_in_transaction_session_timeout": _IDLE_IN_TRANSACTION_TIMEOUT_S,
    }
    options = [f"-c {key}={seconds}s" for key, seconds in timeouts.items()]
    engine = create_async_engine(
        driver_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        hide_parameters=True,  # an error's text goes to the log, and they are people's data
        pool_use_lifo=True,  # few warm connections with their prepared statements, not many cold
        connect_args={
            "application_name": name,
            "connect_timeout": _CONNECT_TIMEOUT_S,
            **_SILENCE,
            "options": " ".join([*options, "-c timezone=UTC"]),
        },
    )
    _ping_what_lay_idle(engine, ping_after_s)
    return engine


def _ping_what_lay_idle(engine: AsyncEngine, after_s: float) -> None:
    """Try a connection that was not used for a while before it is handed out.

    The pool's own `pool_pre_ping` does so at every checkout, which costs each small transaction
    one round trip more.
    """
    pool = engine.sync_engine.pool

    @sa.event.listens_for(pool, "checkin")
    def note(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = monotonic()

    @sa.event.listens_for(pool, "checkout")
    def ping(
        connection: DBAPIConnection, record: ConnectionPoolEntry, _: PoolProxiedConnection
    ) -> None:
        if monotonic() - record.info.get("idle_since", monotonic()) < after_s:
            return
        try:
            alive = engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as err:
            raise sa.exc.DisconnectionError from err
        if not alive:
            raise sa.exc.DisconnectionError


def session_factory(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Return what makes sessions; objects stay readable after a commit."""
    return async_sessionmaker(engine, expire_on_commit=False)


async def despite_deadlocks(work: Callable[[], Awaitable[T]], *, tries: int = 3) -> T:
    """Do a transaction; do it again when the server ended it to free others.

    The server picks a victim among transactions that wait for one another (SQLSTATE 40P01, and
    40001 where it cannot serialize them); nothing of the victim was kept.
    """
    for left in reversed(range(tries)):
        try:
            return await work()
        except sa.exc.DBAPIError as err:
            if not left or getattr(err.orig, "sqlstate", None) not in _VICTIMS:
                raise
    message = f"a transaction is tried at least once, not {tries} times"
    raise ValueError(message)


def may_pass_later(err: BaseException) -> bool:
    """Say whether the same transaction may pass later: the server is away, or a lock was held.

    Whether a commit that failed so was kept is not known: the answer may be what was lost.
    """
    if isinstance(err, sa.exc.TimeoutError):  # every connection of the pool was taken
        return True
    if isinstance(err, sa.exc.DBAPIError):
        if err.connection_invalidated:
            return True
        err = err.orig or err
    if not isinstance(err, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    later = _LATER | _VICTIMS
    return err.sqlstate is None or err.sqlstate in later or err.sqlstate.startswith(_LATER_CLASSES)


async def despite_outages(
    work: Callable[[], Awaitable[T]],
    *,
    sleep: Callable[[float], Awaitable[object]],
    pauses_s: Sequence[float] = OUTAGE_PAUSES_S,
) -> T:
    """Do a transaction; do it again, later and later, while the server cannot take it.

    The work must bear to be done twice: a commit whose answer was lost may have been kept.
    """
    for pause_s in pauses_s:
        try:
            return await work()
        except (sa.exc.SQLAlchemyError, psycopg.Error) as err:
            if not may_pass_later(err):
                raise
        await sleep(pause_s)
    return await work()


@contextlib.asynccontextmanager
async def database_url(settings: Settings) -> AsyncIterator[str]:
    """Hold the configured server, or the home's own one, for the block; yields its URL.

    Raises:
        DatabaseUnreachableError: the configured one does not answer.
        ServerTooOldError: it is older than 15.
        EmbeddedServerError: our own cannot start.
    """
    if settings.database_url is not None:
        yield await to_thread(_checked, settings.database_url.get_secret_value())
        return
    async with embedded_server(settings.home, server_options(settings)) as url:
        yield url


@contextlib.contextmanager
def database_url_sync(settings: Settings) -> Iterator[str]:
    """Do what `database_url` does, for code without an event loop."""
    if settings.database_url is not None:
        yield _checked(settings.database_url.get_secret_value())
        return
    with embedded_server_sync(settings.home, server_options(settings)) as url:
        yield url


def server_options(settings: Settings) -> ServerOptions:
    """Return how the home's own server is started."""
    return ServerOptions(binaries=settings.postgres_bin, user=settings.postgres_user)


def _checked(url: str) -> str:
    libpq = libpq_url(url)
    try:
        with psycopg.connect(libpq, connect_timeout=_CONNECT_TIMEOUT_S) as connection:
            version = connection.info.server_version
    except psycopg.OperationalError as err:
        shown = driver_url(url).render_as_string(hide_password=True)
        message = f"the PostgreSQL at {shown} does not take our connection: {err}"
        raise DatabaseUnreachableError(message) from err
    if version < OLDEST_SERVER:
        message = f"the PostgreSQL server is version {version // 10000}; 15 or later is needed"
        raise ServerTooOldError(message)
    return libpq
