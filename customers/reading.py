"""Workbooks and CSV files read as a stream of rows, in memory that does not grow with the file."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import OwnerlineError
from customers.parsing.text import Cell

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TEXT_ENDINGS = frozenset({".csv", ".txt", ".tsv"})
_SHEET_ENDINGS = frozenset({".xlsx", ".xlsm"})


class UnreadableFileError(OwnerlineError):
    """The file cannot be read as a workbook or as comma-separated text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The most a file may hold; more is refused before it fills memory or disk."""

    uncompressed_bytes: int = 4 * 1024**3
    rows: int = 2_000_000
    columns: int = 512
    cell_characters: int = 32_767  # Excel's own limit on a cell's text


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet; the number is the one Excel shows, from 1."""

    sheet: str
    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """A sheet being read; its rows come once, in order."""

    name: str
    rows: Iterator[Row]


@contextmanager
def open_sheets(path: Path, limits: Limits | None = None) -> Iterator[Iterator[Sheet]]:
    """Open a workbook or text file and give its visible sheets in order; a text file is one.

    Hidden sheets are not read: what nobody sees nobody has checked. Read each sheet before
    asking for the next.

    Raises:
        UnreadableFileError: it is missing, empty, encrypted, damaged, too big, or something else.
    """
    from customers import reading_text, reading_xlsx  # noqa: PLC0415 - both build on this module

    within = limits or Limits()
    start = _first_bytes(path)
    if start.startswith(_ZIP):
        with _naming(path), reading_xlsx.sheets(path, within) as sheets:
            yield sheets
    elif start.startswith(_OLE):
        message = (
            f"{path} is an encrypted workbook or one of before 2007 (.xls);"
            " open it and save it without a password as .xlsx"
        )
        raise UnreadableFileError(message)
    elif path.suffix.lower() in _TEXT_ENDINGS:
        with _naming(path), reading_text.sheets(path, within) as sheets:
            yield sheets
    else:
        what = "a damaged workbook" if path.suffix.lower() in _SHEET_ENDINGS else "no workbook"
        message = f"{path} is {what}; give an .xlsx workbook or a .csv file"
        raise UnreadableFileError(message)


def checked(row: Row, limits: Limits) -> Row:
    """Return the row when it is within the limits.

    Raises:
        UnreadableFileError: it is too wide, too far down, or a cell is too long.
    """
    where = f"sheet {row.sheet!r}, row {row.number}"
    if row.number > limits.rows:
        message = f"{where}: more than {limits.rows} rows; split the file"
        raise UnreadableFileError(message)
    if len(row.cells) > limits.columns:
        message = f"{where}: more than {limits.columns} columns; is it the right file?"
        raise UnreadableFileError(message)
    for cell in row.cells:
        if isinstance(cell, str) and len(cell) > limits.cell_characters:
            message = f"{where}: a cell of {len(cell)} characters; {limits.cell_characters} is most"
            raise UnreadableFileError(message)
    return row


def _first_bytes(path: Path) -> bytes:
    if path.is_dir():
        message = f"{path} is a folder; name the files in it"
        raise UnreadableFileError(message)
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except FileNotFoundError as err:
        message = f"{path} does not exist; check the name"
        raise UnreadableFileError(message) from err
    except OSError as err:
        message = f"{path} cannot be opened: {err.strerror}"
        raise UnreadableFileError(message) from err
    if not start:
        message = f"{path} is empty"
        raise UnreadableFileError(message)
    return start


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except UnreadableFileError as err:
        if str(path) in str(err):
            raise
        message = f"{path}: {err}"
        raise UnreadableFileError(message) from err
    except (zipfile.BadZipFile, UnicodeDecodeError) as err:
        message = f"{path} is damaged: {err}"
        raise UnreadableFileError(message) from err
