"""The houses on the page where one signs in: a picture made of rows of windows.

A digit is how bright a window is, as the heat maps of the reports have it; the ground floor first.
"""

from collections.abc import Iterator
from dataclasses import dataclass

WIDTH, HEIGHT = 334, 330
_GROUND, _ACROSS, _UP = 311, 22, 19
_HOUSES = (
    (0, "0000 0041 0002 1100 4110 0202 0240 1100 1000"),
    (
        112,
        "10000 11224 10401 10111 04040 04010 44202 00011 00200 04021 "  # noqa: ISC004 - one house
        "00100 11222 00240 01100 11404 10200",
    ),
    (246, "0021 2011 0001 1011 1210 0011 2100 1000 0010 1100 1000 4010"),
)


@dataclass(frozen=True, slots=True)
class Window:
    """A window: where it is, and how bright."""

    x: int
    y: int
    light: str


def windows() -> Iterator[Window]:
    """Yield every window."""
    for left, floors in _HOUSES:
        for floor, lights in enumerate(floors.split()):
            for place, light in enumerate(lights):
                yield Window(left + place * _ACROSS, _GROUND - floor * _UP, light)
