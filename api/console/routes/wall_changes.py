"""What a look at the floor changes on a page, made once for all whose pages stand alike.

A part is told as its lines; one that the page has already, by where it stood there: rows are lines.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Lines = Mapping[str, Sequence[str]]  # of each part


@dataclass(slots=True)
class _Look:
    number: int
    lines: Lines
    told: dict[int, str] = field(default_factory=dict)  # by the look that a page shows


class Changes:
    """The last two looks in one language, and what lies between them."""

    def __init__(self) -> None:
        self._last = _Look(number=0, lines={})
        self._before = self._last

    def since(self, shown: int, number: int, texts: Mapping[str, str]) -> str:
        """Return as a JSON object the parts that a look changed.

        Args:
            shown: the number of the look a page shows; 0 or one of long ago: all is told.
            number: the look's own, never less than an earlier call's.
            texts: its parts.
        """
        if number != self._last.number:
            lines = {name: text.split("\n") for name, text in texts.items()}
            self._before, self._last = self._last, _Look(number=number, lines=lines)
        told = self._last.told.get(shown)
        if told is None:
            before = self._before.lines if shown == self._before.number else {}
            told = self._last.told[shown] = json.dumps(
                {
                    name: _against(before.get(name, ()), lines)
                    for name, lines in self._last.lines.items()
                    if before.get(name) != lines
                },
                ensure_ascii=False,
            )
        return told


def _against(before: Sequence[str], lines: Sequence[str]) -> list[str | int]:
    """Return lines, those that were there before by where they stood."""
    places = {line: place for place, line in enumerate(before)}
    return [places.get(line, line) for line in lines]
