"""The way through the script of an agent's call: answers replayed to where the talk stands; pure.

An answer carries the news of the file that was worked in with it, so that the way is the same
whenever it is walked again. The digits of the identity check are not among the answers, only
whether they were right.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from customers.model import RecordingConsent
from dialer.agents.guide_tables import MAY_RECORD
from scripts import graph
from scripts.consent import agreed
from scripts.interpreter import advance, refusal, start, take_over
from scripts.language import Script
from scripts.library import Library
from scripts.memory import Memory
from scripts.model import CallPlan, Reply, ReplyKind, TalkState, Turn
from scripts.state import dump_plan, dump_state, load_plan, load_state
from scripts.steps import (
    GLOBAL_KEYS,
    REPEAT_KEY,
    AskStep,
    EndStep,
    ProceedStep,
    RecordStep,
    TransferStep,
    VerifyStep,
)
from scripts.variables import IDENTIFIED

_VERSIONS, _PLAN, _TALK = "versions", "plan", "talk"
_PROOF = "proof"
_NO_DIGITS = "-"  # a check that was failed; never the digits of anybody
_MOST_AHEAD = 3
STRONG = "strong"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What was answered at a step, and what the file told just then.

    `is_right` is of an identity check alone: then `reply` has no digits.
    """

    reply: Reply
    is_right: bool | None = None
    facts: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    withdrawn: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a talk stood after so many answers."""

    number: int
    state: TalkState
    turn: Turn

    @property
    def is_identified(self) -> bool:
        """Whether who speaks has proved to be the owner."""
        return bool(self.state.position[IDENTIFIED] == STRONG)

    def is_check(self, library: Library) -> bool:
        """Say whether the digits only the owner knows are asked for."""
        memory = Memory(library, self.state)
        elsewhere = self.turn.ask is None or memory.at["opting_out"]
        asking = self.turn.step.partition(":")[2] == memory.at["step"]
        return not elsewhere and asking and isinstance(memory.step, VerifyStep)

    def asks_for(self, library: Library, variable: str) -> bool:
        """Say whether the step's answer is this variable."""
        step = Memory(library, self.state).step
        return self.turn.ask is not None and getattr(step, "into", None) == variable


def base_of_plan(library: Library, plan: CallPlan) -> dict[str, Any]:
    """Return the beginning of a talk that an agent opens."""
    versions = {each.script: library.get(each.script).version for each in plan.sections}
    return {_VERSIONS: versions, _PLAN: dump_plan(plan)}


def base_of_talk(state: TalkState) -> dict[str, Any]:
    """Return the beginning of a talk that a script handed over."""
    return {_VERSIONS: dict(state.position[_VERSIONS]), _TALK: dump_state(state)}


def has_script(base: Mapping[str, Any]) -> bool:
    """Say whether there is anything to be said by a script; no reason to call may be left."""
    return _PLAN in base or _TALK in base


def is_handed_over(base: Mapping[str, Any]) -> bool:
    """Say whether a script spoke with the owner before."""
    return _TALK in base


