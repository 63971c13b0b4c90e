"""The page of a rehearsal: self-contained HTML with charts drawn from the figures."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ownerline.demo import charts, findings
from ownerline.demo.figures import Figures, HourLine, ReasonLine
from ownerline.demo.wording import counted, per_cent

_TEMPLATES = Path(__file__).parent / "templates"
_STATES = ("done", "withdrawn", "waiting", "exhausted", "expired")
_SCORES = ("one", "two", "three", "four", "five")


def render_page(figures: Figures, *, workbook: str) -> str:
    """Return the page; equal figures give an equal page. `workbook` lies beside it."""
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        style=style,
        style_digest=digest,
        workbook=workbook,
        figures=figures,
        findings=findings,
        counted=counted,
        per_cent=per_cent,
        states=_STATES,
        reasons=_reasons(figures.reasons),
        deadlines=_deadlines(figures.reasons),
        hours=_hours(figures.hours),
        telephony=charts.bars(figures.dialing.telephony),
        wrap_up=charts.bars(figures.dialing.wrap_up),
        not_called=charts.bars(
            {each.rule: each.due_calls for each in figures.not_called},
            {each.rule: each.example for each in figures.not_called},
        ),
        changes=_changes(figures),
        survey=_survey(figures),
        scores=_SCORES,
    )


def _reasons(lines: Sequence[ReasonLine]) -> Sequence[Mapping[str, Any]]:
    most = max((line.due for line in lines), default=0)
    return [
        {
            "name": findings.reason_name(line.reason),
            "line": line,
            "counts": [getattr(line, state) for state in _STATES],
            "pieces": charts.stacked(((state, getattr(line, state)) for state in _STATES), most),
        }
        for line in lines
    ]


def _hours(lines: Sequence[HourLine]) -> Sequence[charts.Column]:
    """Return a column for every hour from the first call to the last, the empty ones too."""
    rung = {line.hour: line for line in lines}
    hours = range(min(rung, default=0), max(rung, default=-1) + 1)
    counts = [
        (rung[hour].attempts, rung[hour].answered) if hour in rung else (0, 0) for hour in hours
    ]
    return charts.columns(
        [(f"{hour:02d}", *count) for hour, count in zip(hours, counts, strict=True)]
    )


def _deadlines(lines: Sequence[ReasonLine]) -> Sequence[Mapping[str, Any]]:
    most = max((line.met + line.missed for line in lines), default=0)
    return [
        {
            "name": findings.reason_name(line.reason),
            "met": line.met,
            "missed": line.missed,
            "pieces": charts.stacked((("met", line.met), ("missed", line.missed)), most),
        }
        for line in lines
    ]


def _survey(figures: Figures) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "question": line.question,
            "answers": line.answers,
            "mean": line.mean,
            "scores": line.scores,
            "pieces": charts.stacked(zip(_SCORES, line.scores, strict=True), line.answers),
        }
        for line in figures.changes.survey
    ]


def _changes(figures: Figures) -> Sequence[tuple[str, str]]:
    changes = figures.changes
    promised = [
        (
            f"promises to pay in {each.currency}",
            f"{each.count:,} over {findings.money_of(each)}",
        )
        for each in changes.promises
    ]
    counts = {
        "promises kept": changes.promises_kept,
        "promises broken": changes.promises_broken,
        "payments received": changes.payments,
        "payment extensions asked for": changes.extensions,
        "charges disputed": changes.disputes,
        "rework notices issued": changes.rework_notices,
        "calls asked for at another time": changes.callbacks_asked,
        "opt-outs": changes.opt_outs,
        "phone numbers found dead": changes.dead_phones,
    } | {
        f"tasks for an agent: {kind.replace('_', ' ')}": count
        for kind, count in changes.agent_tasks.items()
    }
    return promised + [(name, f"{count:,}") for name, count in counts.items()]
