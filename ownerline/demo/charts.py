"""The geometry of the report's charts, in per cent of their own width and height."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_WHOLE = 100.0
_GAP = 0.25  # of a column's place


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A bar of a table's row: its label, its count, and how wide it is drawn."""

    label: str
    count: int
    width: float
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A piece of a stacked bar; `kind` is the class that colours it."""

    kind: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of a chart over time, with the lower part of it that counts in particular."""

    label: str
    total: int
    part: int
    x: float
    width: float
    y: float
    height: float
    part_y: float
    part_height: float


def bars(counts: Mapping[str, int], notes: Mapping[str, str] | None = None) -> Sequence[Bar]:
    """Return bars, the longest first; the longest is as wide as there is room."""
    most = max(counts.values(), default=0)
    return [
        Bar(
            label=label.replace("_", " "),
            count=count,
            width=_share(count, most),
            note=(notes or {}).get(label, ""),
        )
        for label, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        if count
    ]


def stacked(pieces: Iterable[tuple[str, int]], most: int) -> Sequence[Piece]:
    """Return the pieces of one bar side by side; `most` would fill the width."""
    drawn: list[Piece] = []
    x = 0.0
    for kind, count in pieces:
        width = _share(count, most)
        if count:
            drawn.append(Piece(kind=kind, count=count, x=round(x, 2), width=width))
        x += width
    return drawn


def columns(rows: Sequence[tuple[str, int, int]]) -> Sequence[Column]:
    """Return a column for each label, total and part, in their order."""
    most = max((total for _, total, _ in rows), default=0)
    place = _WHOLE / max(1, len(rows))
    return [
        Column(
            label=label,
            total=total,
            part=part,
            x=round(nth * place + place * _GAP / 2, 2),
            width=round(place * (1 - _GAP), 2),
            y=round(_WHOLE - _share(total, most), 2),
            height=_share(total, most),
            part_y=round(_WHOLE - _share(part, most), 2),
            part_height=_share(part, most),
        )
        for nth, (label, total, part) in enumerate(rows)
    ]


def _share(count: int, most: int) -> float:
    return round(_WHOLE * count / most, 2) if most else 0.0
