"""On-time rates of every deadline that fell in the days."""

from collections.abc import Sequence
from typing import Any

from api.console.reports.model import Asked, Column, Report, Shape, per_cent, rate
from callback.campaigns import Campaigns
from callback.figures import REWORK_NOTICE, DeadlineLine, deadline_lines
from callback.targets import Targets, shipped_targets
from callback.words import REASONS
from customers.model import Reason, WorkOrderCategory

_COLUMNS = (
    Column(word="deadline"),
    Column(word="within"),
    Column(word="on_time", shape=Shape.RATE),
    Column(word="met", shape=Shape.COUNT),
    Column(word="missed", shape=Shape.COUNT),
    Column(word="judged", shape=Shape.COUNT),
    Column(word="late_now", shape=Shape.COUNT),
    Column(word="open", shape=Shape.COUNT),
    Column(word="target", shape=Shape.RATE),
)
_STEPS = (0.9, 0.8, 0.5, 0.0)  # where the scale may begin


async def deadlines(asked: Asked) -> Report:
    """Return how much was done before its deadline, by deadline."""
    lines = await deadline_lines(asked.page.work.session, asked.parameters())
    targets = shipped_targets()
    judged = [line for line in lines if line.judged]
    if not lines:
        return asked.empty("deadlines", _COLUMNS)
    below = [line for line in judged if line.met / line.judged < targets.target(line.deadline)]
    met, whole = (sum(getattr(line, name) for line in judged) for name in ("met", "judged"))
    rows = [
        (
            _name(asked, line),
            _within(asked, line),
            rate(line.met, line.judged),
            line.met,
            line.missed,
            line.judged,
            line.late_now,
            line.open,
            targets.target(line.deadline),
        )
        for line in lines
    ]
    finding = "finding_below" if below else "finding_met" if judged else "finding_open"
    return Report(
        name="deadlines",
        finding=asked.say(f"deadlines.{finding}", kinds=len(judged), below=len(below)),
        proof=asked.say(
            "deadlines.proof",
            met=met,
            judged=whole,
            share=per_cent(met, whole),
            late_now=sum(line.late_now for line in lines),
            open=sum(line.open for line in lines),
        ),
        columns=_COLUMNS,
        rows=rows,
        notes=[
            *(asked.small(whole) if judged else []),
            asked.say("deadlines.source", version=targets.version),
        ],
        drawn=_dots(lines, targets),
    )


def _dots(lines: Sequence[DeadlineLine], targets: Targets) -> dict[str, Any]:
    """Return a scale and where each line's dot and target stand on it, in per cent of its width."""
    shares = [line.met / line.judged for line in lines if line.judged]
    least = min(shares, default=1.0)
    begin = next(step for step in _STEPS if least >= step)

    def place(share: float) -> float:
        return round(2 + 96 * (max(share, begin) - begin) / (1 - begin), 1)

    return {
        "begin": begin,
        "lines": [
            {
                "dot": place(line.met / line.judged) if line.judged else None,
                "target": place(targets.target(line.deadline)),
                "below": bool(line.judged)
                and line.met / line.judged < targets.target(line.deadline),
            }
            for line in lines
        ],
    }


def _name(asked: Asked, line: DeadlineLine) -> str:
    if line.deadline == REWORK_NOTICE:
        return asked.say("deadlines.rework_notice")
    if line.category in set(WorkOrderCategory):
        return asked.say(f"deadlines.repair.{line.category}")
    return REASONS[Reason(line.deadline)][asked.page.language]


def _within(asked: Asked, line: DeadlineLine) -> str:
    """Return the rule of a deadline in words; nothing where each call has its own."""
    campaigns: Campaigns = asked.page.deps.desk.campaigns
    if line.category in set(WorkOrderCategory):
        days = campaigns.repair.days[WorkOrderCategory(str(line.category))]
        return asked.say("deadlines.within_days", days=days)
    hours = {
        REWORK_NOTICE: 24,
        Reason.MISSED_CALL.value: campaigns.missed_call.within_hours,
    }.get(line.deadline)
    if hours is not None:
        return asked.say("deadlines.within_hours", hours=hours)
    if line.deadline == Reason.PROMISED:
        minutes = campaigns.promised.window_minutes
        return asked.say("deadlines.within_minutes", minutes=minutes)
    return ""
