"""The first sentence of a talk, where it may be said before anything is known of who listens."""

from scripts.library import Library
from scripts.memory import Memory
from scripts.model import CallPlan, Turn
from scripts.steps import SayStep
from scripts.template import placeholders

# What everybody may hear who picks up any telephone: who rings, and where to ring back.
_EVERYBODYS = frozenset({"company", "community", "callback_number"})


def greets_alike(library: Library, plan: CallPlan, turn: Turn) -> bool:
    """Say whether a talk's first turn begins with a greeting that names nobody but us."""
    memory = Memory.of_plan(library, plan)
    greeting = memory.script.steps[memory.script.opening]
    if not isinstance(greeting, SayStep):
        return False
    text = greeting.say[plan.language]
    named = {each.variable for each in placeholders(text)}
    return named <= _EVERYBODYS and turn.say[:1] == (memory.words(greeting.say),)
