"""Run the benchmark on a database of its own, print the figures, leave nothing behind."""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from bench.building import TARGET_MB, TARGET_RATIO, Measured, measure
from bench.world import Size
from core.database import libpq_url
from core.postgres.lease import ensure_server


def main() -> int:
    """Measure and say whether the targets hold; 1 when one does not."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--owners", type=int, default=Size().owners)
    parser.add_argument("--charges", type=int, default=Size().charges)
    parser.add_argument("--work-orders", type=int, default=Size().work_orders)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    size = Size(owners=given.owners, charges=given.charges, work_orders=given.work_orders)
    print(f"{size.owners:,} owners, {size.charges:,} charges, {size.work_orders:,} work orders …")
    with _server() as server, _database(server) as url:
        found = asyncio.run(measure(url, size, rounds=given.rounds))
    _show(found)
    return 0 if found.ratio <= TARGET_RATIO and found.peak_mb <= TARGET_MB else 1


def _show(found: Measured) -> None:
    print(f"due calls built          {found.due_calls:>10,}   different: {found.different}")
    print(f"bare set-based SQL       {found.bare_s:>10.2f} s   the same due calls and charges")
    print(f"  without the charges    {found.calls_only_s:>10.2f} s")
    print(f"build_lists              {found.built_s:>10.2f} s")
    print(f"ratio                    {found.ratio:>10.2f}     target: at most {TARGET_RATIO}")
    print(f"peak memory of process   {found.peak_mb:>10.0f} MB  target: at most {TARGET_MB} MB")


@contextmanager
def _server() -> Iterator[str]:
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
def _database(server: str) -> Iterator[str]:
    """Yield the URL of a database that is dropped afterwards."""
    name = sql.Identifier(f"ownerline_bench_{os.getpid()}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            own = make_url(server).set(database=f"ownerline_bench_{os.getpid()}")
            yield own.render_as_string(hide_password=False)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


if __name__ == "__main__":
    sys.exit(main())
