"""A script as a chart's nodes and edges: what is drawn, and what is read out instead."""

from collections.abc import Sequence
from dataclasses import dataclass

from customers.model import Language
from scripts.findings import Finding
from scripts.graph import reached
from scripts.language import Script
from scripts.steps import (
    AskStep,
    BranchStep,
    EndStep,
    GotoStep,
    ProceedStep,
    RecordStep,
    SetStep,
    Step,
    TransferStep,
    VerifyStep,
    targets,
)

_KINDS: Sequence[tuple[type, str]] = (
    (EndStep, "end"),
    (TransferStep, "end"),
    (ProceedStep, "end"),
    (VerifyStep, "guard"),
    (BranchStep, "way"),
    (SetStep, "way"),
    (GotoStep, "way"),
    (AskStep, "ask"),
    (RecordStep, "ask"),
)
_SHORT = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """An edge: where it leads, and upon which answer; `always` after silence or wrong keys."""

    to: str
    label: str
    always: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowStep:
    """A node: a step, what it says in short, where it leads, and what the linter found in it."""

    name: str
    kind: str  # say, ask, guard, way, end
    words: str
    code: str  # the wrap-up code of an end
    ways: tuple[Way, ...]
    findings: int


def flow_of(
    script: Script, language: Language, findings: Sequence[Finding]
) -> tuple[FlowStep, ...]:
    """Return the steps some path leads to, nearest first, then those none leads to."""
    order = reached(script, script.opening, script.section)
    rest = [name for name in script.steps if name not in order]
    count = {name: sum(each.step == name for each in findings) for name in script.steps}
    return tuple(
        FlowStep(
            name=name,
            kind=_kind(script.steps[name]),
            words=_words(script.steps[name], language),
            code=step.end if isinstance(step := script.steps[name], EndStep) else "",
            ways=_ways(script, script.steps[name], language),
            findings=count[name],
        )
        for name in (*order, *rest)
    )


def _kind(step: Step) -> str:
    return next((kind for model, kind in _KINDS if isinstance(step, model)), "say")


def _words(step: Step, language: Language) -> str:
    text = getattr(step, "say", None) or {}
    said: str = text.get(language, "")
    return said if len(said) <= _SHORT else said[: _SHORT - 1] + "…"


def _ways(script: Script, step: Step, language: Language) -> tuple[Way, ...]:
    give_up = getattr(step, "give_up", None)
    labels: dict[str, list[str]] = {}
    if isinstance(step, AskStep):
        for key, answer in step.answers.items():
            labels.setdefault(answer.next, []).append(f"{key} {answer.means.get(language, '')}")
    return tuple(
        Way(
            to=target,
            label=" / ".join(labels.get(target, ())),
            always=target == give_up and target not in labels,
        )
        for target in targets(step)
        if target in script.steps
    )
