"""What the document that an owner hears waits for, as the book keeps it beside the document."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from customers.model import Language
from scripts.model import Ask, Turn


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A turn without its words; one with neither `ask` nor `queue` is the last word.

    `pound`: the # that ends an entry may still come, and means nothing. `agains`: how often
    Twilio went to the fallback with this document.
    """

    language: Language
    ask: Ask | None = None
    queue: str | None = None  # of agents: they are put through next
    room: str | None = None  # they are being put into it
    pound: bool = False
    is_machines: bool = False
    agains: int = 0


_PAGE = TypeAdapter(Page)


def page_of(turn: Turn, *, pound: bool = False, is_machines: bool = False) -> Page:
    """Return what a turn waits for."""
    return Page(
        language=turn.language,
        ask=turn.ask,
        queue=None if turn.transfer is None else turn.transfer.queue,
        pound=pound,
        is_machines=is_machines,
    )


def written(page: Page) -> dict[str, Any]:
    """Return the page as JSON, without what is as usual."""
    told: dict[str, Any] = _PAGE.dump_python(page, mode="json", exclude_defaults=True)
    return told


def read(kept: Mapping[str, Any]) -> Page:
    """Make a page whole again."""
    return _PAGE.validate_python(kept)
