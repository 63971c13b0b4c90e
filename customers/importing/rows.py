"""One row of a sheet read into the record its kind stages, with what was wrong in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from customers.headers import Header, SheetKind
from customers.parsing.amounts import read_amount
from customers.parsing.dates import read_date
from customers.parsing.phones import read_phones
from customers.parsing.problems import CellError, Problem
from customers.parsing.text import Cell, as_text, is_nothing, is_total
from customers.parsing.units import read_unit
from customers.parsing.words import (
    default_language,
    read_category,
    read_honorific,
    read_language,
    read_role,
    read_yes,
)
from customers.reading import Row

_LONGEST = 200
_LONGEST_NOTE = 4000
_IDENTITY_DIGITS = range(4, 9)

Value = str | int | bool | date | list[str] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What a community's rows are read by."""

    region: str
    currency: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """The known communities by name, and what a community not yet known will be made with."""

    known: Mapping[str, Place]
    default: Place

    def of(self, community: str) -> Place:
        """Return what the community's rows are read by."""
        return self.known.get(community, self.default)


@dataclass(frozen=True, kw_only=True, slots=True)
class CellFinding:
    """Something wrong with one cell: by field, with its text and whether the row is rejected."""

    field: str
    value: str
    problem: Problem
    rejected: bool


@dataclass(slots=True)
class Reader:
    """Reads the fields of one row, keeping what was wrong in `findings`."""

    header: Header
    cells: tuple[Cell, ...]
    findings: list[CellFinding] = field(default_factory=list)

    @property
    def rejected(self) -> bool:
        """Whether anything found so far makes the row unusable."""
        return any(finding.rejected for finding in self.findings)

    def cell(self, name: str) -> Cell:
        """Return the field's cell; None when the sheet or this row has none."""
        places = self.header.columns.get(name, ())
        return self.cells[places[0]] if places and places[0] < len(self.cells) else None

    def each(self, name: str) -> list[Cell]:
        """Return the cells of a field that several columns may feed."""
        places = self.header.columns.get(name, ())
        return [self.cells[place] for place in places if place < len(self.cells)]

    def needed(self, name: str) -> str:
        """Read a text the row cannot be without."""
        text = as_text(self.cell(name))
        if is_nothing(text):
            self.reject(name, text, Problem.MISSING)
        elif len(text) > _LONGEST:
            self.reject(name, text[:_LONGEST], Problem.TOO_LONG)
        return text

    def unit(self) -> str:
        """Read the unit's label."""
        self.needed("unit")
        return read_unit(self.cell("unit"))

    def text(self, name: str) -> str | None:
        """Read a short text; None for a blank."""
        text = as_text(self.cell(name))
        if len(text) > _LONGEST:
            self.reject(name, text[:_LONGEST], Problem.TOO_LONG)
        return None if is_nothing(text) else text

    def note(self, name: str) -> str | None:
        """Read a longer text that several columns may feed; None for a blank."""
        texts = [as_text(cell) for cell in self.each(name)]
        return "; ".join(text for text in texts if not is_nothing(text))[:_LONGEST_NOTE] or None

    def amount(self, name: str, currency: str) -> int | None:
        """Read an amount in minor units; an unreadable one rejects the row."""
        try:
            money = read_amount(self.cell(name), currency)
        except CellError as err:
            self.reject(name, as_text(self.cell(name)), err.problem)
            return None
        return None if money is None else money.amount_minor

    def day(self, name: str, region: str) -> date | None:
        """Read a date; an unreadable one rejects the row."""
        try:
            return read_date(self.cell(name), region)
        except CellError as err:
            self.reject(name, as_text(self.cell(name)), err.problem)
            return None

    def word(self, name: str, read: Callable[[str], Value]) -> Value:
        """Read a word of fixed meaning; an unknown one is left out and the row kept."""
        text = as_text(self.cell(name))
        try:
            return read(text)
        except CellError as err:
            self.leave_out(name, text, err.problem)
            return None

    def must_have(self, name: str, value: Value) -> None:
        """Reject the row when a needed value is blank."""
        if value is None and not any(finding.field == name for finding in self.findings):
            self.reject(name, as_text(self.cell(name)), Problem.MISSING)

    def reject(self, name: str, value: str, problem: Problem) -> None:
        """Note a cell that makes the row unusable."""
        self.findings.append(CellFinding(field=name, value=value, problem=problem, rejected=True))

    def leave_out(self, name: str, value: str, problem: Problem) -> None:
        """Note a cell that is left out of a row that is kept."""
        self.findings.append(CellFinding(field=name, value=value, problem=problem, rejected=False))


