"""The plan of a call: checked before a word is spoken."""

from collections.abc import Callable, Mapping
from typing import Any

from scripts.language import Script
from scripts.library import Library
from scripts.model import CallPlan, Section
from scripts.steps import Condition
from scripts.variables import VariableError, check

MIN_IDENTITY_DIGITS = 4


def check_plan(library: Library, plan: CallPlan) -> None:
    """Refuse a plan whose scripts would find a variable missing or of a wrong type.

    Raises:
        VariableError: names the script and the variable.
        UnknownScriptError: a section's script is not in the library.
    """
    if not plan.sections:
        problem = "a call needs at least one section; give the due calls it serves"
        raise VariableError(problem)
    if plan.identity is not None and (
        not plan.identity.isdecimal() or len(plan.identity) < MIN_IDENTITY_DIGITS
    ):
        problem = (
            f"identity needs {MIN_IDENTITY_DIGITS} digits or more; give None if there are none"
        )
        raise VariableError(problem)
    for section in plan.sections:
        check_section(library.get(section.script), section, plan)


def check_section(script: Script, section: Section, plan: CallPlan) -> None:
    """Refuse a section whose variables are missing or of a wrong type."""
    known = {**plan.variables, **section.variables}
    for name, variable in script.variables.items():
        if name in known:
            check(f"{script.name}.{name}", variable.type, known[name])
        elif variable.default is None and (
            variable.needed_if is None or holds(variable.needed_if, known.get)
        ):
            problem = (
                f"due call {section.due_call_id}: script {script.name} speaks of {name} "
                f"({variable.type.value}), which the plan has not; scripts/variables.py says how"
            )
            raise VariableError(problem)


def needs_strong(script: Script, section: Section, plan: CallPlan) -> bool:
    """Say whether a section may name a debt, so that only the owner may hear it."""
    if script.identity == "strong":
        return True
    known: Mapping[str, Any] = {**plan.variables, **section.variables}
    return script.strong_if is not None and holds(script.strong_if, known.get)


def holds(condition: Condition, value_of: Callable[[str], Any]) -> bool:
    """Say whether a comparison is true; of an unknown variable only `known: false` is."""
    value = value_of(condition.variable)
    if condition.known is not None:
        return (value is not None) is condition.known
    if value is None:
        return False
    if condition.equals is not None:
        return bool(value == condition.equals)
    if condition.one_of is not None:
        return value in condition.one_of
    if condition.at_least is not None:
        return bool(value >= condition.at_least)
    return bool(value <= condition.at_most)
