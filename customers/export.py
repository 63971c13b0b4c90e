"""Tables out of the customer file: rows streamed from the database into CSV or XLSX."""

import csv
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Protocol

import openpyxl
import sqlalchemy as sa
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import OwnerlineError
from core.money import Money
from customers.model import WorkOrderCategory

STDOUT = "-"
# The departments' figures (D2): days from completion to the callback.
CALLBACK_DAYS: Mapping[WorkOrderCategory, int] = {
    WorkOrderCategory.SAFETY: 2,
    WorkOrderCategory.LEAK: 3,
    WorkOrderCategory.OTHER: 7,
}
_ROWS_OF_A_SHEET = 1_048_576  # Excel's own limit
_FETCH = 1000

_CONTACTS = """
    SELECT c.name AS community, u.label AS unit, p.name, o.role,
           coalesce((SELECT string_agg(ph.e164, ';' ORDER BY ph.position, ph.phone_id)
                     FROM phone ph WHERE ph.person_id = p.person_id AND ph.dead_at IS NULL), ''),
           o.moved_in, p.vip,
           EXISTS (SELECT FROM do_not_call d WHERE d.person_id = p.person_id
                   AND d.reason IS NULL AND d.lifted_at IS NULL)
    FROM occupancy o
    JOIN unit u USING (unit_id) JOIN community c USING (community_id)
    JOIN person p USING (person_id)
    WHERE o.valid_until IS NULL
       OR o.valid_until > CAST(CAST(:now AS timestamptz) AT TIME ZONE c.time_zone AS date)
    ORDER BY o.occupancy_id
"""
_CHARGES = """
    SELECT h.reference, c.name AS community, u.label AS unit, h.kind, h.amount_minor,
           h.paid_minor, h.due_on, h.currency
    FROM charge h JOIN unit u USING (unit_id)
    JOIN community c ON c.community_id = h.community_id
    ORDER BY h.charge_id
"""
_WORK_ORDERS = """
    SELECT w.reference, c.name AS community, u.label AS unit, w.category, w.reported_on,
           w.completed_on, w.completed_on + d.days AS callback_by
    FROM work_order w JOIN unit u USING (unit_id)
    JOIN community c ON c.community_id = w.community_id
    JOIN unnest(CAST(:categories AS text[]), CAST(:days AS int[])) AS d (category, days)
         ON d.category = w.category
    ORDER BY w.work_order_id
"""


class ExportTargetError(OwnerlineError):
    """The export cannot be written there."""


class _Writer(Protocol):
    def write(self, row: Sequence[Any]) -> None: ...


async def contact_rows(session: AsyncSession, *, now: datetime) -> AsyncIterator[Sequence[Any]]:
    """Yield who holds which unit or will: community, unit, name, role, phones and so on.

    Phones are those that may be rung, best first; former holders are left out.
    """
    async for row in _streamed(session, _CONTACTS, now=now):
        yield tuple(row)


async def charge_rows(session: AsyncSession) -> AsyncIterator[Sequence[Any]]:
    """Yield charges: reference, community, unit, kind, amount, paid, open, due date, currency."""
    async for row in _streamed(session, _CHARGES):
        amount = Money(amount_minor=row.amount_minor, currency=row.currency)
        paid = Money(amount_minor=row.paid_minor, currency=row.currency)
        yield (
            *(row.reference, row.community, row.unit, row.kind),
            *(money.to_decimal() for money in (amount, paid, amount - paid)),
            *(row.due_on, row.currency),
        )


async def work_order_rows(
    session: AsyncSession, *, days: Mapping[WorkOrderCategory, int] = CALLBACK_DAYS
) -> AsyncIterator[Sequence[Any]]:
    """Yield work orders, each with the last day of its callback; blank while not completed."""
    rows = _streamed(
        session,
        _WORK_ORDERS,
        categories=[category.value for category in days],
        days=list(days.values()),
    )
    async for row in rows:
        yield tuple(row)


