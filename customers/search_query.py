"""What somebody typed into the search box: a name, part of a unit, a number, a reference."""

import re
from dataclasses import dataclass
from typing import Any

from customers.parsing.text import as_text
from customers.parsing.units import read_unit
from customers.spelling import plain, quoted

LONGEST = 80
_MOST_WORDS = 4
_FEWEST_DIGITS = 4  # of a number that is looked for by its beginning or its end
_BETWEEN_PARTS = re.compile(r"\s*(?:号楼|栋|幢|座|楼|#楼|#|单元|门)\s*-?\s*|\s*-\s*")
_AFTER_ROOM = re.compile(r"(?:室|号|房)$")
_PADDED = re.compile(r"(?:(?<=^)|(?<=-))0+(?=[0-9]+-)")
_ROOM = re.compile(r"[0-9]{2,5}[A-Z]?", re.ASCII)
_NUMBER = re.compile(r"[+0-9 ()\-./]+", re.ASCII)
_DIGIT = re.compile(r"[0-9]", re.ASCII)
_LAST = "\U0010ffff"  # sorts behind everything


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A query as it is looked for; empty texts look for nothing.

    `name` is lexemes' beginnings that must all be there; `unit` is how a label begins, `room` how
    it ends; `number` is a phone number as it was typed, `head` its digits as they may begin and
    `tail` as they may end.
    """

    text: str
    words: tuple[str, ...] = ()
    name: str = ""
    unit: str = ""
    room: str = ""
    number: str = ""
    tail: str = ""
    reference: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for."""
        return not (self.name or self.unit or self.number or self.reference)


def read_query(text: str) -> Asked:
    """Return what a query may mean; one that mixes words and numbers means both together."""
    asked = as_text(text)[:LONGEST].strip()
    parts = asked.split()[: _MOST_WORDS * 2]
    words = tuple(each for each in parts if not _DIGIT.search(each) and plain(each))[:_MOST_WORDS]
    rest = " ".join(each for each in parts if _DIGIT.search(each))
    digits = "".join(_DIGIT.findall(asked))
    is_number = bool(_NUMBER.fullmatch(asked)) and len(digits) >= _FEWEST_DIGITS
    unit = unit_head(rest)
    return Asked(
        text=asked,
        words=words,
        name=name_query(words),
        unit=unit,
        room=unit if _ROOM.fullmatch(unit) else "",
        number=asked if is_number else "",
        tail=digits if is_number else "",
        reference="" if words or len(rest) < _FEWEST_DIGITS - 1 else rest.upper(),
    )


def unit_head(text: str) -> str:
    """Return how the label of a unit begins that is written so far: `3栋2单元` is `3-2-`."""
    if not text:
        return ""
    whole = read_unit(text)
    if whole.count("-") > 1:
        return whole
    compact = _AFTER_ROOM.sub("", _BETWEEN_PARTS.sub("-", text.upper()))
    return _PADDED.sub("", compact).strip()


def name_query(words: tuple[str, ...]) -> str:
    """Return the words as a query of lexemes: each begins one, or all together do."""
    keys = [plain(each) for each in words]
    if not keys:
        return ""
    each = " & ".join(f"{quoted(key)}:*" for key in keys)
    joined = "".join(keys)
    return each if len(keys) == 1 else f"({each}) | {quoted(joined)}:*"


def span(prefix: str, name: str) -> dict[str, Any]:
    """Return the bounds, by bytes, of what begins with a text."""
    return {f"{name}_from": prefix, f"{name}_to": prefix + _LAST}
