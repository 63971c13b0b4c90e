"""Small workbooks for tests: rows written, imported, and read back as the exports show them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import Base
from customers.export import charge_rows, contact_rows, work_order_rows
from customers.importing.model import Finding, KindResult
from customers.importing.run import import_file

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
CONTACTS = ("小区", "房号", "业主姓名", "联系电话", "入住日期", "身份", "VIP", "免打扰", "备注")
CHARGES = ("小区", "房号", "费用项目", "账单号", "应收金额", "已收金额", "应缴日期", "违约金")
ORDERS = ("工单号", "小区", "房号", "报修类别", "报修日期", "完工日期", "保修期内")
PAYMENTS = ("账单号", "缴款金额", "缴款日期", "流水号")

Sheet = Sequence[Sequence[Any]]


@dataclass(kw_only=True, slots=True)
class Desk:
    """A desk with a session and a folder: every import is a new file of the rows given."""

    session: AsyncSession
    folder: Path
    now: datetime = NOW
    findings: list[Finding] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)

    async def imports(self, *rows: Sequence[Any], header: Sequence[str] = CONTACTS) -> KindResult:
        """Import one sheet and return what became of its rows."""
        path = save(self.folder / f"{next(self._numbers)}.xlsx", [header, *rows])
        return await self.imports_file(path)

    async def imports_file(self, path: Path) -> KindResult:
        """Import a file of one kind."""
        self.findings.clear()
        result = await import_file(
            self.session, path, now=self.now, on_finding=self.findings.append
        )
        (kind,) = result.kinds
        return kind

    async def contacts(self) -> list[tuple[Any, ...]]:
        """Return unit, name, role, phones, moved in, VIP and do not call of every contact."""
        return [tuple(row[1:]) async for row in contact_rows(self.session, now=self.now)]

    async def charges(self) -> list[tuple[Any, ...]]:
        """Return the charges as exported, amounts as text."""
        return [tuple(str(value) for value in row) async for row in charge_rows(self.session)]

    async def orders(self) -> list[tuple[Any, ...]]:
        """Return the work orders as exported."""
        return [tuple(row) async for row in work_order_rows(self.session)]

    async def liable(self) -> dict[str, str | None]:
        """Return who is liable for which charge."""
        rows = await self.session.execute(
            sa.text(
                "SELECT reference, name FROM charge"
                " LEFT JOIN person ON person_id = liable_person_id"
            )
        )
        return {row.reference: row.name for row in rows}

    async def one(self, statement: str) -> Any:
        """Return the only value of a query."""
        return await self.session.scalar(sa.text(statement))


def save(path: Path, rows: Sheet, **more_sheets: Sheet) -> Path:
    """Write a workbook with one sheet of rows, and further ones by name."""
    workbook = openpyxl.Workbook(write_only=True)
    for name, sheet_rows in {"Sheet1": rows, **more_sheets}.items():
        sheet = workbook.create_sheet(name)
        for row in sheet_rows:
            sheet.append(list(row))
    workbook.save(path)
    return path


async def everything(session: AsyncSession) -> dict[str, list[Any]]:
    """Return every row of every table, but for the record of the imports themselves."""
    return {
        table.name: sorted((tuple(row) for row in await session.execute(table.select())), key=str)
        for table in Base.metadata.sorted_tables
        if table.name != "imported_file"
    }
