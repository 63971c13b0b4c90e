"""Which kind of customer data a sheet holds, told by its header row; the words are data."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from core.errors import OwnerlineError
from customers.parsing.text import Cell, as_text

HEADER_WITHIN = 20
_DECORATION = re.compile(r"[\s_*:：/'\"-]|\([^)]*\)|\[[^\]]*\]|【[^】]*】")


class HeaderError(OwnerlineError):
    """The header row does not say clearly what its columns hold."""


class UnknownSheetsError(OwnerlineError):
    """No sheet of the file has a header row that names what its columns hold."""


class SheetKind(StrEnum):
    """What the rows of a sheet are."""

    CONTACTS = "contacts"
    CHARGES = "charges"
    WORK_ORDERS = "work-orders"
    PAYMENTS = "payments"


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """Where each field stands in a sheet's rows, as its header row says."""

    kind: SheetKind
    row_number: int
    columns: Mapping[str, tuple[int, ...]]
    needed: frozenset[str]
    titles: Sequence[str]
    unknown_titles: tuple[str, ...]

    def title_of(self, field: str) -> str:
        """Return the header of a field's first column as the sheet writes it."""
        return self.titles[self.columns[field][0]] if field in self.columns else field


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    needs: frozenset[str]
    fields: Mapping[str, str]
    many: frozenset[str]


def read_header(row_number: int, cells: Iterable[Cell]) -> Header | None:
    """Read a row as a header row; None when it names too little of any kind.

    Raises:
        HeaderError: two columns name one field, or the row fits two kinds alike.
    """
    titles = tuple(as_text(cell) for cell in cells)
    fits = [
        header
        for kind, words in _vocabulary().items()
        if (header := _as_kind(kind, words, row_number, titles)) is not None
    ]
    if not fits:
        return None
    if {SheetKind.CHARGES, SheetKind.WORK_ORDERS} <= {header.kind for header in fits}:
        message = (
            f"row {row_number} fits charges and work orders alike"
            f" ({', '.join(filter(None, titles))}); put them on two sheets"
        )
        raise HeaderError(message)
    header = fits[0]
    for field, places in header.columns.items():
        if len(places) > 1 and field not in _vocabulary()[header.kind].many:
            twice = " and ".join(repr(titles[place]) for place in places)
            message = f"row {row_number} has two columns for {field}: {twice}; keep one of them"
            raise HeaderError(message)
    return header


def contact_field(title: str) -> str | None:
    """Return which field of a contact a column's title names; None when it names none."""
    return _vocabulary()[SheetKind.CONTACTS].fields.get(_plain(title))


def same_title(one: str, other: str) -> bool:
    """Say whether two titles are one, spaces, case and decoration apart."""
    return _plain(one) == _plain(other)


def unknown_sheets(file: str) -> UnknownSheetsError:
    """Return the refusal of a file: which columns would have made which kind."""
    kinds = "; ".join(
        f"{kind}: "
        + " + ".join(_first_words(words, field) for field in _in_order(words.needs, words.fields))
        for kind, words in _vocabulary().items()
    )
    return UnknownSheetsError(
        f"{file}: none of the first {HEADER_WITHIN} rows of any visible sheet names known columns;"
        f" a sheet needs one of: {kinds}"
    )


def _as_kind(
    kind: SheetKind, words: _Words, row_number: int, titles: tuple[str, ...]
) -> Header | None:
    columns: dict[str, tuple[int, ...]] = {}
    unknown = []
    for place, title in enumerate(titles):
        field = words.fields.get(_plain(title))
        if field is not None:
            columns[field] = (*columns.get(field, ()), place)
        elif title:
            unknown.append(title)
    if not words.needs <= columns.keys():
        return None
    return Header(
        kind=kind,
        row_number=row_number,
        columns=columns,
        needed=words.needs,
        titles=titles,
        unknown_titles=tuple(unknown),
    )


@cache
def _vocabulary() -> dict[SheetKind, _Words]:
    raw: dict[str, Any] = yaml.safe_load(
        files("customers").joinpath("headers.yaml").read_text(encoding="utf-8")
    )
    return {SheetKind(kind): _words(entry) for kind, entry in raw.items()}


def _words(entry: dict[str, Any]) -> _Words:
    fields: dict[str, str] = {}
    many = set()
    for field, words in entry["fields"].items():
        if isinstance(words, dict):
            many.add(field)
        for word in words["words"] if isinstance(words, dict) else words:
            fields[_plain(str(word))] = field
    return _Words(needs=frozenset(entry["needs"]), fields=fields, many=frozenset(many))


def _plain(title: str) -> str:
    return _DECORATION.sub("", as_text(title).casefold())


def _in_order(needs: frozenset[str], fields: Mapping[str, str]) -> list[str]:
    return [field for field in dict.fromkeys(fields.values()) if field in needs]


def _first_words(words: _Words, field: str) -> str:
    named = [word for word, its_field in words.fields.items() if its_field == field]
    english = next((word for word in named if word.isascii()), named[0])
    return f"{named[0]} ({english})"
