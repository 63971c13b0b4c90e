"""What leaves: exports that read back as they went, rejects, and text that stays text."""

import csv
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from customers.export import ExportTargetError, charge_rows, contact_rows, write_rows
from customers.model import Language, Role
from customers.rejects import RejectsWorkbook
from tests.integration.customers.workbooks import CHARGES, NOW, Desk

CONTACT_COLUMNS = ("community", "unit", "name", "role", "phones", "moved_in", "vip", "do_not_call")
CHARGE_COLUMNS = (
    "reference",
    "community",
    "unit",
    "kind",
    "amount",
    "paid",
    "open",
    "due_on",
    "currency",
)
ROW = (
    *("=1+1", "+8613800000001", None, True, False, 7, Decimal("1710.80"), Role.OWNER),
    *(date(2026, 3, 5), datetime(2026, 3, 5, 1, 2, 3, tzinfo=UTC)),
)
TEXT = [
    *("=1+1", "+8613800000001", "", "true", "false", "7", "1710.80", "owner"),
    *("2026-03-05", "2026-03-05T01:02:03+00:00"),
]


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def rows(*given: Sequence[Any]) -> AsyncIterator[Sequence[Any]]:
    for row in given:
        yield row


async def test_csv_has_a_header_and_plain_values(tmp_path: Path) -> None:
    header = [f"c{n}" for n in range(len(ROW))]
    assert await write_rows(tmp_path / "a.csv", header, rows(ROW, ROW)) == 2
    written = list(csv.reader((tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()))
    assert written == [header, TEXT, TEXT]


async def test_a_workbook_has_numbers_as_numbers_and_text_as_text(tmp_path: Path) -> None:
    header = [f"c{n}" for n in range(len(ROW))]
    await write_rows(tmp_path / "a.xlsx", header, rows(ROW))
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert sheet is not None
    cells = list(sheet.iter_rows())[1]
    assert (cells[0].data_type, cells[0].value) == ("s", "=1+1")
    assert [str("" if cell.value is None else cell.value) for cell in cells] == [
        "1710.8" if text == "1710.80" else text for text in TEXT
    ]


async def test_a_dash_is_stdout(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    await write_rows("-", ["小区"], rows(["云麓"]))
    assert capfdbinary.readouterr().out.decode() == "小区\n云麓\n"


@pytest.mark.parametrize("target", ["a.pdf", "a", "no/such/folder/a.csv"])
async def test_a_target_that_cannot_be_is_named(tmp_path: Path, target: str) -> None:
    with pytest.raises(ExportTargetError, match=target):
        await write_rows(tmp_path / target, ["a"], rows())


async def test_a_failed_export_leaves_the_old_file_whole(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[Sequence[Any]]:
        yield [1]
        message = "the database went away"
        raise ConnectionError(message)

    target = tmp_path / "a.csv"
    target.write_text("old", encoding="utf-8")
    with pytest.raises(ConnectionError, match="went away"):
        await write_rows(target, ["a"], broken())
    assert target.read_text(encoding="utf-8") == "old"
    assert files_in(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
async def test_an_export_imported_again_changes_nothing(desk: Desk, ending: str) -> None:
    await desk.imports(
        [
            "云麓",
            "1栋1单元101",
            "王芳",
            "13800000001、075585752775",
            "2020年1月2日",
            "业主",
            "是",
            "是",
        ],
        ["云麓", "P-12", "李雷", None, None, "租户", None, None],
    )
    await desk.imports(
        ["云麓", "P-12", "水费", "0012", "￥1,234.5", "5", "2026/1/2", None], header=CHARGES
    )
    contacts, charges = desk.folder / f"contacts{ending}", desk.folder / f"charges{ending}"
    await write_rows(contacts, CONTACT_COLUMNS, contact_rows(desk.session, now=NOW))
    await write_rows(charges, CHARGE_COLUMNS, charge_rows(desk.session))
    assert (await desk.imports_file(contacts)).unchanged == 2
    assert (await desk.imports_file(charges)).unchanged == 1


async def test_the_rejects_workbook_says_file_sheet_row_column_value_and_reason(
    desk: Desk,
) -> None:
    contacts = desk.folder / "contacts.csv"
    contacts.write_text("小区,房号,姓名,电话\n云麓,1-1-101,王芳,=cmd()\n", encoding="utf-8")
    await desk.imports_file(contacts)
    workbook = RejectsWorkbook(desk.folder / "new" / "rejects.xlsx", language=Language.ENGLISH)
    for finding in desk.findings:
        workbook.add(finding)
    await desk.imports(["云麓", "1-1-101", "水费", "B1", "待核", "?", None], header=CHARGES)
    for finding in desk.findings:
        workbook.add(finding)
    path = workbook.close()
    assert path is not None
    read = openpyxl.load_workbook(path)
    header, rejected = read["rejected rows"].iter_rows(values_only=True)
    assert header == ("file", "sheet", "row", "column", "value", "reason")
    assert rejected[1:5] == ("Sheet1", 2, "应收金额; 应缴日期; 已收金额", "待核; ; ?")
    left_out = list(read["cells left out"].iter_rows())[1]
    assert (left_out[4].value, left_out[4].data_type) == ("=cmd()", "s")


def test_without_a_reject_there_is_no_workbook(tmp_path: Path) -> None:
    assert RejectsWorkbook(tmp_path / "rejects.xlsx").close() is None
    assert list(tmp_path.iterdir()) == []
