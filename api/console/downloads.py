"""Tables to take away, as CSV or a workbook that a spreadsheet opens without running anything.

A cell of text that begins like a formula is guarded: in CSV by an apostrophe before it (OWASP, CSV
Injection), in a workbook by its own mark for text. Numbers, negative ones too, and E.164 numbers
are what they are. Rows are written to a file of their own, a batch at a time, so that memory does
not grow with them.
"""

import asyncio
import csv
import io
import re
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import IO, Any
from urllib.parse import quote

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from starlette.responses import StreamingResponse

from core.errors import OwnerlineError

MOST_ROWS = 200_000
_BATCH = 2000
_BLOCK = 256 * 1024
_LONGEST_CELL = 32_767  # Excel's own limit
# Also the full-width signs, which Excel reads as their narrow sisters.
_BEGINS_A_FORMULA = re.compile("[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_PLAIN = re.compile(r"[+-]?[0-9]+(,[0-9]{3})*(\.[0-9]+)?%?|\+[1-9][0-9]{5,14}", re.ASCII)


class TooManyRowsError(OwnerlineError):
    """The table is longer than one file may be."""


class Kind(StrEnum):
    """What a table is taken away as."""

    CSV = "csv"
    XLSX = "xlsx"


_MEDIA = {
    Kind.CSV: "text/csv; charset=utf-8",
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def is_risky(text: str) -> bool:
    """Say whether a spreadsheet could take a text for a formula; numbers and phones are none."""
    return _BEGINS_A_FORMULA.match(text) is not None and _PLAIN.fullmatch(text) is None


def guarded(text: str) -> str:
    """Return a text as it may stand in a CSV."""
    return f"'{text}" if is_risky(text) else text


async def batches(
    rows: AsyncIterator[Sequence[Any]], size: int = _BATCH
) -> AsyncIterator[list[Sequence[Any]]]:
    """Return rows a batch at a time."""
    batch: list[Sequence[Any]] = []
    async for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


async def download(
    name: str, kind: Kind, header: Sequence[str], rows: AsyncIterator[Sequence[Any]]
) -> tuple[StreamingResponse, int]:
    """Write a table to a file and return the answer that sends it, and how many rows it has.

    The file is whole before the first byte is sent, has no name, and goes with the answer.

    Raises:
        TooManyRowsError: it is longer than a file may be.
    """
    async with AsyncExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the answer closes it
        sheet = _Csv(file) if kind is Kind.CSV else _Workbook(file, name)
        count = 0
        await asyncio.to_thread(sheet.head, header)
        async for batch in batches(rows):
            count += len(batch)
            _check_length(name, count)
            await asyncio.to_thread(sheet.write, batch)
        await asyncio.to_thread(sheet.finish)
        size = file.tell()
        file.seek(0)
        stack.pop_all()
    sent = StreamingResponse(
        _blocks(file),
        media_type=_MEDIA[kind],
        headers={
            "Content-Length": str(size),
            "Content-Disposition": f'attachment; filename="ownerline.{kind}"; '
            f"filename*=UTF-8''{quote(name, safe='')}.{kind}",
        },
    )
    return sent, count


def _check_length(name: str, count: int) -> None:
    if count > MOST_ROWS:
        message = f"{name} has more than {MOST_ROWS} rows; choose a shorter period"
        raise TooManyRowsError(message)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK):
            yield block


async def each(rows: Iterable[Sequence[Any]]) -> AsyncIterator[Sequence[Any]]:
    """Return rows that are there already as rows that come."""
    for row in rows:
        yield row


class _Csv:
    """UTF-8 with a byte order mark, without which Excel takes it for the machine's own code."""

    def __init__(self, file: IO[bytes]) -> None:
        self._stream = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        self._csv = csv.writer(self._stream)

    def head(self, header: Sequence[str]) -> None:
        self._csv.writerow([guarded(each) for each in header])

    def write(self, rows: Iterable[Sequence[Any]]) -> None:
        self._csv.writerows([_in_csv(value) for value in row] for row in rows)

    def finish(self) -> None:
        self._stream.flush()
        self._stream.detach()


class _Workbook:
    """A sheet whose texts are texts, whatever they begin with."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._book = openpyxl.Workbook(write_only=True)
        allowed = "".join(" " if sign in r"[]:*?/\\" else sign for sign in name)
        self._sheet = self._book.create_sheet(allowed[:31].strip("' ") or "report")

    def head(self, header: Sequence[str]) -> None:
        self._sheet.freeze_panes = "A2"
        cells = [self._text(each) for each in header]
        for cell in cells:
            cell.font = Font(bold=True)
        self._sheet.append(cells)

    def write(self, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            self._sheet.append([self._cell(_plain(value)) for value in row])

    def finish(self) -> None:
        self._book.save(self._file)

    def _cell(self, value: str | float | Decimal | None) -> Any:
        return self._text(value) if isinstance(value, str) and value else value

    def _text(self, text: str) -> Any:
        clean = ILLEGAL_CHARACTERS_RE.sub("", text)[:_LONGEST_CELL]
        cell = WriteOnlyCell(self._sheet, clean)
        cell.data_type = "s"
        cell.quotePrefix = is_risky(clean)
        return cell


def _in_csv(value: Any) -> str | int | float | Decimal:
    plain = _plain(value)
    if plain is None:
        return ""
    return guarded(plain) if isinstance(plain, str) else plain


def _plain(value: Any) -> str | int | float | Decimal | None:
    """Return a value as a file holds it: instants and days as ISO text, numbers as numbers."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, int | float | Decimal):
        return value
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else str(value)
