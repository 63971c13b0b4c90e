"""Texts that cells share are read from disk, as they stand in the workbook."""

import zipfile
from pathlib import Path

import openpyxl
import pytest

from bench.workbook import write_contacts
from customers.reading import UnreadableFileError, open_sheets
from customers.reading_strings import TextTable

TEXTS = ["小区", "", "a\nb", "\ud800 half a pair", "x" * 5000]


def test_texts_come_back_by_their_place() -> None:
    table = TextTable(iter(TEXTS))
    assert len(table) == len(TEXTS)
    assert [table[place] for place in (4, 0, 3, 1, 2, 4)] == [TEXTS[n] for n in (4, 0, 3, 1, 2, 4)]
    assert table[1:3] == TEXTS[1:3]
    table.close()


def test_many_texts_come_back_from_a_file() -> None:
    texts = [f"业主{n}" * 20 for n in range(40_000)]
    table = TextTable(iter(texts))
    assert all(table[place] == texts[place] for place in range(0, 40_000, 997))
    table.close()


@pytest.mark.parametrize("place", [-1, 5])
def test_a_place_outside_the_table_is_an_error(place: int) -> None:
    table = TextTable(iter(TEXTS))
    with pytest.raises(IndexError, match=f"points to {place}"):
        table[place]
    table.close()


def test_a_workbook_reads_as_openpyxl_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "contacts.xlsx"
    write_contacts(path, 300)
    by_openpyxl = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
    assert _read(path) == [tuple(row) for row in by_openpyxl]


def test_a_cell_that_points_outside_the_table_is_a_damaged_workbook(tmp_path: Path) -> None:
    whole, damaged = tmp_path / "whole.xlsx", tmp_path / "damaged.xlsx"
    write_contacts(whole, 3)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(damaged, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet1.xml"):
                content = content.replace(b"<v>0</v>", b"<v>999</v>")
            target.writestr(name, content)
    with pytest.raises(UnreadableFileError, match="damaged"):
        _read(damaged)


def _read(path: Path) -> list[tuple[object, ...]]:
    with open_sheets(path) as sheets:
        return [row.cells for sheet in sheets for row in sheet.rows]
