"""The pages that the bar leads to, in its order."""

from dataclasses import dataclass

from api.model import Right


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """A page of the bar: who may open it, its words and its icon."""

    path: str
    right: Right
    words: str
    icon: str


DOORS: tuple[Door, ...] = ()
