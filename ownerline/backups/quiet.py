"""Keeps the present database quiet while another is about to take its place."""

import psycopg

from core.database import libpq_url
from core.errors import OwnerlineError
from dialer.restored import RESTORE
from ownerline.backups.backup import Connection, count_rows


class DialersAliveError(OwnerlineError):
    """Dialers are at work, and what was asked for goes only without them."""


async def connect(url: str) -> Connection:
    """Connect to a database; each statement is kept at once."""
    return await psycopg.AsyncConnection.connect(libpq_url(url), autocommit=True)


async def rows_in(present: Connection) -> dict[str, int]:
    """Return what the database holds by table; empty when nobody has used it."""
    row = await (await present.execute("SELECT to_regclass('installation')")).fetchone()
    if row is None or row[0] is None:
        return {}
    return {table: rows for table, rows in (await count_rows(present)).items() if rows}


async def check_nobody_dials(present: Connection) -> None:
    """Refuse while a dialer's lease runs: its calls would be forgotten.

    Raises:
        DialersAliveError: with how many there are.
    """
    row = await (await present.execute("SELECT to_regclass('dialer_lease')")).fetchone()
    if row is None or row[0] is None:
        return
    found = await present.execute(
        "SELECT DISTINCT host, pid FROM dialer_lease"
        " WHERE left_at IS NULL AND lease_until > clock_timestamp() ORDER BY host, pid"
    )
    alive = [f"{host} (process {pid})" for host, pid in await found.fetchall()]
    if alive:
        message = (
            f"dialers are at work: {', '.join(alive)}; end them first (SIGTERM lets them end "
            "cleanly), or wait some seconds if they were killed"
        )
        raise DialersAliveError(message)


async def stop_dialling(present: Connection) -> None:
    """Stop all dialling unless somebody has; a restore that is killed leaves it so."""
    await present.execute(
        "UPDATE installation SET stopped_at = clock_timestamp(), stopped_by = %s"
        " WHERE stopped_at IS NULL",
        [RESTORE],
    )


async def let_dial(url: str) -> bool:
    """Undo `stop_dialling`; False when it was not a restore that stopped it."""
    async with await connect(url) as present:
        if not await rows_in(present):
            return False
        undone = await present.execute(
            "UPDATE installation SET stopped_at = NULL, stopped_by = NULL WHERE stopped_by = %s",
            [RESTORE],
        )
        return undone.rowcount > 0
