"""Files as they come: encodings, delimiters, title rows, and every way a file can be none."""

import zipfile
from pathlib import Path

import openpyxl
import pytest

from customers.headers import UnknownSheetsError
from customers.importing.order import in_import_order
from customers.importing.run import import_file
from customers.reading import Limits, Row, UnreadableFileError, open_sheets
from tests.integration.customers.workbooks import CONTACTS, NOW, Desk, save

TEXT = "小区{d}房号{d}业主姓名{d}联系电话\r\n云麓{d}3栋2单元1201{d}王芳{d}13800000001\r\n"


def rows_of(path: Path, limits: Limits | None = None) -> list[Row]:
    with open_sheets(path, limits) as sheets:
        return [row for sheet in sheets for row in sheet.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_text_files_of_every_usual_encoding_and_delimiter(
    desk: Desk, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    path = tmp_path / "owners.csv"
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    path.write_bytes((mark + TEXT.format(d=delimiter)).encode(encoding))
    result = await desk.imports_file(path)
    assert (result.rows, result.accepted) == (1, 1)
    assert (await desk.contacts())[0][:2] == ("3-2-1201", "王芳")


def test_row_numbers_are_those_excel_shows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('title\n\n"two\nlines",b\nlast,row\n', encoding="utf-8")
    assert [(row.number, row.cells[:1]) for row in rows_of(path)] == [
        (1, ("title",)),
        (2, ()),
        (3, ("two\nlines",)),
        (4, ("last",)),
    ]


def test_a_wrong_dimension_in_the_workbook_cuts_nothing_off(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.xlsx", [CONTACTS, ["云麓", "1-1-101", "王芳"]])
    lying = tmp_path / "lying.xlsx"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(lying, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("sheet1.xml"):
                content = content.replace(b"<sheetData>", b'<dimension ref="A1"/><sheetData>')
            new.writestr(name, content)
    assert len(rows_of(lying)[0].cells) == len(CONTACTS)


async def test_every_visible_sheet_is_read_units_before_charges(desk: Desk) -> None:
    path = save(
        desk.folder / "all.xlsx",
        [
            ["小区", "房号", "费用项目", "账单号", "应收金额", "应缴日期"],
            ["云麓", "1-1-101", "水费", "B1", 1, "2026-01-01"],
        ],
        说明=[["请勿改动"]],
        业主=[["业主档案"], [], ["小区", "房号", "姓名"], ["云麓", "1-1-101", "王芳"]],
    )
    result = await import_file(desk.session, path, now=NOW)
    assert [(kind.kind, kind.accepted) for kind in result.kinds] == [
        ("contacts", 1),
        ("charges", 1),
    ]
    assert result.notes == ("sheet '说明': not read, no known header row",)


async def test_a_hidden_sheet_is_not_read(desk: Desk) -> None:
    workbook = openpyxl.Workbook()
    for sheet in (workbook.active, workbook.create_sheet("旧")):
        assert sheet is not None
        sheet.append(["小区", "房号", "姓名"])
        sheet.append(["云麓", f"1-1-{len(workbook.sheetnames)}", sheet.title])
    workbook["旧"].sheet_state = "hidden"
    workbook.save(desk.folder / "hidden.xlsx")
    result = await desk.imports_file(desk.folder / "hidden.xlsx")
    assert result.rows == 1


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("gone.xlsx", None, "does not exist"),
        ("empty.csv", b"", "is empty"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "without a password"),
        ("text.xlsx", b"just text", "damaged workbook"),
        ("half.xlsx", b"PK\x03\x04half", "damaged"),
        ("picture.png", b"\x89PNG", "no workbook"),
        ("noise.csv", b"\xff\xff\x00\x81\xff", "neither UTF-8"),
        ("quote.csv", b'a,"' + b"b" * 200_000, "quotation mark"),
        ("cut.csv", "小区".encode()[:-1], "neither UTF-8"),
    ],
)
def test_a_file_that_is_none_is_named_with_the_mend(
    tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=says) as error:
        rows_of(path)
    assert name in str(error.value)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="folder"):
        rows_of(tmp_path)


def test_a_zip_that_is_no_workbook(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(UnreadableFileError, match="damaged workbook"):
        rows_of(tmp_path / "a.xlsx")


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (Limits(uncompressed_bytes=1000), "unpacks to"),
        (Limits(rows=2), "more than 2 rows"),
        (Limits(columns=3), "more than 3 columns"),
        (Limits(cell_characters=20), "a cell of 30 characters"),
    ],
)
def test_more_than_the_limits_is_refused(tmp_path: Path, limits: Limits, says: str) -> None:
    path = save(tmp_path / "big.xlsx", [["a"], ["b"], ["c"], ["x" * 30], ["1", "2", "3", "4"]])
    with pytest.raises(UnreadableFileError, match=says):
        rows_of(path, limits)


async def test_a_file_without_a_known_header_says_what_would_be_known(desk: Desk) -> None:
    path = save(desk.folder / "other.xlsx", [["甲", "乙"], [1, 2]])
    with pytest.raises(UnknownSheetsError, match="账单号"):
        await desk.imports_file(path)
    assert await desk.one("SELECT count(*) FROM unit") == 0


def test_a_file_nobody_knows_is_told_before_any_is_imported(tmp_path: Path) -> None:
    contacts = save(tmp_path / "contacts.xlsx", [["小区", "房号", "姓名"]])
    other = save(tmp_path / "other.xlsx", [["甲", "乙"], [1, 2]])
    with pytest.raises(UnknownSheetsError, match=r"other\.xlsx"):
        in_import_order([contacts, other])


def test_files_are_imported_contacts_first_and_otherwise_as_given(tmp_path: Path) -> None:
    titles = {
        "payments": "账单号 缴款金额 缴款日期",
        "charges": "小区 房号 费用项目 账单号 应收金额 应缴日期",
        "more-contacts": "小区 房号 姓名",
        "contacts": "小区 房号 姓名",
    }
    paths = [save(tmp_path / f"{name}.xlsx", [t.split()]) for name, t in titles.items()]
    assert [path.stem for path in in_import_order(paths)] == [
        *("more-contacts", "contacts", "charges", "payments"),
    ]
