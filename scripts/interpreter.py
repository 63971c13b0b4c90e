"""The interpreter: a pure function of a talk's state and the owner's reply to the next turn.

A call is one opening (greeting, who is speaking, identity), a section for each due call with its
own outcome, and one closing. At every prompt 9 ends all calls of ours, 0 brings an agent and *
repeats; where digits are asked, so that a digit stays a digit, these are *9, *0 and * before #.
9 holds at once; only 1 at the next prompt takes it back. Every section gets exactly one outcome.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from core.errors import OwnerlineError
from customers.model import RecordingConsent
from scripts import refusals
from scripts.answers import limits_of
from scripts.library import Library
from scripts.memory import Memory
from scripts.model import CallPlan, Reply, Speaker, TalkState, Turn
from scripts.plan import check_plan
from scripts.steps import AskStep
from scripts.talk import WITHDRAWN, Talk


class TalkEndedError(OwnerlineError):
    """A reply came to a talk that has ended."""


def start(library: Library, plan: CallPlan) -> tuple[TalkState, Turn]:
    """Begin a talk with whoever answered.

    Raises:
        VariableError: the plan lacks a variable its scripts speak, or holds one of a wrong type.
        UnknownScriptError: a section names a script the library has not.
    """
    check_plan(library, plan)
    talk = Talk(Memory.of_plan(library, plan))
    turn = talk.open()
    return talk.state(), turn


def advance(
    library: Library,
    state: TalkState,
    reply: Reply,
    *,
    facts: Mapping[int, Mapping[str, Any]] | None = None,
    withdrawn: Collection[int] | Mapping[int, str] = (),
) -> tuple[TalkState, Turn]:
    """Take the owner's reply to the last turn and return the next one.

    `facts` are refreshed section variables by due_call_id: the section being spoken of starts
    again with them. `withdrawn` are due calls whose reason has gone, with why where it is known:
    they end by their script's `withdrawn`; a debt gone for another reason than "paid" is not
    thanked for and ends as information_given. A reply of 9, 0 or a hang-up goes before both.

    Raises:
        TalkEndedError: the talk is over.
        VariableError: a refreshed variable is of a wrong type.
    """
    if state.ended:
        message = f"the talk at {state.position['step']} has ended; a reply cannot follow"
        raise TalkEndedError(message)
    talk = Talk(Memory(library.at(state.position["versions"]), state))
    gone = withdrawn if isinstance(withdrawn, Mapping) else dict.fromkeys(withdrawn, WITHDRAWN)
    turn = talk.hear(reply, facts=facts or {}, withdrawn=gone)
    return talk.state(), turn


def take_over(library: Library, state: TalkState) -> tuple[TalkState, Turn]:
    """Let an agent go on with a talk that a script handed over, and return what to say first.

    Who was identified stays so, what was answered or settled is kept, and what was only handed
    over is open again.
    """
    plan = replace(state.plan, speaker=Speaker.AGENT)
    talk = Talk(Memory(library, replace(state, plan=plan, ended=False)))
    turn = talk.take_over()
    return talk.state(), turn


def refusal(library: Library, state: TalkState, reply: Reply) -> str | None:
    """Return what its script says of a value that it would not take; None where it takes it."""
    return refusals.refusal(Memory(library, state), reply)


def limits(library: Library, state: TalkState) -> Mapping[str, Any]:
    """Return what the value asked for may be; see `answers.limits_of`."""
    memory = Memory(library, state)
    step = memory.script.steps.get(memory.at["step"])
    if not isinstance(step, AskStep) or memory.at["opting_out"]:
        return {}
    return limits_of(step, plan=memory.plan, value_of=memory.value)


def message(library: Library, plan: CallPlan) -> Turn:
    """Return what an answering machine hears: who rang and the number to ring, or nothing at all.

    A message is left only where every script of the call says so; then the outcome is
    `message_left`. An empty `say` means: hang up at once.
    """
    memory = Memory.of_plan(library, _unrecorded(plan))
    talk = Talk(memory)
    if all(library.get(section.script).machine == "leave" for section in plan.sections):
        talk.say(memory.sentences.message)
    return talk.last_turn("message")


def abandon_message(library: Library, plan: CallPlan) -> Turn:
    """Return what a person hears when nobody is free to speak: who rang and the number to ring."""
    memory = Memory.of_plan(library, _unrecorded(plan))
    talk = Talk(memory)
    talk.say(memory.sentences.abandoned)
    return talk.last_turn("abandoned")


def _unrecorded(plan: CallPlan) -> CallPlan:
    return replace(plan, recording=RecordingConsent.NEVER)