def is_data(header: Header, row: Row) -> bool:
    """Say whether the row is data: not blank, not a totals row, not the header once more."""
    texts = {
        name: as_text(row.cells[place])
        for name, places in header.columns.items()
        for place in places[:1]
        if place < len(row.cells)
    }
    if not any(texts.values()):
        return False
    if all(text in ("", header.titles[header.columns[n][0]]) for n, text in texts.items()):
        return False
    complete = all(texts.get(name) for name in header.needed)
    return complete or not any(is_total(as_text(cell)) for cell in row.cells)


def read_row(header: Header, row: Row, places: Places) -> tuple[dict[str, Value], Reader]:
    """Read a row by its kind; the record counts only when the reader has not rejected it."""
    reader = Reader(header, row.cells)
    return _READERS[header.kind](reader, places), reader


def _contact(reader: Reader, places: Places) -> dict[str, Value]:
    community, unit = reader.needed("community"), reader.unit()
    place = places.of(community)
    phones: dict[str, None] = {}
    for cell in reader.each("phones"):
        read = read_phones(cell, place.region)
        phones.update(dict.fromkeys(phone.e164 for phone in read.phones))
        for text in read.unusable:
            reader.leave_out("phones", text, Problem.NO_PHONE)
    return {
        "community": community,
        "unit": unit,
        "name": reader.needed("name"),
        "honorific": reader.word("honorific", read_honorific),
        "role": reader.word("role", read_role),
        "phones": list(phones),
        "moved_in": reader.day("moved_in", place.region),
        "vip": reader.word("vip", read_yes),
        "language": reader.word("language", read_language),
        "default_language": default_language(place.region),
        "do_not_call": reader.word("do_not_call", read_yes),
        "automatic_calls": reader.word("automatic_calls", read_yes),
        "identity_digits": _identity_digits(reader),
        "note": reader.note("note"),
    }


def _identity_digits(reader: Reader) -> str | None:
    text = reader.text("identity_digits")
    if text is None or (text.isascii() and text.isdigit() and len(text) in _IDENTITY_DIGITS):
        return text
    reader.leave_out("identity_digits", text, Problem.NO_IDENTITY_DIGITS)
    return None


def _charge(reader: Reader, places: Places) -> dict[str, Value]:
    community, unit = reader.needed("community"), reader.unit()
    place = places.of(community)
    amount = reader.amount("amount", place.currency)
    due_on = reader.day("due_on", place.region)
    reader.must_have("amount", amount)
    reader.must_have("due_on", due_on)
    currency = reader.text("currency")
    if currency is not None and currency.upper() != place.currency:
        reader.reject("currency", currency, Problem.OTHER_CURRENCY)
    return {
        "community": community,
        "unit": unit,
        "reference": reader.needed("reference"),
        "kind": reader.needed("kind"),
        "amount_minor": amount,
        "paid_minor": reader.amount("paid", place.currency),
        "late_fee_minor": reader.amount("late_fee", place.currency),
        "due_on": due_on,
        "note": reader.note("note"),
    }


def _work_order(reader: Reader, places: Places) -> dict[str, Value]:
    community, unit = reader.needed("community"), reader.unit()
    region = places.of(community).region
    reported_on, completed_on = (
        reader.day("reported_on", region),
        reader.day("completed_on", region),
    )
    reader.must_have("reported_on", reported_on)
    if reported_on is not None and completed_on is not None and completed_on < reported_on:
        reader.reject("completed_on", completed_on.isoformat(), Problem.COMPLETED_BEFORE_REPORTED)
    category = reader.text("category") or ""
    return {
        "community": community,
        "unit": unit,
        "reference": reader.needed("reference"),
        "category": read_category(category) if category else None,
        "category_as_given": category or None,
        "reported_on": reported_on,
        "completed_on": completed_on,
        "contractor": reader.text("contractor"),
        "in_warranty": reader.word("in_warranty", read_yes),
        "description": reader.note("description"),
    }


def _payment(reader: Reader, places: Places) -> dict[str, Value]:
    community = reader.text("community")
    place = places.of(community or "")
    amount = reader.amount("amount", place.currency)
    received_on = reader.day("received_on", place.region)
    reader.must_have("amount", amount or None)
    reader.must_have("received_on", received_on)
    return {
        "community": community,
        "reference": reader.needed("reference"),
        "amount_minor": amount,
        "received_on": received_on,
        "payment_reference": reader.text("payment_reference"),
    }


_READERS: Mapping[SheetKind, Callable[[Reader, Places], dict[str, Value]]] = {
    SheetKind.CONTACTS: _contact,
    SheetKind.CHARGES: _charge,
    SheetKind.WORK_ORDERS: _work_order,
    SheetKind.PAYMENTS: _payment,
}
