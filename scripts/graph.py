"""The graph of a script's steps: what is reached, what can end, and what holds on every path."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias, TypeVar

from scripts.language import Script
from scripts.steps import (
    AskStep,
    BranchStep,
    EndStep,
    GotoStep,
    ProceedStep,
    RecordStep,
    SayStep,
    SetStep,
    Step,
    TransferStep,
    VerifyStep,
    targets,
)
from scripts.variables import IDENTIFIED

Fact = TypeVar("Fact")
Heard = TypeVar("Heard")
# Who spoke first and what was heard; None: an answer was given already.
_Opening: TypeAlias = tuple[str, frozenset[Heard]] | None
_SILENT = (SayStep, SetStep, BranchStep, GotoStep)


def known_targets(script: Script, step: Step) -> tuple[str, ...]:
    """Return the steps a step leads to that the script has."""
    return tuple(name for name in targets(step) if name in script.steps)


def reached(script: Script, *entries: str) -> tuple[str, ...]:
    """Return the steps some path leads to, nearest first."""
    order = dict.fromkeys(name for name in entries if name in script.steps)
    queue = list(order)
    for name in queue:
        for target in known_targets(script, script.steps[name]):
            if target not in order:
                order[target] = None
                queue.append(target)
    return tuple(order)


def before_first_answer(
    script: Script, heard_in: Callable[[str], frozenset[Heard]]
) -> Iterator[tuple[str, frozenset[Heard]]]:
    """Yield what everybody has heard when first asked, or when the opening ends: one for each way.

    `heard_in` says what a step speaks. The step named is the first on the way that speaks at all.
    """

    def onward(step: Step, _: str, fact: _Opening[Heard]) -> _Opening[Heard]:
        return fact if isinstance(step, _SILENT) else None

    def join(one: _Opening[Heard], other: _Opening[Heard]) -> _Opening[Heard]:
        if one is None or other is None:
            return one or other
        return min(one[0] or other[0], other[0] or one[0]), one[1] & other[1]

    def with_step(name: str, fact: _Opening[Heard]) -> _Opening[Heard]:
        return fact and (fact[0] or (name if heard_in(name) else ""), fact[1] | heard_in(name))

    nothing: _Opening[Heard] = ("", frozenset())
    facts = spread(
        script,
        {script.opening: with_step(script.opening, nothing)},
        onward=lambda step, target, fact: with_step(target, onward(step, target, fact)),
        join=join,
    )
    for name, fact in facts.items():
        if fact is not None and not isinstance(script.steps[name], _SILENT):
            yield fact[0] or name, fact[1]


def able_to_end(script: Script) -> frozenset[str]:
    """Return the steps from which some path ends the section, the opening or the call."""
    able = {
        name
        for name, step in script.steps.items()
        if isinstance(step, EndStep | TransferStep | ProceedStep)
    }
    grown = True
    while grown:
        more = {
            name
            for name, step in script.steps.items()
            if name not in able and any(target in able for target in targets(step))
        }
        able |= more
        grown = bool(more)
    return frozenset(able)


def silent_loops(script: Script) -> tuple[str, ...]:
    """Return the steps that lead back to themselves without asking anything."""

    def silent_from(name: str) -> Iterable[str]:
        step = script.steps[name]
        return known_targets(script, step) if isinstance(step, _SILENT) else ()

    looping = []
    for name in script.steps:
        seen: set[str] = set()
        queue = list(silent_from(name))
        while queue:
            at = queue.pop()
            if at not in seen:
                seen.add(at)
                queue += silent_from(at)
        if name in seen:
            looping.append(name)
    return tuple(looping)


def spread(
    script: Script,
    entries: Mapping[str, Fact],
    *,
    onward: Callable[[Step, str, Fact], Fact],
    join: Callable[[Fact, Fact], Fact],
) -> Mapping[str, Fact]:
    """Carry a fact along every path to a fixed point: what holds on entering each reached step.

    `onward` is the fact on leaving a step towards a target; `join` is what two paths agree on.
    """
    facts = {name: fact for name, fact in entries.items() if name in script.steps}
    queue = list(facts)
    while queue:
        name = queue.pop()
        step = script.steps[name]
        for target in known_targets(script, step):
            arriving = onward(step, target, facts[name])
            joined = join(facts[target], arriving) if target in facts else arriving
            if target not in facts or joined != facts[target]:
                facts[target] = joined
                queue.append(target)
    return facts


def surely_checked(script: Script) -> Mapping[str, bool]:
    """Say for each reached step whether every path to it passed the strong identity check.

    A section begins unchecked, whatever its opening asked: in a call for several due calls, or
    without digits on file, another opening led there. A branch on `identified` settles it.
    """

    def onward(step: Step, target: str, checked: bool) -> bool:  # noqa: FBT001 - the fact carried
        if isinstance(step, VerifyStep):
            return checked or (target == step.right and target not in {step.failed, step.give_up})
        if isinstance(step, BranchStep):
            ways = [case for case in step.branch if case.next == target]
            proven = ways and all(
                case.when.variable == IDENTIFIED and case.when.equals == "strong" for case in ways
            )
            return checked or (bool(proven) and step.otherwise != target)
        return checked

    return spread(
        script,
        {script.opening: False, script.section: False},
        onward=onward,
        join=lambda one, other: one and other,
    )


def surely_set(script: Script) -> Mapping[str, frozenset[str]]:
    """Return for each reached step the variables that every path to it has filled."""

    def onward(step: Step, target: str, filled: frozenset[str]) -> frozenset[str]:
        match step:
            case AskStep() if step.into is not None and target != step.give_up:
                return filled | {step.into}
            case RecordStep() if target == step.next != step.give_up:
                return filled | {step.record}
            case SetStep():
                return filled | set(step.set)
            case _:
                return filled

    nothing: frozenset[str] = frozenset()
    return spread(
        script,
        {script.opening: nothing, script.section: nothing},
        onward=onward,
        join=lambda one, other: one & other,
    )
