"""The rejects workbook: every row an import left out, every cell it passed over, and why."""

from itertools import groupby
from pathlib import Path
from typing import Any

import openpyxl

from core.errors import OwnerlineError
from customers.export import text_cells
from customers.importing.model import Finding
from customers.model import Language
from customers.parsing.problems import explain

_HEADER = ("file", "sheet", "row", "column", "value", "reason")
_REJECTED, _LEFT_OUT = "rejected rows", "cells left out"


class RejectsNotWrittenError(OwnerlineError):
    """The rejects workbook cannot be written."""


class RejectsWorkbook:
    """Takes findings in the order of the files, one line a row, and writes them at the end.

    Lines go to a file as they come; nothing is written when there was nothing to tell.
    """

    def __init__(self, path: Path, *, language: Language = Language.MANDARIN) -> None:
        self._path = path
        self._language = language
        self._workbook = openpyxl.Workbook(write_only=True)
        self._sheets: dict[str, Any] = {}
        self._row: list[Finding] = []

    def add(self, finding: Finding) -> None:
        """Take one finding; those of one row follow each other."""
        if self._row and _place(self._row[0]) != _place(finding):
            self._write_row()
        self._row.append(finding)

    def close(self) -> Path | None:
        """Write the workbook and return where it is; None when there was nothing to tell.

        Raises:
            RejectsNotWrittenError: it cannot be written there.
        """
        self._write_row()
        if not self._sheets:
            return None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._workbook.save(self._path)
        except OSError as err:
            message = f"the rejects workbook {self._path} cannot be written: {err.strerror}"
            raise RejectsNotWrittenError(message) from err
        return self._path

    def _write_row(self) -> None:
        by_fate = sorted(self._row, key=lambda finding: not finding.rejected)
        for rejected, findings in groupby(by_fate, key=lambda finding: finding.rejected):
            sheet = self._sheet(_REJECTED if rejected else _LEFT_OUT)
            sheet.append(text_cells(sheet, self._line(list(findings))))
        self._row = []

    def _line(self, findings: list[Finding]) -> tuple[str | int, ...]:
        first = findings[0]
        return (
            first.file,
            first.sheet,
            first.row_number,
            "; ".join(finding.column for finding in findings),
            "; ".join(finding.value for finding in findings),
            "; ".join(explain(finding.problem, self._language) for finding in findings),
        )

    def _sheet(self, title: str) -> Any:
        if title not in self._sheets:
            sheet = self._sheets[title] = self._workbook.create_sheet(title)
            sheet.append(_HEADER)
        return self._sheets[title]


def _place(finding: Finding) -> tuple[str, str, int]:
    return finding.file, finding.sheet, finding.row_number