async def write_rows(
    target: str | Path, header: Sequence[str], rows: AsyncIterator[Sequence[Any]]
) -> int:
    """Write a header and rows to a .csv or .xlsx file, or as CSV to stdout for `-`; count them.

    CSV is UTF-8 without a byte order mark. Dates and instants are ISO text, booleans `true` and
    `false`, None is blank; amounts are plain decimals, numbers in a workbook. A file appears
    whole or not at all.

    Raises:
        ExportTargetError: the name has another ending, or cannot be written.
    """
    written = 0
    with _open_writer(target) as writer:
        with _writing(target):
            writer.write(header)
        async for row in rows:
            with _writing(target):
                writer.write([_plain(value) for value in row])
            written += 1
    return written


async def _streamed(
    session: AsyncSession, statement: str, **facts: object
) -> AsyncIterator[sa.Row[Any]]:
    result = await session.stream(
        sa.text(statement), facts, execution_options={"yield_per": _FETCH}
    )
    async for row in result:
        yield row


def _plain(value: Any) -> str | int | float | Decimal:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, int | float | Decimal):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


@contextmanager
def _open_writer(target: str | Path) -> Iterator[_Writer]:
    if str(target) == STDOUT:
        with _stdout() as stream:
            yield _CsvWriter(stream)
        return
    path = Path(target)
    if path.suffix.lower() not in {".csv", ".xlsx"}:
        message = f"{path} is neither .csv nor .xlsx; name it so, or write - for stdout"
        raise ExportTargetError(message)
    with ExitStack() as stack:
        with _writing(path):
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-")
            )
            draft = Path(folder) / path.name
            writer = _file_writer(draft, stack)
        yield writer
        with _writing(path):
            writer.finish()
            draft.replace(path)


def _file_writer(draft: Path, stack: ExitStack) -> "_CsvWriter | _XlsxWriter":
    if draft.suffix.lower() == ".xlsx":
        return _XlsxWriter(draft)
    return _CsvWriter(stack.enter_context(draft.open("w", encoding="utf-8", newline="")))


@contextmanager
def _writing(target: str | Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise  # whoever reads our stdout has had enough; the command line's business
    except OSError as err:
        message = f"{target} cannot be written: {err.strerror or err}"
        raise ExportTargetError(message) from err


@contextmanager
def _stdout() -> Iterator[Any]:
    sys.stdout.flush()
    stream = TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="", write_through=False)
    try:
        yield stream
        stream.flush()
    finally:
        stream.detach()


class _CsvWriter:
    """Rows as CSV text."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._csv = csv.writer(stream, lineterminator="\n")

    def write(self, row: Sequence[Any]) -> None:
        self._csv.writerow(row)

    def finish(self) -> None:
        self._stream.close()


class _XlsxWriter:
    """Rows as a workbook, a further sheet wherever one is full."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._workbook = openpyxl.Workbook(write_only=True)
        self._title = sheet_title(path.stem)
        self._header: Sequence[Any] | None = None
        self._sheet: Any = None
        self._rows = _ROWS_OF_A_SHEET

    def write(self, row: Sequence[Any]) -> None:
        if self._header is None:
            self._header = row
        if self._rows >= _ROWS_OF_A_SHEET:
            self._sheet = self._workbook.create_sheet(self._title)
            self._sheet.append(text_cells(self._sheet, self._header))
            self._rows = 1
            if row is self._header:
                return
        self._sheet.append(text_cells(self._sheet, row))
        self._rows += 1

    def finish(self) -> None:
        self._workbook.save(self._path)


def text_cells(sheet: Any, values: Iterable[Any]) -> list[Any]:
    """Return the values as cells in which text stays text, even one that begins with `=`."""
    cells = []
    for value in values:
        if not isinstance(value, str):
            cells.append(value)
            continue
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value) or None)
        if cell.value is not None:
            cell.data_type = "s"
        cells.append(cell)
    return cells


def sheet_title(text: str) -> str:
    """Return the text as Excel allows a sheet to be called."""
    allowed = "".join(" " if character in r"[]:*?/\\" else character for character in text)
    return allowed[:31].strip("' ") or "export"
