"""What a spreadsheet could run is guarded; what is a number or a phone is left as it is."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.console.downloads import MOST_ROWS, Kind, TooManyRowsError, download, each, guarded

RISKY = [
    "=1+1",
    "=cmd|'/c calc'!A1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1d1",
    "+86 138 0013 8000",
    "-",
    "+",
    "--5",
    "-1,2,3",
    "+8613800138000=1",
]
PLAIN = [
    "",
    "王建国",
    "3-2-1201",
    "-5",
    "-1,234.50",
    "+12.5",
    "-3%",
    "+8613800138000",
    "+441632960001",
    "a=b",
    " x",
    "'=1",
]


@pytest.mark.parametrize("text", RISKY)
def test_what_begins_like_a_formula_is_guarded(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", PLAIN)
def test_numbers_phones_and_plain_words_are_left_alone(text: str) -> None:
    assert guarded(text) == text


@given(st.text())
def test_nothing_guarded_begins_like_a_formula(text: str) -> None:
    shown = guarded(text)
    if shown[:1] in set("=+-@\t\r\n"):
        rest = shown[1:].replace(",", "").replace(".", "").removesuffix("%")
        assert shown[0] in "+-"
        assert rest.isdigit()


async def _bytes(kind: Kind, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    sent, count = await download("三月 [报表]", kind, header, each(rows))
    assert count == len(rows)
    body = b"".join([bytes(block) async for block in sent.body_iterator])  # type: ignore[arg-type]
    assert sent.headers["Content-Length"] == str(len(body))
    assert "attachment" in sent.headers["Content-Disposition"]
    return body


ROW = [
    "=1+1",
    "+8613800138000",
    -5,
    Decimal("-12.30"),
    0.978,
    None,
    date(2026, 3, 29),
    datetime(2026, 3, 29, 12, tzinfo=UTC),
    True,
    "a\x07b",
]


async def test_a_csv_is_read_by_excel_as_it_is_meant() -> None:
    body = await _bytes(Kind.CSV, ["名称", "=head"], [ROW])
    assert body.startswith(b"\xef\xbb\xbf")
    head, row = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""))
    assert head == ["名称", "'=head"]
    assert row[:9] == [
        "'=1+1",
        "+8613800138000",
        "-5",
        "-12.30",
        "0.978",
        "",
        "2026-03-29",
        "2026-03-29T12:00:00+00:00",
        "true",
    ]


async def test_a_workbook_holds_texts_and_numbers_and_no_formula() -> None:
    body = await _bytes(Kind.XLSX, ["名称", "=head"], [ROW])
    (_, row) = openpyxl.load_workbook(io.BytesIO(body)).worksheets[0].iter_rows()
    assert [cell.data_type for cell in row] == ["s", "s", "n", "n", "n", "n", "s", "s", "s", "s"]
    assert (row[0].value, row[0].quotePrefix) == ("=1+1", True)
    assert (row[1].value, row[1].quotePrefix) == ("+8613800138000", False)
    assert [row[2].value, row[3].value, row[9].value] == [-5, -12.3, "ab"]


async def test_a_table_without_end_is_refused() -> None:
    rows = [("x",)] * (MOST_ROWS + 1)
    with pytest.raises(TooManyRowsError):
        await download("x", Kind.CSV, ["x"], each(rows))
