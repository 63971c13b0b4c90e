"""Which file of several comes first: units come by contacts, and charges before their payments."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from customers.headers import HEADER_WITHIN, SheetKind, read_header, unknown_sheets
from customers.reading import open_sheets

# Units come by contacts and charges by charges, in whatever order files and sheets stand.
MERGE_ORDER = (
    SheetKind.CONTACTS,
    SheetKind.CHARGES,
    SheetKind.WORK_ORDERS,
    SheetKind.PAYMENTS,
)


def in_import_order(paths: Sequence[Path]) -> list[Path]:
    """Return the files with contacts first and payments last, otherwise as given.

    Raises:
        UnreadableFileError: one cannot be read, which is so told before any is imported.
        HeaderError: a header row contradicts itself.
        UnknownSheetsError: no sheet of one is of a known kind.
    """
    return sorted(paths, key=_rank)


def _rank(path: Path) -> int:
    ranks = []
    with open_sheets(path) as sheets:
        for sheet in sheets:
            headers = (
                read_header(row.number, row.cells) for row in islice(sheet.rows, HEADER_WITHIN)
            )
            ranks += [MERGE_ORDER.index(header.kind) for header in headers if header][:1]
    if not ranks:
        raise unknown_sheets(str(path))
    return min(ranks)
