"""Amounts: money as people write it, read exactly."""

import re
from decimal import Decimal, InvalidOperation
from functools import cache

from babel.numbers import list_currencies

from core.money import Money
from customers.parsing.problems import CellError, Problem
from customers.parsing.text import Cell, as_text, is_nothing

_MARKS: dict[str, frozenset[str]] = {
    "¥": frozenset({"CNY", "JPY"}),
    "元": frozenset({"CNY"}),
    "圆": frozenset({"CNY"}),
    "人民币": frozenset({"CNY"}),
    "RMB": frozenset({"CNY"}),
    "円": frozenset({"JPY"}),
    "$": frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD"}),
    "US$": frozenset({"USD"}),
    "HK$": frozenset({"HKD"}),
    "£": frozenset({"GBP"}),
    "€": frozenset({"EUR"}),
}
_SHAPE = re.compile(r"(?P<before>[^0-9.+]*)(?P<number>[0-9][0-9,. ']*|\.[0-9]+)(?P<after>[^0-9]*)")
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?|[0-9]+(\.[0-9]*)?|\.[0-9]+")
_MOST = Decimal(10) ** 12


def read_amount(cell: Cell, currency: str) -> Money | None:
    """Read an amount in the currency, rounded half up to its minor unit; None for a blank.

    A float is read by its shortest text, so 4761.98 is 4761.98 and not its binary neighbor.

    Raises:
        CellError: the cell is no amount, is in another currency, or is below zero.
    """
    text = as_text(cell)
    if is_nothing(text):
        return None
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise _unreadable(text)
    number = Decimal(repr(cell)) if isinstance(cell, int | float) else _decimal(text, currency)
    if not number.is_finite() or number >= _MOST:
        raise _unreadable(text)
    if number < 0:
        raise CellError(Problem.NEGATIVE_AMOUNT, text)
    return Money.from_decimal(number, currency)


def _decimal(text: str, currency: str) -> Decimal:
    signless = text.replace("−", "-")
    negative = signless.startswith("-") or (signless.startswith("(") and signless.endswith(")"))
    body = signless.strip("()-+ ") if negative else signless.lstrip("+ ")
    found = _SHAPE.fullmatch(body)
    if found is None:
        raise _unreadable(text)
    marks = [mark.strip().upper() for mark in (found["before"].rstrip("-"), found["after"])]
    negative = negative or found["before"].endswith("-")
    for mark in marks:
        _same_currency(mark.rstrip("整").strip(), currency, text)
    digits = re.sub(r"[ ']", "", found["number"])
    if _GROUPED.fullmatch(digits) is None:
        raise _unreadable(text)
    try:
        number = Decimal(digits.replace(",", ""))
    except InvalidOperation as err:
        raise _unreadable(text) from err
    return -number if negative else number


def _same_currency(mark: str, currency: str, text: str) -> None:
    if mark in ("", currency):
        return
    known = frozenset({mark}) if mark in _currencies() else _MARKS.get(mark)
    if known is None:
        raise _unreadable(text)
    if currency not in known:
        raise CellError(Problem.OTHER_CURRENCY, text)


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


def _unreadable(text: str) -> CellError:
    return CellError(Problem.NO_AMOUNT, text)
