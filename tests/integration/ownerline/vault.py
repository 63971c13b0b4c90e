"""An installation on a database of the test's own, backed up and restored by the use cases."""

import csv
import io
from pathlib import Path

import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from core.clock import Clock, SystemClock
from core.database import session_factory
from core.settings import Settings
from ownerline.backups.archive import Manifest
from ownerline.backups.backup import take_backup
from ownerline.backups.restore import Restored, restore
from ownerline.exports import EXPORTS, export_table
from ownerline.runtime import open_runtime
from tests.integration.dialer.day import Day


class Vault:
    """Takes and restores backups of one installation; its present one is at `day`."""

    def __init__(self, url: str, folder: Path, database: AsyncEngine) -> None:
        self.url = url
        self.folder = folder
        self.settings = Settings(home=folder / "home", database_url=SecretStr(url))
        self.day = Day(session_factory(database))
        self._database = database

    async def backup(self, name: str = "kept.backup", *, clock: Clock | None = None) -> Path:
        """Take a backup, by the day's clock without another one."""
        target = self.folder / name
        await take_backup(self.settings, self.url, target, clock=clock or self.day.clock)
        return target

    async def manifest(self, name: str) -> Manifest:
        """Take a backup, and return what it says of itself."""
        target = self.folder / name
        return await take_backup(self.settings, self.url, target, clock=SystemClock())

    async def restore(self, source: Path, *, over_data: bool = True) -> Restored:
        """Restore over the present data; the test's own connections begin anew."""
        await self._database.dispose()
        return await restore(
            self.settings, source, clock=self.day.clock, actor="tester", over_data=over_data
        )

    async def tables(self) -> dict[str, list[list[str]]]:
        """Return every export as it reads now."""
        found = {}
        async with open_runtime(self.settings) as runtime:
            for table in EXPORTS:
                target = self.folder / f"{table}.csv"
                await export_table(runtime, table=table, target=str(target), actor="tester")
                text = target.read_text(encoding="utf-8-sig")
                found[table] = list(csv.reader(io.StringIO(text)))
        return found

    async def value(self, query: str) -> object:
        """Return the one value of a query."""
        async with self.day.sessions() as session:
            return (await session.execute(sa.text(query))).scalar_one_or_none()

    async def do(self, statement: str | sa.TextClause) -> None:
        """Change something by hand."""
        async with self.day.sessions.begin() as session:
            await session.execute(sa.text(statement) if isinstance(statement, str) else statement)
