"""The rows of an uploaded list, read from a workbook or text file of any shape in batches."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import phonenumbers
from psycopg.types.json import Jsonb

from callback.never_rung import never_rung
from callback.uploaded_columns import PHONE, UNIT, knows_title, read_columns
from callback.uploaded_model import Column, RowRefusal, UploadedListError
from callback.uploaded_variables import (
    RowPlace,
    VariableCellError,
    missing_variable,
    read_value,
)
from core.phone import PhoneNumber
from customers.headers import HEADER_WITHIN
from customers.parsing.phones import read_phones
from customers.parsing.problems import CellError
from customers.parsing.text import Cell, as_text, is_nothing, is_total
from customers.parsing.units import read_unit
from customers.parsing.words import read_honorific, read_language, read_yes
from customers.reading import Limits, Row, Sheet, open_sheets
from scripts.language import Script

BATCH = 2000
_LONGEST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadList:
    """An opened list: what its columns are taken for, what was passed over, and its rows."""

    columns: tuple[Column, ...]
    notes: tuple[str, ...]
    rows: Iterator[list[dict[str, Any]]]  # batches, as they are stored but for their list


@asynccontextmanager
async def open_list(
    path: Path,
    *,
    mapping: Mapping[str, str],
    community: str,
    script: Script,
    place: RowPlace,
    limits: Limits | None = None,
) -> AsyncIterator[ReadList]:
    """Open the first visible sheet that has a row under its header.

    A workbook's texts are unpacked as it is opened, so that is done beside the event loop.

    Raises:
        UnreadableFileError: it is no workbook and no text, damaged, or beyond the limits.
        UploadedListError: no row is a header, or a mapping does not fit it.
    """
    opening = _opened(
        path, mapping=mapping, community=community, script=script, place=place, limits=limits
    )
    stack = ExitStack()
    read = await asyncio.to_thread(stack.enter_context, opening)
    with stack:
        yield read


@contextmanager
def _opened(
    path: Path,
    *,
    mapping: Mapping[str, str],
    community: str,
    script: Script,
    place: RowPlace,
    limits: Limits | None,
) -> Iterator[ReadList]:
    with open_sheets(path, limits) as sheets:
        for sheet in sheets:
            head = _head_of(sheet, mapping)
            if head is None:
                continue
            columns = read_columns(head.row.cells, mapping)
            reader = _RowReader(
                columns=columns,
                titles=head.row.cells,
                community=community,
                script=script,
                place=place,
            )
            notes = [
                f"column {each.title!r} is not read: map it to a variable to speak it"
                for each in columns
                if each.meaning == "ignored" and each.guessed
            ]
            yield ReadList(
                columns=columns, notes=tuple(notes), rows=_batches(head.rows, reader.read)
            )
            return
    message = f"{path} holds no row of text; give a header row and the rows of the list under it"
    raise UploadedListError(message)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Head:
    row: Row
    rows: Iterator[Row]  # those under it


def _head_of(sheet: Sheet, mapping: Mapping[str, str]) -> _Head | None:
    """Find the header: of the first rows the one that names most known columns."""
    first = [
        row
        for row in itertools.islice(sheet.rows, HEADER_WITHIN)
        if any(as_text(cell) for cell in row.cells)
    ]
    if not first:
        return None
    head = max(first, key=lambda row: sum(knows_title(cell, mapping) for cell in row.cells))
    if _has_a_phone(head):
        message = (
            f"sheet {sheet.name!r}, row {head.number} holds a phone number and no titles; put a"
            " header row above the rows that says what each column holds"
        )
        raise UploadedListError(message)
    under = (row for row in first if row.number > head.number)
    return _Head(row=head, rows=itertools.chain(under, sheet.rows))


def _has_a_phone(row: Row) -> bool:
    return any(read_phones(cell, "CN").phones for cell in row.cells)


def _batches(
    rows: Iterator[Row], read: Callable[[Row], dict[str, Any] | None]
) -> Iterator[list[dict[str, Any]]]:
    records = (record for row in rows if (record := read(row)) is not None)
    while batch := list(itertools.islice(records, BATCH)):
        yield batch


@dataclass(slots=True)
class _RowReader:
    """Reads one row after another by what the columns are taken for."""

    columns: tuple[Column, ...]
    titles: tuple[Cell, ...]
    community: str
    script: Script
    place: RowPlace
    by_field: dict[str, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_field = {}
        for column in self.columns:
            if column.field is not None:
                self.by_field.setdefault(column.field, []).append(column.place)

    def read(self, row: Row) -> dict[str, Any] | None:
        """Return the row as it is stored; None for a blank row, a total, the header once more."""
        texts = [as_text(cell) for cell in row.cells]
        if not any(texts) or texts == [as_text(title) for title in self.titles]:
            return None
        record, refusal, detail = self._record(row)
        if is_total(texts[0]) and not record["phones"] and record["unit"] is None:
            return None
        return record | {
            "row_number": row.number,
            "refusal": refusal,
            "refusal_detail": None if detail is None else detail[:_LONGEST],
        }

    def _record(self, row: Row) -> tuple[dict[str, Any], RowRefusal | None, str | None]:
        phones, unusable = self._phones(row)
        unit = None if is_nothing(self._text(row, UNIT)) else read_unit(self._cell(row, UNIT))
        values, problem = self._values(row)
        record: dict[str, Any] = {
            "name": self._name(row),
            "honorific": read_honorific(self._text(row, "honorific")),
            "language": self._language(row),
            "unit": unit,
            "phones": phones,
            "phone_given": "; ".join(self._each(row, PHONE))[:_LONGEST] or None,
            "variables": Jsonb(values),
        }
        return record, *self._refusal(row, record, unusable, problem)

    def _refusal(
        self,
        row: Row,
        record: Mapping[str, Any],
        unusable: RowRefusal | None,
        problem: tuple[RowRefusal, str] | None,
    ) -> tuple[RowRefusal | None, str | None]:
        community = self._text(row, "community")
        if not is_nothing(community) and community != self.community:
            return RowRefusal.OTHER_COMMUNITY, community
        if not record["phones"] and record["unit"] is None:
            return unusable or RowRefusal.NO_PHONE, record["phone_given"]
        if self._asked_not_to(row):
            return RowRefusal.ASKED_NOT_TO, None
        return (None, None) if problem is None else problem

    def _phones(self, row: Row) -> tuple[list[str], RowRefusal | None]:
        """Return the usable numbers, and why one that is there is not."""
        usable: dict[str, None] = {}
        refused: RowRefusal | None = None
        for place in self.by_field.get(PHONE, ()):
            read = read_phones(
                row.cells[place] if place < len(row.cells) else None, self.place.region
            )
            for phone in read.phones:
                rule = never_rung(phone)
                if rule is None:
                    usable[phone.e164] = None
                else:
                    refused = RowRefusal(rule.value)
            for text in read.unusable:
                refused = refused or _why_unusable(text, self.place.region)
        return list(usable), refused

    def _values(self, row: Row) -> tuple[dict[str, Any], tuple[RowRefusal, str] | None]:
        values: dict[str, Any] = {}
        for column in self.columns:
            if column.variable is None or column.place >= len(row.cells):
                continue
            variable = self.script.variables.get(column.variable)
            try:
                value = read_value(row.cells[column.place], variable, self.place)
            except VariableCellError as err:
                return values, (RowRefusal.BAD_VARIABLE, f"{column.title}: {err}")
            if value is not None:
                values[column.variable] = value
        lacking = missing_variable(self.script, values)
        return values, None if lacking is None else (RowRefusal.MISSING_VARIABLE, lacking)

    def _asked_not_to(self, row: Row) -> bool:
        text = self._text(row, "do_not_call")
        try:
            return read_yes(text) is True
        except CellError:
            return True  # whatever stands there was not written for nothing

    def _name(self, row: Row) -> str | None:
        text = self._text(row, "name")
        return None if is_nothing(text) else text[:_LONGEST]

    def _language(self, row: Row) -> str | None:
        try:
            return read_language(self._text(row, "language"))
        except CellError:
            return None

    def _cell(self, row: Row, name: str) -> Cell:
        places = self.by_field.get(name, ())
        return row.cells[places[0]] if places and places[0] < len(row.cells) else None

    def _text(self, row: Row, name: str) -> str:
        return as_text(self._cell(row, name))

    def _each(self, row: Row, name: str) -> list[str]:
        texts = (
            as_text(row.cells[place])
            for place in self.by_field.get(name, ())
            if place < len(row.cells)
        )
        return [text for text in texts if text]


def _why_unusable(text: str, region: str) -> RowRefusal:
    """Say why a text of a phone column is no number to ring."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return RowRefusal.INVALID_NUMBER
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    rule = never_rung(PhoneNumber(e164))
    return RowRefusal.INVALID_NUMBER if rule is None else RowRefusal(rule.value)
