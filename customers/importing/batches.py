"""The sheets of a file as batches of rows ready to be staged, counted while they are read."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from customers.headers import HEADER_WITHIN, Header, SheetKind, read_header
from customers.importing.rows import Places, is_data, read_row
from customers.reading import Row, Sheet

BATCH = 2000


@dataclass(slots=True)
class Tally:
    """How many rows of a kind were read, and how many of them could not be used."""

    rows: int = 0
    rejected: int = 0


@dataclass(slots=True)
class Batch:
    """Rows to stage by kind, and what was wrong in the rows read with them."""

    rows: dict[SheetKind, list[dict[str, Any]]] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class FileReader:
    """Reads a file's sheets once, keeping what it found of headers, counts and things to say."""

    file: str
    places: Places
    headers: dict[str, Header] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    tallies: dict[SheetKind, Tally] = field(default_factory=dict)
    last_seq: int = 0

    @property
    def rows(self) -> int:
        """How many rows were read so far."""
        return sum(tally.rows for tally in self.tallies.values())

    def batches(self, sheets: Iterator[Sheet]) -> Iterator[Batch]:
        """Yield the rows of every sheet with a known header row.

        Raises:
            HeaderError: a header row contradicts itself.
            UnreadableFileError: the file is damaged or too big.
        """
        for sheet in sheets:
            header = self._find_header(sheet)
            if header is None:
                continue
            data = (row for row in sheet.rows if is_data(header, row))
            while rows := list(itertools.islice(data, BATCH)):
                yield self._read(header, rows)

    def _find_header(self, sheet: Sheet) -> Header | None:
        blank = True
        for row in itertools.islice(sheet.rows, HEADER_WITHIN):
            blank = blank and not any(row.cells)
            header = read_header(row.number, row.cells)
            if header is not None:
                self.headers[sheet.name] = header
                self.tallies.setdefault(header.kind, Tally())
                if header.unknown_titles:
                    unread = ", ".join(header.unknown_titles)
                    self.notes.append(f"sheet {sheet.name!r}: columns not read: {unread}")
                return header
        if not blank:
            self.notes.append(f"sheet {sheet.name!r}: not read, no known header row")
        return None

    def _read(self, header: Header, rows: list[Row]) -> Batch:
        batch, tally = Batch(), self.tallies[header.kind]
        for row in rows:
            self.last_seq += 1
            place = {"seq": self.last_seq, "sheet": row.sheet, "row_number": row.number}
            record, reader = read_row(header, row, self.places)
            batch.findings += [
                {
                    "kind": header.kind,
                    **place,
                    "field": finding.field,
                    "value": finding.value,
                    "problem": finding.problem,
                    "rejected": finding.rejected,
                }
                for finding in reader.findings
            ]
            tally.rows += 1
            if reader.rejected:
                tally.rejected += 1
            else:
                batch.rows.setdefault(header.kind, []).append(place | record)
        return batch
