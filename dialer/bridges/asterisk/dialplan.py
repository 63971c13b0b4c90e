"""The dialplan as a table of steps, read from our own file or told by an Asterisk."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dialer.bridges.asterisk.lines import ManagerEvent

_CONTEXT = re.compile(r"\[(?P<name>[^]]+)\]")
_STEP = re.compile(
    r"\s*(?:exten\s*=>\s*(?P<extension>[^,]+),1|same\s*=>\s*n(?:\([^)]*\))?),(?P<does>.+)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What is done at one place of the dialplan; whitespace in it says nothing."""

    extension: str
    priority: int
    does: str


Dialplan = Mapping[str, frozenset[Step]]  # by context


def read_dialplan(text: str) -> Dialplan:
    """Return the steps of a dialplan of ours, which counts its priorities by `n` alone."""
    contexts: dict[str, set[Step]] = {}
    steps: set[Step] = set()
    extension, priority = "", 0
    for line in text.splitlines():
        if found := _CONTEXT.match(line):
            steps = contexts.setdefault(found["name"], set())
        elif found := _STEP.fullmatch(line):
            priority = 1 if found["extension"] else priority + 1
            extension = found["extension"] or extension
            does = _plain(found["does"])
            steps.add(Step(extension=extension, priority=priority, does=does))
    return {name: frozenset(each) for name, each in contexts.items()}


def told_steps(entries: Iterable[ManagerEvent]) -> frozenset[Step]:
    """Return the steps of one context as ShowDialPlan lists them."""
    return frozenset(
        Step(
            extension=each.get("Extension"),
            priority=int(each.get("Priority")),
            does=_plain(f"{each.get('Application')}({each.get('AppData')})"),
        )
        for each in entries
        if each.name == "ListDialplan" and each.get("Priority").isdecimal()
    )


def _plain(does: str) -> str:
    return "".join(does.split())
