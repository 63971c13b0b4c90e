"""How a table's values read on a page; files hold the values themselves."""

from datetime import date, datetime
from typing import Any

from api.console import formats
from api.console.page import Page
from api.console.reports.model import Shape

_NOTHING = "–"


def shown(page: Page, shape: Shape, value: Any) -> str:  # noqa: PLR0911 - a table of shapes
    """Return a value as text; what is not known is a dash, never a nought."""
    if value is None:
        return _NOTHING
    match shape:
        case Shape.RATE:
            return f"{100 * value:.1f}%"
        case Shape.SPAN:
            return formats.timer(value)
        case Shape.SCORE:
            return f"{value:.2f}"
        case Shape.PRECISE:
            return f"{value:.4f}"
        case Shape.COUNT | Shape.MONEY:
            return f"{value:,}"
        case Shape.DAY:
            return formats.day(value, page.language) if isinstance(value, date) else str(value)
        case Shape.INSTANT:
            return _instant(page, value)
        case _:
            return str(value)


def _instant(page: Page, value: datetime) -> str:
    """Return a local instant by its own wall clock."""
    return f"{formats.day(value.date(), page.language)} {value:%H:%M}"
