"""Comma-separated text as one sheet: its encoding and delimiter found, its records streamed."""

import codecs
import csv
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from customers.headers import HEADER_WITHIN, HeaderError, read_header
from customers.reading import Limits, Row, Sheet, UnreadableFileError, checked

_MARKED = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNMARKED = ("utf-8", "gb18030")
_CHUNK = 1 << 20
_DELIMITERS = (",", ";", "\t")


@contextmanager
def sheets(path: Path, limits: Limits) -> Iterator[Iterator[Sheet]]:
    """Give the text file as its only sheet, named after the file."""
    if path.stat().st_size > limits.uncompressed_bytes:
        message = f"{path} is larger than {limits.uncompressed_bytes} bytes; split it"
        raise UnreadableFileError(message)
    encoding = _encoding(path)
    delimiter = _delimiter(path, encoding, limits)
    with path.open(encoding=encoding, newline="") as file:
        yield iter([Sheet(name=path.stem, rows=_rows(path.stem, file, delimiter, limits))])


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    for mark, encoding in _MARKED:
        if start.startswith(mark):
            return encoding
    for encoding in _UNMARKED:
        if _decodes(path, encoding):
            return encoding
    message = f"{path} is neither UTF-8, UTF-16 nor GB18030 text; save it again as CSV UTF-8"
    raise UnreadableFileError(message)


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                if b"\0" in chunk:
                    return False
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(path: Path, encoding: str, limits: Limits) -> str:
    """Return the delimiter that makes a header row of one of the first rows.

    Of rows that are no known header, the delimiter that parts the first one most.
    """
    widths: dict[str, int] = {}
    for delimiter in _DELIMITERS:
        with path.open(encoding=encoding, newline="") as file:
            for row in itertools.islice(_rows("", file, delimiter, limits), HEADER_WITHIN):
                try:
                    if read_header(row.number, row.cells) is not None:
                        return delimiter
                except HeaderError:
                    return delimiter
                if any(str(cell or "").strip() for cell in row.cells):
                    widths.setdefault(delimiter, len(row.cells))
    return max(_DELIMITERS, key=lambda delimiter: widths.get(delimiter, 0))


def _rows(name: str, file: TextIO, delimiter: str, limits: Limits) -> Iterator[Row]:
    records = csv.reader(file, delimiter=delimiter)
    try:
        for number, cells in enumerate(records, start=1):
            yield checked(Row(name, number, tuple(cells)), limits)
    except csv.Error as err:
        message = f"line {records.line_num}: {err}; is a quotation mark left open?"
        raise UnreadableFileError(message) from err
