"""The first sentence of a talk, where it may be said before anything is known of who listens."""

from scripts.library import Library
from scripts.memory import Memory
from scripts.model import CallPlan, Turn
from scripts.steps import SayStep
from scripts.template import placeholders

# What everybody may hear who picks up any telephone: who rings, and where to ring back.
_EVERYBODYS = frozenset({"company", "community", "callback_number"})


def greets_alike(library: Library, plan: CallPlan, turn: Turn) -> bool:
    """Say whether a talk's first turn begins with a sentence that names nobody but us."""
    memory = Memory.of_plan(library, plan)
    greetings = (
        memory.words(step.say)
        for step in memory.script.steps.values()
        if isinstance(step, SayStep) and _named(step.say[plan.language]) <= _EVERYBODYS
    )
    return bool(turn.say) and turn.say[0] in greetings


def _named(text: str) -> set[str]:
    return {each.variable for each in placeholders(text)}
