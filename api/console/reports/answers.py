"""When people answer: rates by weekday and hour, as a map of the week."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from api.console.reports.model import SMALL, Asked, Column, Report, Shape, per_cent, rate
from dialer.figures.calls import HourCell, hour_cells

_COLUMNS = (
    Column(word="weekday"),
    Column(word="hour"),
    Column(word="calls", shape=Shape.COUNT),
    Column(word="connected", shape=Shape.COUNT),
    Column(word="connect_rate", shape=Shape.RATE),
    Column(word="answered", shape=Shape.COUNT),
    Column(word="answer_rate", shape=Shape.RATE),
)
_HEATS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sum:
    calls: int
    connected: int
    answered: int


async def answers(asked: Asked) -> Report:
    """Return how many calls found somebody, by the owner's own weekday and hour."""
    cells = hour_cells(await asked.calls())
    if not cells:
        return asked.empty("answers", _COLUMNS)
    names, whole = asked.weekdays(), _sum(cells)
    hours = {
        hour: _sum(cell for cell in cells if cell.hour == hour)
        for hour in sorted({cell.hour for cell in cells})
    }
    judged = {hour: each for hour, each in hours.items() if each.calls >= SMALL}
    best = max(
        judged, key=lambda hour: (judged[hour].answered / judged[hour].calls, -hour), default=None
    )
    facts = {
        "answered": whole.answered,
        "connected": whole.connected,
        "calls": whole.calls,
        "share": per_cent(whole.answered, whole.calls),
        "connect_share": per_cent(whole.connected, whole.calls),
    }
    if best is None or len(judged) < 2:  # noqa: PLR2004 - one hour is the best of nothing
        finding = asked.say("answers.finding_all", **facts)
        proof = asked.say("answers.proof", **facts)
    else:
        worst = min(judged, key=lambda hour: (judged[hour].answered / judged[hour].calls, hour))
        finding = asked.say("answers.finding", hour=best, until=best + 1)
        proof = asked.say(
            "answers.proof_best",
            **facts,
            best=_told(judged[best]),
            hour=worst,
            worst=_told(judged[worst]),
        )
    return Report(
        name="answers",
        finding=finding,
        proof=proof,
        columns=_COLUMNS,
        rows=[
            (
                names[cell.weekday],
                f"{cell.hour:02}:00",
                cell.calls,
                cell.connected,
                rate(cell.connected, cell.calls),
                cell.answered,
                rate(cell.answered, cell.calls),
            )
            for cell in cells
        ],
        notes=[*asked.small(whole.calls), asked.say("answers.cells", least=SMALL)],
        drawn=_map(cells, names),
    )


def _sum(cells: Iterable[HourCell]) -> _Sum:
    found = list(cells)
    return _Sum(
        calls=sum(cell.calls for cell in found),
        connected=sum(cell.connected for cell in found),
        answered=sum(cell.answered for cell in found),
    )


def _told(each: _Sum) -> str:
    return f"{per_cent(each.answered, each.calls)} ({each.answered}/{each.calls})"


def _map(cells: Sequence[HourCell], names: dict[int, str]) -> dict[str, Any]:
    """Return the week's rows of hours; a cell of few calls shows its counts and has no heat."""
    by_place = {(cell.weekday, cell.hour): cell for cell in cells}
    hours = range(min(cell.hour for cell in cells), max(cell.hour for cell in cells) + 1)
    shares = [cell.answered / cell.calls for cell in cells if cell.calls >= SMALL]
    least, most = min(shares, default=0.0), max(shares, default=0.0)

    def heat(cell: HourCell) -> int | None:
        if cell.calls < SMALL:
            return None
        share = cell.answered / cell.calls
        if most == least:
            return _HEATS // 2
        return min(_HEATS - 1, int(_HEATS * (share - least) / (most - least)))

    return {
        "hours": list(hours),
        "rows": [
            {
                "name": names[weekday],
                "cells": [
                    None
                    if (cell := by_place.get((weekday, hour))) is None
                    else {
                        "heat": heat(cell),
                        "share": round(100 * cell.answered / cell.calls),
                        "answered": cell.answered,
                        "calls": cell.calls,
                    }
                    for hour in hours
                ],
            }
            for weekday in range(1, 8)
        ],
    }
