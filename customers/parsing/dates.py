"""Dates: Excel's own, Chinese, ISO and slashes, and bare serial numbers in a plausible range."""

import re
from datetime import date, datetime, time, timedelta

from customers.parsing.problems import CellError, Problem
from customers.parsing.text import Cell, as_text, is_nothing

# Excel counts days from here (its 1900 is wrongly a leap year; ECMA-376 part 1, 18.17.4.1).
_EXCEL_EPOCH = date(1899, 12, 30)
_EARLIEST, _LATEST = date(1900, 1, 1), date(2199, 12, 31)
_FIRST_SERIAL, _LAST_SERIAL = 18264, 73050  # 1950-01-01 to 2099-12-31
_NO_DATE = frozenset({"未入住", "未完工", "未收楼", "未定", "待定", "0"})
# Where an all-number date is written month first (CLDR short date patterns).
_MONTH_FIRST = frozenset({"US", "PH", "PW", "FM", "MH", "PR", "GU", "VI", "AS"})

_TIME = (
    r"(?:[T ]+[0-9]{1,2}[:时点][0-9]{1,2}(?:[:分][0-9]{1,2}(?:\.[0-9]+)?秒?|分)?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_YEAR_FIRST = re.compile(
    rf"([0-9]{{4}})\s*[-/.年]\s*([0-9]{{1,2}})\s*[-/.月]\s*([0-9]{{1,2}})\s*[日号]?{_TIME}"
)
_COMPACT = re.compile(r"([12][0-9]{3})([0-9]{2})([0-9]{2})")
_YEAR_LAST = re.compile(rf"([0-9]{{1,2}})[-/.]([0-9]{{1,2}})[-/.]([0-9]{{4}}){_TIME}")
_NAMED = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%b %d %Y", "%B %d %Y")


def read_date(cell: Cell, region: str) -> date | None:
    """Read a day as written in the region; None for a blank.

    `03/04/2026` is the third of April, except where the month comes first (US).

    Raises:
        CellError: the cell is no day between 1900 and 2199.
    """
    if isinstance(cell, datetime):
        return _plausible(cell.date(), as_text(cell))
    if isinstance(cell, date):
        return _plausible(cell, as_text(cell))
    text = as_text(cell)
    if is_nothing(text) or text in _NO_DATE:
        return None
    if isinstance(cell, bool | time | timedelta):
        raise _unreadable(text)
    return _plausible(_from_text(text, region), text)


def _from_text(text: str, region: str) -> date:
    try:
        for shape in (_YEAR_FIRST, _COMPACT):
            if found := shape.fullmatch(text):
                return date(*(int(part) for part in found.groups()))
        if found := _YEAR_LAST.fullmatch(text):
            first, second, year = (int(part) for part in found.groups())
            month, day = (first, second) if region in _MONTH_FIRST else (second, first)
            return date(year, month, day)
    except ValueError as err:
        raise _unreadable(text) from err
    if re.fullmatch(r"[0-9]{5}(\.[0-9]+)?", text):
        serial = int(float(text))
        if _FIRST_SERIAL <= serial <= _LAST_SERIAL:
            return _EXCEL_EPOCH + timedelta(days=serial)
    return _named_month(text)


def _named_month(text: str) -> date:
    for form in _NAMED:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise _unreadable(text)


def _plausible(day: date, text: str) -> date:
    if not _EARLIEST <= day <= _LATEST:
        raise _unreadable(text)
    return day


def _unreadable(text: str) -> CellError:
    return CellError(Problem.NO_DATE, text)