def spent(base: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of a beginning when all is written down: which scripts were spoken."""
    return {_VERSIONS: base.get(_VERSIONS, {})}


def walk(
    library: Library, base: Mapping[str, Any], answers: Sequence[Answer]
) -> tuple[Library, list[Place]]:
    """Return the library as the talk began with it, and every place it stood at, the present last.

    Raises:
        ScriptChangedError: a script has changed so that the talk cannot be followed.
    """
    known = library.at(base[_VERSIONS])
    if _TALK in base:
        state, turn = take_over(known, load_state(base[_TALK]))
    else:
        state, turn = start(known, load_plan(base[_PLAN]))
    places = [Place(number=0, state=state, turn=turn)]
    for number, answer in enumerate(answers, start=1):
        if state.ended:
            break
        state, turn = taken(known, state, answer)
        places.append(Place(number=number, state=state, turn=turn))
    return known, places


def taken(library: Library, state: TalkState, answer: Answer) -> tuple[TalkState, Turn]:
    """Work one answer into a talk, with the news that came with it."""
    reply = answer.reply
    if answer.is_right is not None:
        digits = state.plan.identity if answer.is_right else _NO_DIGITS
        reply = Reply(kind=ReplyKind.KEYS, value=digits or _NO_DIGITS)
    return advance(library, state, reply, facts=answer.facts, withdrawn=answer.withdrawn)


def read_reply(library: Library, place: Place, given: Reply, *, wrong_before: int) -> Answer | str:
    """Return the answer a reply is; a text: the value cannot be, as the script says of it."""
    if given.kind is not ReplyKind.KEYS or given.value in _for_any_step(place):
        return Answer(reply=given)
    if place.is_check(library):
        return _proof(place, given.value, wrong_before=wrong_before, library=library)
    refused = refusal(library, place.state, given)
    return Answer(reply=given) if refused is None else refused


def _for_any_step(place: Place) -> frozenset[str]:
    """Return the keys that are no answer to the step itself, as it takes them."""
    keys: Collection[str] = () if place.turn.ask is None else place.turn.ask.keys
    return frozenset(key for key in keys if key.removeprefix(REPEAT_KEY) in GLOBAL_KEYS)


def _proof(place: Place, digits: str, *, wrong_before: int, library: Library) -> Answer:
    """Return the answer to an identity check, without its digits.

    Who was wrong as often as the step allows is not believed any more, also after going back.
    """
    memory = Memory(library, place.state)
    step = memory.step
    tries = step.tries if isinstance(step, VerifyStep) else 0
    wrong_here = place.state.position["tries"]
    right = digits == place.state.plan.identity and max(wrong_before, wrong_here) < tries
    return Answer(reply=Reply(kind=ReplyKind.KEYS), is_right=right)


def when_cut_off(library: Library, place: Place) -> TalkState:
    """Return the talk as it would stand if the line were gone now."""
    if place.state.ended:
        return place.state
    state, _ = advance(library, place.state, Reply(kind=ReplyKind.HUNG_UP))
    return state


def steps_done(places: Sequence[Place]) -> list[Place]:
    """Return the places to go back to, in order: of a question asked again, the first time."""
    done: list[Place] = []
    for place in places[:-1]:
        if not done or done[-1].turn.step != place.turn.step:
            done.append(place)
    if done and done[-1].turn.step == places[-1].turn.step:
        done.pop()
    return done


def steps_ahead(library: Library, place: Place) -> list[str]:
    """Return the titles of the questions that come next if all goes the first way."""
    if place.turn.ask is None:
        return []
    memory = Memory(library, place.state)
    script, language = memory.script, place.turn.language
    titles: list[str] = []
    name: str | None = _onward(script, memory.at["step"])
    seen: set[str] = set()
    while name is not None and name not in seen and len(titles) < _MOST_AHEAD:
        seen.add(name)
        step = script.steps[name]
        if isinstance(step, AskStep | VerifyStep | RecordStep) and step.title is not None:
            title = memory.words(step.title) if language in step.title else ""
            if title and title != place.turn.title and title not in titles:
                titles.append(title)
        name = _onward(script, name)
    return titles


def _onward(script: Script, name: str) -> str | None:
    step = script.steps[name]
    if isinstance(step, ProceedStep):
        return script.section
    if isinstance(step, EndStep | TransferStep):
        return None
    return next(iter(graph.known_targets(script, step)), None)


def dump_answer(answer: Answer) -> dict[str, Any]:
    """Return an answer as plain data."""
    return {
        "kind": _PROOF if answer.is_right is not None else answer.reply.kind.value,
        "value": answer.reply.value,
        "right": answer.is_right,
        "facts": {str(key): dict(values) for key, values in answer.facts.items()},
        "withdrawn": {str(key): why for key, why in answer.withdrawn.items()},
    }


def load_answer(data: Mapping[str, Any]) -> Answer:
    """Make an answer whole again."""
    is_proof = data["kind"] == _PROOF
    kind = ReplyKind.KEYS if is_proof else ReplyKind(data["kind"])
    return Answer(
        reply=Reply(kind=kind, value=data["value"]),
        is_right=data["right"] if is_proof else None,
        facts={int(key): values for key, values in data["facts"].items()},
        withdrawn={int(key): why for key, why in data["withdrawn"].items()},
    )


def with_news(
    answer: Answer, facts: Mapping[int, Mapping[str, Any]], withdrawn: Mapping[int, str]
) -> Answer:
    """Return an answer with what the file told just then."""
    return replace(answer, facts=facts, withdrawn=withdrawn)


def said_of_recording(before: Place | None, after: Place | None) -> bool | None:
    """Return what the owner has just said to being recorded; None: nothing new."""
    was, now = (None if each is None else agreed(each.state) for each in (before, after))
    return None if was == now or not (was or now is not None) else bool(now)


def with_answer(base: Mapping[str, Any], places: Sequence[Place]) -> dict[str, Any]:
    """Return the beginning of a talk with whether it may be recorded, where that is asked."""
    state = places[-1].state if places else None
    if state is None or state.plan.recording is not RecordingConsent.ASK:
        return dict(base)
    return {**base, MAY_RECORD: bool(agreed(state))}
