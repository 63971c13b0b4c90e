"""The language of call scripts: what a YAML script may hold, as strict models.

A script is a graph of named steps with two entries: `opening` (greeting and identity check, once a
call) and `section` (one due call's part). Shared steps and sentences live in fragments that scripts
include. What the keys 9, 0 and * do at every prompt is the interpreter's, not the script's.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.errors import OwnerlineError
from customers.model import Language, Purpose
from scripts.model import AskKind, Speaker
from scripts.steps import (
    AskStep,
    Condition,
    Copy,
    Name,
    RecordStep,
    Scalar,
    ScriptName,
    SetStep,
    Step,
    Strict,
    Text,
    texts_of,
)
from scripts.template import parse
from scripts.variables import BUILT_IN, RESULTS, VariableType

MAX_STEPS = 200
_VALUE_TYPES = {
    AskKind.KEY: VariableType.COUNT,
    AskKind.DIGITS: VariableType.TEXT,
    AskKind.AMOUNT: VariableType.AMOUNT,
    AskKind.DATE: VariableType.DATE,
    AskKind.TIME: VariableType.TIME,
    AskKind.CHOICE: VariableType.DATE,
}


class ScriptError(OwnerlineError):
    """A script cannot be read; the text says which file and place, and what is expected there."""


class Variable(Strict):
    """A variable a script uses."""

    type: VariableType
    needed_if: Condition | None = None  # absent: always needed, unless there is a default
    default: Scalar | dict[str, str] | None = None


class Sentences(Strict):
    """What is said at every prompt and at the seams of a call."""

    silence: Text | None = None
    wrong: Text | None = None
    opt_out: Text | None = None  # after 9: it holds; 1 takes it back
    opted_out: Text | None = None
    back: Text | None = None  # after 1: where we were
    transfer: Text | None = None
    no_agent: Text | None = None
    between: Text | None = None  # before the next section
    news: Text | None = None  # the file changed during the call
    nothing_more: Text | None = None  # the reason went away before it was spoken of
    closing: Text | None = None  # the last words of every call
    recorded: Text | None = None  # before the first question, where a recording is announced
    may_record: Text | None = None  # asks for 1 or 2, where it needs a yes
    not_recorded: Text | None = None  # after a no
    message: Text | None = None  # to an answering machine
    abandoned: Text | None = None  # nobody free to speak

    def with_those_of(self, other: "Sentences") -> "Sentences":
        """Return these with the ones that another has in their place."""
        own = {name: text for name, text in other if text is not None}
        return self.model_copy(update=own) if own else self


class Withdrawn(Strict):
    """How the section ends when its reason goes away during the call."""

    end: str
    end_if_strong: str | None = None  # instead, where the section was about a debt
    say: Text


Level = Literal["light", "strong"]


class Fragment(Strict):
    """Steps and sentences several scripts share."""

    fragment: ScriptName
    include: Annotated[tuple[ScriptName, ...], Field(max_length=10)] = ()
    opening: Name | None = None
    section: Name | None = None
    variables: dict[Name, Variable] = Field(default_factory=dict)
    constants: dict[Name, int] = Field(default_factory=dict)
    sentences: Sentences = Sentences()
    agent_sentences: Sentences = Sentences()  # an agent's, where a voice would speak of keys
    steps: dict[Name, Step] = Field(default_factory=dict)


class Script(Strict):
    """A whole script, its fragments included."""

    name: ScriptName
    version: Annotated[int, Field(ge=1)]
    purpose: Purpose
    title: Text
    include: Annotated[tuple[ScriptName, ...], Field(max_length=10)] = ()
    queue: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    identity: Level
    strong_if: Condition | None = None  # identity light, but strong when this holds
    machine: Literal["leave", "hang_up"] = "hang_up"
    partial: str | None = None  # wrap-up code when broken off after at least one answer
    withdrawn: Withdrawn
    opening: Name
    section: Name
    variables: dict[Name, Variable]
    constants: dict[Name, int] = Field(default_factory=dict)
    sentences: Sentences
    agent_sentences: Sentences = Sentences()
    steps: Annotated[dict[Name, Step], Field(min_length=1, max_length=MAX_STEPS)]

    @model_validator(mode="after")
    def _sentences_parse(self) -> "Script":
        for _, text in self.texts():
            for sentence in text.values():
                parse(sentence)
        return self

    def texts(self) -> list[tuple[str, "dict[Language, str]"]]:
        """Return every text of the script with the step (or seam) it belongs to."""
        found = [("title", self.title), ("withdrawn", self.withdrawn.say)]
        for field in ("sentences", "agent_sentences"):
            spoken: Sentences = getattr(self, field)
            found += [(f"{field}.{name}", text) for name, text in spoken if text is not None]
        for name, step in self.steps.items():
            found += [(name, text) for text in texts_of(step)]
        return found

    def sentences_of(self, speaker: Speaker) -> Sentences:
        """Return the sentences as who speaks says them."""
        if speaker is Speaker.SCRIPT:
            return self.sentences
        return self.sentences.with_those_of(self.agent_sentences)

    def types(self) -> Mapping[str, VariableType]:
        """Return the type of every variable the script may name."""
        declared = {name: variable.type for name, variable in self.variables.items()}
        constants = dict.fromkeys(self.constants, VariableType.COUNT)
        types = {**BUILT_IN, **RESULTS, **constants, **declared}
        for name, kind in self._filled(types):
            types.setdefault(name, kind)
        return types

    def _filled(self, known: Mapping[str, VariableType]) -> Iterator[tuple[str, VariableType]]:
        for step in self.steps.values():
            if isinstance(step, AskStep) and step.into is not None:
                moment = step.limits.on_day is not None
                yield step.into, VariableType.DATETIME if moment else _VALUE_TYPES[step.ask]
            elif isinstance(step, RecordStep):
                yield step.record, VariableType.TEXT
            elif isinstance(step, SetStep):
                for name, value in step.set.items():
                    yield name, _type_of(value, known)


def _type_of(value: Scalar | Copy, known: Mapping[str, VariableType]) -> VariableType:
    match value:
        case Copy():
            return known.get(value.copy_of, VariableType.TEXT)
        case bool():
            return VariableType.FLAG
        case int():
            return VariableType.COUNT
        case _:
            return VariableType.TEXT
