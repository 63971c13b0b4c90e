"""A workbook's table of texts, kept on disk: cells point into it, and it grows with the file."""

import tempfile
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import IO, cast, overload

from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

_TEXT = f"{{{SHEET_MAIN_NS}}}si"
_IN_MEMORY = 4 * 1024 * 1024  # bytes of text that need no file
_REMEMBERED = 4096  # texts that many cells share: a kind of charge, a community, yes


class TextTable(Sequence[str]):
    """The texts in their order; a temporary file of nobody else's holds them once they are many."""

    def __init__(self, texts: Iterator[str]) -> None:
        # Closed with the reader, not with a block: rows are read long after the table.
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._ends = array("Q")
        self.at = lru_cache(maxsize=_REMEMBERED)(self._read)
        end = 0
        for text in texts:
            end += self._file.write(text.encode("utf-8", "surrogatepass"))
            self._ends.append(end)

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self.at(place) for place in range(*index.indices(len(self)))]
        return self.at(index)

    def close(self) -> None:
        """Drop the texts."""
        self._file.close()

    def _read(self, index: int) -> str:
        if not 0 <= index < len(self._ends):
            message = f"the workbook has {len(self._ends)} texts, and a cell points to {index}"
            raise IndexError(message)
        start = self._ends[index - 1] if index else 0
        self._file.seek(start)
        return self._file.read(self._ends[index] - start).decode("utf-8", "surrogatepass")


class StreamingReader(ExcelReader):
    """openpyxl's reader, with the texts on disk."""

    _table: TextTable | None = None

    def read_strings(self) -> None:
        """Read the table of texts; openpyxl calls this before it reads the sheets."""
        part = self.package.find(SHARED_STRINGS)  # type: ignore[no-untyped-call]  # openpyxl's own
        if part is not None:
            with self.archive.open(part.PartName[1:]) as source:
                self._table = TextTable(_texts(source))
            self.shared_strings = cast("list[str]", self._table)  # it asks for texts by place only

    def close(self) -> None:
        """Let go of the file and of the texts."""
        self.archive.close()
        if self._table is not None:
            self._table.close()


def _texts(source: IO[bytes]) -> Iterator[str]:
    events = iterparse(source, events=("start", "end"))
    _, root = next(events)
    for event, node in events:
        if event == "end" and node.tag == _TEXT:
            text = Text.from_tree(node)
            yield "" if text is None else text.content.replace("x005F_", "")
            root.clear()  # what was read is forgotten, and that it was there
