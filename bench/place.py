"""Where a benchmark runs: a server, and databases of its own that are dropped afterwards."""

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from core.database import libpq_url
from core.postgres.lease import ensure_server

_NUMBERS = itertools.count(1)


@contextmanager
def server() -> Iterator[str]:
    """Yield the configured server's URL, or that of one started for this run alone."""
    configured = os.environ.get("OWNERLINE_DATABASE_URL")
    if configured is not None:
        yield libpq_url(configured)
        return
    with (
        tempfile.TemporaryDirectory(prefix="ownerline-bench-") as home,
        ensure_server(Path(home)) as lease,
    ):
        yield lease.url


@contextmanager
def database(on: str, template: str = "template1") -> Iterator[str]:
    """Yield the URL of a copy of the template, empty by default, that is dropped afterwards."""
    name = f"ownerline_bench_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(on, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        try:
            yield make_url(on).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = %s AND backend_type = 'client backend'",
                [name],
            )
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
