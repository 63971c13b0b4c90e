"""A contacts workbook of any size as Excel writes it: texts once in a table, cells point there."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_PART = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'

_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_PART}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_PART}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_PART}.sharedStrings+xml"/>'
        "</Types>"
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>"
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        '<sheets><sheet name="业主" sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>"
    ),
}
_HEADER = ("小区", "房号", "业主姓名", "联系电话", "入住日期", "身份")
_SHARED = ("2020-05-01", "业主")
_COMMUNITIES = 40


def write_contacts(path: Path, rows: int) -> int:
    """Write so many owners, a unit and a phone each, two phones in every tenth cell."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _PARTS.items():
            archive.writestr(name, _HEAD + text)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            _write(sheet, f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>')
            for number, places in enumerate(_places(rows), start=1):
                cells = "".join(
                    f'<c r="{column}{number}" t="s"><v>{place}</v></c>'
                    for column, place in zip("ABCDEF", places, strict=True)
                )
                _write(sheet, f'<row r="{number}">{cells}</row>')
            _write(sheet, "</sheetData></worksheet>")
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as table:
            _write(table, f'{_HEAD}<sst xmlns="{_MAIN}">')
            for text in _texts(rows):
                _write(table, f"<si><t>{text}</t></si>")
            _write(table, "</sst>")
    return rows


def _write(part: IO[bytes], text: str) -> None:
    part.write(text.encode())


def _places(rows: int) -> Iterator[tuple[int, ...]]:
    """Yield where the texts of each row stand in the table."""
    shared = len(_HEADER) + len(_SHARED)
    yield tuple(range(len(_HEADER)))
    for n in range(rows):
        own = shared + _COMMUNITIES + 3 * n
        yield (shared + n % _COMMUNITIES, own, own + 1, own + 2, shared - 2, shared - 1)


def _texts(rows: int) -> Iterator[str]:
    yield from _HEADER
    yield from _SHARED
    yield from (f"花园{n}" for n in range(_COMMUNITIES))
    for n in range(rows):
        yield f"{n // 1000 + 1}-1-{n % 1000 + 101}"
        yield f"业主{n}"
        yield f"138{n:08}" if n % 10 else f"138{n:08}/139{n:08}"
