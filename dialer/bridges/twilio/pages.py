"""What the document that an owner hears waits for, as the book keeps it beside the document."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from scripts.model import Ask, Turn


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What a document says, or where it leads.

    The turn has its words only where it may have to be said again: `pound`, the # that ends an
    entry may still come and means nothing. `agains`: how often Twilio went to the fallback.
    """

    turn: Turn | None = None
    room: str | None = None  # they are being put into it
    pound: bool = False
    is_machines: bool = False
    agains: int = 0

    @property
    def ask(self) -> Ask | None:
        """The answer that is waited for."""
        return None if self.turn is None else self.turn.ask


_PAGE = TypeAdapter(Page)


def page_of(turn: Turn, *, pound: bool = False, is_machines: bool = False) -> Page:
    """Return what a turn waits for."""
    kept = turn if pound else replace(turn, say=())
    return Page(turn=kept, pound=pound, is_machines=is_machines)


def written(page: Page) -> dict[str, Any]:
    """Return the page as JSON, without what is as usual."""
    told: dict[str, Any] = _PAGE.dump_python(page, mode="json", exclude_defaults=True)
    return told


def read(kept: Mapping[str, Any]) -> Page:
    """Make a page whole again."""
    return _PAGE.validate_python(kept)
