"""Phone cells: several numbers in one cell, written in every way a keyboard allows."""

import re
from dataclasses import dataclass

from core.phone import PhoneNumber, PhoneNumberError
from customers.parsing.text import Cell, as_lines, is_nothing

_BETWEEN = re.compile(r"[;,、/|\n\r\t。]|(?:或|和|及)")
_LABEL = re.compile(r"^[^0-9+()]{1,12}[::]?\s*|[((][^0-9()()]{1,12}[))]")
_MOST_PHONES = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadPhones:
    """The usable numbers of a cell in their order, and the texts that were none."""

    phones: tuple[PhoneNumber, ...]
    unusable: tuple[str, ...]


def read_phones(cell: Cell, region: str) -> ReadPhones:
    """Read every number of a cell as written in the region; 无 and 同上 are no number.

    Numbers are parted by `; , 、 / |` or a line break, and by spaces when each part is a whole
    number by itself, so `139 5356 9041` is one number.
    """
    phones: dict[PhoneNumber, None] = {}
    unusable: list[str] = []
    for part in _BETWEEN.split(as_lines(cell)):
        text = part.strip()
        if is_nothing(text):
            continue
        found = _numbers(text, region)
        if not found:
            unusable.append(text)
        phones.update(dict.fromkeys(found))
    kept = tuple(phones)
    return ReadPhones(
        phones=kept[:_MOST_PHONES],
        unusable=(*unusable, *(phone.e164 for phone in kept[_MOST_PHONES:])),
    )


def _numbers(text: str, region: str) -> list[PhoneNumber]:
    whole = _number(text, region)
    if whole is not None:
        return [whole]
    parts = text.split()
    if len(parts) > 1:
        each = [_number(part, region) for part in parts]
        known = [number for number in each if number is not None]
        if len(known) == len(each):
            return known
    bare = _LABEL.sub("", text).strip()
    if bare and bare != text:
        return _numbers(bare, region)
    return []


def _number(text: str, region: str) -> PhoneNumber | None:
    # Excel's number cells come as 13620327112.0; 0086 is what Chinese keyboards write for +86.
    digits = re.sub(r"^(\d{5,})\.0+$", r"\1", text)
    digits = re.sub(r"^\(?00\)?(?=[1-9])", "+", digits)
    try:
        return PhoneNumber.parse(digits, region)
    except PhoneNumberError:
        return None
