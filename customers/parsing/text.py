"""Cells as text: one width, one kind of space, and the words that mean nothing was written."""

import re
import unicodedata
from datetime import date, datetime, time, timedelta

Cell = str | int | float | bool | datetime | date | time | timedelta | None

# What PostgreSQL or a spreadsheet cannot hold, and marks nobody sees (zero width, direction, BOM).
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060\ufeff\ufffe\uffff\ud800-\udfff]"
)
_SPACES = re.compile(r"\s+")
_NOTHING = frozenset(
    {"无", "没有", "暂无", "未知", "不详", "未填", "同上", "空", "-", "--", "---", "—", "——"}
    | {"/", "\\", ".", "*", "n/a", "na", "nil", "none", "null"}
)
_TOTALS = re.compile(
    r"(合\s?计|总\s?计|小\s?计|共计|累计|本页[小合]计)|(grand |sub-?)?totals?\b", re.IGNORECASE
)
_EXACT_FLOAT = 1e15


def as_text(cell: Cell) -> str:
    """Return the cell as one trimmed line in compatibility form (NFKC); empty for no value."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return _SPACES.sub(" ", _UNSEEN.sub("", unicodedata.normalize("NFKC", cell))).strip()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT_FLOAT:
        return str(int(cell))
    return str(cell)


def as_lines(cell: Cell) -> str:
    """Return the cell as text with its line breaks kept, for cells that hold several things."""
    if not isinstance(cell, str):
        return as_text(cell)
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", cell)).strip()


def is_nothing(text: str) -> bool:
    """Say whether the text only means that nothing is known (无, 同上, -)."""
    return text == "" or text.casefold() in _NOTHING


def is_total(text: str) -> bool:
    """Say whether the text begins as the mark of a totals row (合计, 小计, Total)."""
    return _TOTALS.match(text) is not None
