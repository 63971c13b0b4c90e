"""Workbooks (.xlsx) streamed sheet by sheet."""

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl.utils.exceptions import InvalidFileException

from customers.reading import Limits, Row, Sheet, UnreadableFileError, checked
from customers.reading_strings import StreamingReader

_DAMAGED = (KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError, ParseError)


@contextmanager
def sheets(path: Path, limits: Limits) -> Iterator[Iterator[Sheet]]:
    """Give the workbook's visible sheets, with the values formulas had when it was saved."""
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > limits.uncompressed_bytes:
        message = f"{path} unpacks to {unpacked} bytes; {limits.uncompressed_bytes} is the most"
        raise UnreadableFileError(message)
    with warnings.catch_warnings():
        # openpyxl warns of styles and extensions it drops; only values matter here.
        warnings.simplefilter("ignore", UserWarning)
        try:
            reader = StreamingReader(path, read_only=True, data_only=True)
            reader.read()
        except (*_DAMAGED, InvalidFileException) as err:
            message = f"{path} is a damaged workbook, or no workbook: {err}"
            raise UnreadableFileError(message) from err
        try:
            yield (
                Sheet(name=sheet.title, rows=_rows(sheet, limits))
                for sheet in reader.wb.worksheets
                if sheet.sheet_state == "visible"
            )
        finally:
            reader.close()


def _rows(sheet: Any, limits: Limits) -> Iterator[Row]:
    sheet.reset_dimensions()  # some programs write a wrong one, which would cut columns off
    try:
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            yield checked(Row(sheet.title, number, tuple(cells)), limits)
    except (*_DAMAGED, zipfile.BadZipFile) as err:
        message = f"sheet {sheet.title!r} is damaged: {err}"
        raise UnreadableFileError(message) from err
