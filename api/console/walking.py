"""A talk walked by hand in the workshop: the replies so far, and the turn they lead to."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from core.errors import OwnerlineError
from customers.model import Language
from scripts.interpreter import advance, start
from scripts.language import Script
from scripts.library import Library
from scripts.memory import Memory
from scripts.model import Reply, SectionOutcome, Turn
from scripts.samples import SAMPLE_IDENTITY, sample_plan

MOST_REPLIES = 200
_REPLIES: TypeAdapter[list[Reply]] = TypeAdapter(list[Reply])


class UnreadableWalkError(OwnerlineError):
    """What a walk has come to cannot be read; begin it anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What was said to somebody, and what they answered."""

    turn: Turn
    reply: Reply


@dataclass(frozen=True, kw_only=True, slots=True)
class Walk:
    """A talk so far: what was said and answered, the turn that waits, and what came of it."""

    heard: tuple[Heard, ...]
    turn: Turn
    outcomes: tuple[SectionOutcome, ...]
    ended: bool
    identity: str  # what the made-up owner knows

    @property
    def replies(self) -> str:
        """The replies as a form carries them."""
        return _REPLIES.dump_json([each.reply for each in self.heard]).decode()


def read_replies(text: str) -> list[Reply]:
    """Return replies as a form carried them.

    Raises:
        UnreadableWalkError: they are none.
    """
    try:
        return _REPLIES.validate_json(text)[:MOST_REPLIES]
    except ValidationError as err:
        message = "what was answered so far cannot be read; begin the walk anew"
        raise UnreadableWalkError(message) from err


def walked(library: Library, script: Script, language: Language, replies: Sequence[Reply]) -> Walk:
    """Return a talk of made-up circumstances after the replies; those after its end are dropped."""
    own = library.with_script(script)
    state, turn = start(own, sample_plan(script, language))
    heard = []
    for reply in replies:
        if state.ended or turn.ask is None:
            break
        heard.append(Heard(turn=turn, reply=reply))
        state, turn = advance(own, state, reply)
    return Walk(
        heard=tuple(heard),
        turn=turn,
        outcomes=state.outcomes,
        ended=turn.ask is None,
        identity=SAMPLE_IDENTITY,
    )


def sample_words(library: Library, script: Script, step: str, language: Language) -> str | None:
    """Return what a step says with made-up facts; None: it says nothing."""
    text = getattr(script.steps[step], "say", None)
    if text is None or language not in text:
        return None
    memory = Memory.of_plan(library, sample_plan(script, language))
    return memory.words(text)
