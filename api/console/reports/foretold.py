"""Whether chances of an answer hold: foretold when a call was claimed, beside what came."""

from collections.abc import Sequence
from typing import Any

from api.console.reports.model import SMALL, Asked, Column, Report, Shape, per_cent, rate
from dialer.figures.foretold import Tenth, tenths

_COLUMNS = (
    Column(word="foretold"),
    Column(word="calls", shape=Shape.COUNT),
    Column(word="foretold_mean", shape=Shape.RATE),
    Column(word="answered", shape=Shape.COUNT),
    Column(word="answer_rate", shape=Shape.RATE),
    Column(word="low", shape=Shape.RATE),
    Column(word="high", shape=Shape.RATE),
    Column(word="brier", shape=Shape.PRECISE),
    Column(word="brier_hour", shape=Shape.PRECISE),
    Column(word="brier_place", shape=Shape.PRECISE),
)
_LEFT, _WIDE = 6.0, 92.0  # of the chart's width, in per cent
_TOP, _HIGH = 12.0, 240.0  # of its height, in pixels


async def foretold(asked: Asked) -> Report:
    """Return how often people answered whose chance was foretold alike."""
    found = await tenths(asked.page.work.session, asked.parameters())
    if not found:
        return asked.empty("foretold", _COLUMNS)
    *lines, whole = found
    judged = [each for each in lines if each.calls >= SMALL]
    held = [each for each in judged if each.holds]
    facts = {
        "calls": whole.calls,
        "share": per_cent(whole.answered, whole.calls),
        "mean": f"{100 * whole.foretold:.1f}%",
        "held": len(held),
        "judged": len(judged),
        "brier": _score(whole.brier),
        "hour": _score(whole.brier_hour),
        "place": _score(whole.brier_place),
    }
    word = "finding_few" if not judged else "finding_all" if held == judged else "finding"
    return Report(
        name="foretold",
        finding=asked.say(f"foretold.{word}", **facts),
        proof=asked.say("foretold.proof", **facts),
        columns=_COLUMNS,
        rows=[_row(asked, each) for each in found],
        notes=[*asked.small(whole.calls), asked.say("foretold.note", least=SMALL)],
        drawn=_drawn(lines),
    )


def _row(asked: Asked, each: Tenth) -> Sequence[Any]:
    low, high = each.bounds
    return (
        asked.say("foretold.all") if each.tenth is None else f"{_tenth(each.tenth)}%",
        each.calls,
        round(each.foretold, 4),
        each.answered,
        rate(each.answered, each.calls),
        round(low, 4),
        round(high, 4),
        *(
            None if score is None else round(score, 4)
            for score in (each.brier, each.brier_hour, each.brier_place)
        ),
    )


def _tenth(tenth: int) -> str:
    return f"{10 * tenth}–{10 * tenth + 10}"


def _score(score: float | None) -> str:
    return "–" if score is None else f"{score:.4f}"


def _drawn(lines: Sequence[Tenth]) -> dict[str, Any]:
    """Return where the chart's marks stand: across what was foretold, upwards what came."""

    def across(share: float) -> float:
        return round(_LEFT + _WIDE * share, 2)

    def down(share: float) -> float:
        return round(_TOP + _HIGH * (1 - share), 1)

    return {
        "scale": [
            {"per_cent": share, "x": across(share / 100), "y": down(share / 100)}
            for share in range(0, 101, 20)
        ],
        "marks": [
            {
                "x": across(each.foretold),
                "y": down(each.answered / each.calls),
                "low": down(each.bounds[0]),
                "high": down(each.bounds[1]),
                "few": each.calls < SMALL,
                "tenth": _tenth(each.tenth or 0),
                "share": per_cent(each.answered, each.calls),
                "calls": each.calls,
                "answered": each.answered,
            }
            for each in lines
        ],
    }
