"""Unit labels: every usual way to write building, entrance and room becomes `3-2-1201`."""

import re

from customers.parsing.text import Cell, as_text

_DASHES = re.compile("[‐‑‒–—―−－ーｰ﹣﹘]")
_PART = r"([0-9]{1,4}[A-Z]?)"
_HOUSE = r"([A-Z]?[0-9]{1,4}[A-Z]?|[A-Z])"
_BUILDING = r"(?:号楼|栋|幢|座|楼|#楼|#|-)"
_ENTRANCE = r"(?:单元|门|座|-)"
_SHAPES = (
    re.compile(rf"{_HOUSE}{_BUILDING}-?{_PART}{_ENTRANCE}-?{_PART}(?:室|号|房)?"),
    re.compile(
        rf"(?:BUILDING|BLDG|BLOCK) ?{_HOUSE},? ?(?:ENTRANCE|UNIT|STAIR) ?{_PART},? ?"
        rf"(?:ROOM|FLAT|APT|NO\.?) ?{_PART}"
    ),
)


def read_unit(cell: Cell) -> str:
    """Return the unit as `building-entrance-room` where it has that shape, else as given.

    Leading zeros of building and entrance fall away (`03栋02单元0301` is `3-2-0301`): they are
    padding there, and part of the number on a door.
    """
    text = _DASHES.sub("-", as_text(cell))
    compact = re.sub(r"\s*-\s*", "-", text).upper()
    for shape in _SHAPES:
        found = shape.fullmatch(compact) or shape.fullmatch(compact.replace(" ", ""))
        if found is not None:
            building, entrance, room = found.groups()
            return f"{_unpadded(building)}-{_unpadded(entrance)}-{room}"
    return re.sub(r"\s*-\s*", "-", text)


def _unpadded(part: str) -> str:
    return part.lstrip("0") or "0"
