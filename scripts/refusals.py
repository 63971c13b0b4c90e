"""Why a value is not taken, in the words of its script, before it counts as a wrong answer."""

from collections.abc import Mapping

from customers.model import Language
from scripts.answers import Refused, read_answer
from scripts.consent import Told, told
from scripts.memory import Memory
from scripts.model import AskKind, Reply, ReplyKind
from scripts.steps import AskStep


def refusal(memory: Memory, reply: Reply) -> str | None:
    """Return what a script says of a value it would not take; None: it takes it, or it is none."""
    step = memory.script.steps.get(memory.at["step"])
    elsewhere = told(memory) is Told.ASKED or memory.at["opting_out"]
    if elsewhere or not isinstance(step, AskStep) or reply.kind is not ReplyKind.KEYS:
        return None
    why: Mapping[Language, str] | None = None
    if step.ask is AskKind.KEY:
        if reply.value in step.answers:
            return None
    else:
        read = read_answer(step, reply.value, plan=memory.plan, value_of=memory.value)
        if not isinstance(read, Refused):
            return None
        memory.passing = read.limits
        why = step.refusals.get(read.reason)
    sentence = why or step.wrong or memory.sentences.wrong
    return "" if sentence is None else memory.words(sentence)
