"""The cells of a row as values of its script's variables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from callback.uploaded_columns import OF_THE_CALL
from callback.uploaded_model import UploadedListError
from core.money import Money
from customers.parsing.amounts import read_amount
from customers.parsing.dates import read_date
from customers.parsing.problems import CellError
from customers.parsing.text import Cell, as_text, is_nothing
from customers.parsing.words import read_yes
from scripts.language import Script, Variable
from scripts.plan import holds
from scripts.variables import VariableType

_LONGEST = 300
_BETWEEN_NAMES = ";"


class VariableCellError(UploadedListError):
    """A cell cannot be read as what the script's variable holds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RowPlace:
    """Where a list's rows are read: the region dates and phones are written in, the currency."""

    region: str
    currency: str


def needed_variables(script: Script) -> list[str]:
    """Return what every row must give, as the script says, beyond what the call itself gives."""
    return [
        name
        for name, variable in script.variables.items()
        if variable.default is None and variable.needed_if is None and name not in OF_THE_CALL
    ]


def missing_variable(script: Script, values: Mapping[str, Any]) -> str | None:
    """Return a variable the script would miss in a row of these values; None: it has all."""
    return next(
        (
            name
            for name, variable in script.variables.items()
            if name not in values
            and name not in OF_THE_CALL
            and variable.default is None
            and (variable.needed_if is None or holds(variable.needed_if, values.get))
        ),
        None,
    )


def refuse_unfilled(script: Script, columns: Iterable[str], titles: Iterable[str]) -> None:
    """Refuse a list none of whose columns gives a variable its script always needs.

    Raises:
        UploadedListError: says which variables, and how to name their columns.
    """
    given = set(columns)
    lacking = [name for name in needed_variables(script) if name not in given]
    if lacking:
        kinds = ", ".join(f"{name} ({script.variables[name].type})" for name in lacking)
        message = (
            f"script {script.name} speaks of {kinds}, and no column gives it; the columns are"
            f" {', '.join(titles)}; say which one does: --map COLUMN={lacking[0]}"
        )
        raise UploadedListError(message)


def read_value(cell: Cell, variable: Variable | None, place: RowPlace) -> Any:
    """Read a cell as the variable's type, text where the script knows none; None for a blank.

    Raises:
        VariableCellError: it cannot be that.
    """
    text = as_text(cell)
    if is_nothing(text):
        return None
    try:
        return _read(cell, text[:_LONGEST], variable, place)
    except (CellError, ValueError) as err:
        kind = VariableType.TEXT if variable is None else variable.type
        message = f"{text[:_LONGEST]!r} is no {kind}"
        raise VariableCellError(message) from err


def _read(cell: Cell, text: str, variable: Variable | None, place: RowPlace) -> Any:  # noqa: PLR0911 - one case a type
    match None if variable is None else variable.type:
        case VariableType.DATE:
            day = read_date(cell, place.region)
            return None if day is None else day.isoformat()
        case VariableType.TIME:
            return (cell if isinstance(cell, time) else time.fromisoformat(text)).isoformat(
                timespec="minutes"
            )
        case VariableType.DATETIME:
            return _moment(cell, text, place).isoformat(timespec="minutes")
        case VariableType.AMOUNT | VariableType.MONEY as kind:
            money = read_amount(cell, place.currency)
            return None if money is None else _money(money, kind)
        case VariableType.COUNT | VariableType.DAYS:
            return int(text)
        case VariableType.FLAG:
            return read_yes(text)
        case VariableType.NAMES:
            return [part.strip() for part in text.split(_BETWEEN_NAMES) if part.strip()]
        case _:
            return text


def _money(money: Money, kind: VariableType) -> Any:
    if kind is VariableType.AMOUNT:
        return money.amount_minor
    return {"amount_minor": money.amount_minor, "currency": money.currency}


def _moment(cell: Cell, text: str, place: RowPlace) -> datetime:
    """Read a local date and time: Excel's own, or a date and HH:MM with a space between."""
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None)
    day_text, _, time_text = text.replace("T", " ").rpartition(" ")
    day: date | None = read_date(day_text, place.region)
    if day is None:
        message = f"{text!r} has no date before its time"
        raise ValueError(message)
    return datetime.combine(day, time.fromisoformat(time_text))
