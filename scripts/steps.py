"""The steps of a call script, as strict models: what each says, waits for and leads to."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from customers.model import Language
from scripts.model import AskKind
from scripts.variables import BUILT_IN, IDENTIFIED

OPT_OUT_KEY, AGENT_KEY, REPEAT_KEY = "9", "0", "*"
GLOBAL_KEYS = frozenset({OPT_OUT_KEY, AGENT_KEY, REPEAT_KEY})

NOWHERE = ""  # what was left out: the linter names it, the library refuses the script

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Path = Annotated[str, Field(pattern=r"^(answers\.)?[a-z][a-z0-9_]{0,39}$")]  # a result or variable
ScriptName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Sentence = Annotated[str, Field(min_length=1, max_length=600)]
Text = Annotated[dict[Language, Sentence], Field(min_length=1)]
Scalar = str | int | float | bool


class Strict(BaseModel):
    """Refuses unknown keys, cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Condition(Strict):
    """One comparison of a variable, as data."""

    variable: Name
    equals: Scalar | None = None
    one_of: Annotated[tuple[Scalar, ...], Field(max_length=20)] | None = None
    at_least: int | None = None
    at_most: int | None = None
    known: bool | None = None

    @model_validator(mode="after")
    def _one_comparison(self) -> "Condition":
        given = self.model_fields_set - {"variable"}
        if len(given) != 1:
            message = "a condition needs exactly one of equals, one_of, at_least, at_most, known"
            raise ValueError(message)
        return self


class Case(Strict):
    """A branch's way when its condition holds."""

    when: Condition
    next: Name


class Answer(Strict):
    """What a key means and where it leads."""

    means: Text
    next: Name = NOWHERE
    store: Scalar | None = None  # kept in `into`; the key itself (a number) where absent


class Limits(Strict):
    """What a value may be; numbers, or names of variables that hold them."""

    from_days: int | Name | None = None  # date: days from today, inclusive
    to_days: int | Name | None = None
    at_most: Name | None = None  # amount
    least_share: Annotated[float, Field(gt=0, le=1)] | None = None  # amount: of `at_most`
    opens: Name | None = None  # time: inclusive
    closes: Name | None = None  # time: inclusive
    on_day: Name | None = None  # time: the date variable it belongs to; then not in the past


RefusalReason = Literal["unreadable", "early", "late", "low", "high", "closed", "past"]


class Days(Strict):
    """Options made at run time: so many days in a row, offered by number."""

    first: Annotated[int, Field(ge=0, le=30)] = 1
    count: Annotated[int, Field(ge=1, le=8)] = 5
    each: Text  # with {key} and {option}
    agent_says: Text | None = None  # what stands on the agent's button; nothing is read out


class Spoken(Strict):
    """What a step says, and what an agent says instead where a voice would speak of keys."""

    say: Text
    agent_says: Text | None = None
    aside: Text | None = None  # for the agent's eyes, not to be read aloud


class Prompted(Spoken):
    """What every step that waits for an answer has in common."""

    title: Text | None = None  # what the agent's page calls the step
    give_up: Name  # after the last silence or wrong key
    retries: Annotated[int, Field(ge=0, le=4)] = 2
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 6.0
    silence: Text | None = None  # absent: the script's own sentence
    wrong: Text | None = None


class AskStep(Prompted):
    """Ask for a key, digits, an amount, a date, a time or one of some days."""

    ask: Literal[
        AskKind.KEY, AskKind.DIGITS, AskKind.AMOUNT, AskKind.DATE, AskKind.TIME, AskKind.CHOICE
    ]
    answers: Annotated[dict[str, Answer], Field(max_length=9)] = Field(default_factory=dict)
    into: Path | None = None
    next: Name | None = None
    max_digits: Annotated[int, Field(ge=1, le=20)] | None = None
    limits: Limits = Limits()
    refusals: dict[RefusalReason, Text] = Field(default_factory=dict)
    options: Days | None = None

    @model_validator(mode="before")
    @classmethod
    def _spread_ranges(cls, data: Any) -> Any:
        """Write an answer "1-5" as five answers."""
        if not isinstance(data, dict) or not isinstance(data.get("answers"), dict):
            return data
        spread: dict[Any, Any] = {}
        for key, answer in data["answers"].items():
            if isinstance(key, str) and len(key) == 3 and key[1] == "-":  # noqa: PLR2004 - "1-5"
                spread.update({str(n): answer for n in range(int(key[0]), int(key[2]) + 1)})
            else:
                spread[key] = answer
        return {**data, "answers": spread}

    @model_validator(mode="after")
    def _whole(self) -> "AskStep":
        if self.ask is AskKind.KEY:
            bad = [key for key in self.answers if key not in set("12345678#")]
            if bad or not self.answers:
                message = f"ask: key needs answers by 1-8 (9, 0 and * are taken), not {bad}"
                raise ValueError(message)
            return self
        if self.into is None or self.next is None or self.answers:
            message = f"ask: {self.ask.value} needs into and next, and no answers"
            raise ValueError(message)
        if (self.ask is AskKind.CHOICE) != (self.options is not None):
            message = "options go with ask: choice, and only there"
            raise ValueError(message)
        return self

    @property
    def value_path(self) -> str:
        """Where the value goes; every ask but a key's has one."""
        return self.into or ""

    @property
    def onward(self) -> str:
        """The step after a value was taken; every ask but a key's has one."""
        return self.next or ""


class VerifyStep(Prompted):
    """Ask for the digits only the owner knows; `right` is reached with the strong check passed."""

    verify: Literal["identity"]
    right: Name
    failed: Name
    tries: Annotated[int, Field(ge=1, le=3)] = 3


class RecordStep(Prompted):
    """Record free speech."""

    record: Path
    next: Name
    retries: Annotated[int, Field(ge=0, le=4)] = 1
    max_seconds: Annotated[int, Field(ge=5, le=120)] = 60


class SayStep(Spoken):
    """Speak, then go on."""

    next: Name = NOWHERE


class Copy(Strict):
    """The value of another variable."""

    copy_of: Name


class SetStep(Strict):
    """Set variables, then go on."""

    set: Annotated[dict[Path, Scalar | Copy], Field(min_length=1, max_length=10)]
    next: Name

    @model_validator(mode="after")
    def _only_what_is_its_own(self) -> "SetStep":
        taken = {name for name in self.set if name in BUILT_IN and name != IDENTIFIED}
        if taken or self.set.get(IDENTIFIED, "light") != "light":
            message = (
                f"a script cannot set {sorted(taken) or IDENTIFIED}: it may only set identified "
                "to light; verify: identity sets it to strong"
            )
            raise ValueError(message)
        return self


class BranchStep(Strict):
    """Go the way of the first case that holds."""

    branch: Annotated[tuple[Case, ...], Field(min_length=1, max_length=20)]
    otherwise: Name


class GotoStep(Strict):
    """Go on elsewhere."""

    goto: Name


class TransferStep(Strict):
    """Hand the call to an agent; with none free, `otherwise` or the promise of a call.

    `transfer` is the queue's name; `own` is the queue of the script itself.
    """

    transfer: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    say: Text | None = None
    agent_says: Text | None = None
    aside: Text | None = None
    reason: str | None = None
    otherwise: Name | None = None


class EndStep(Strict):
    """Settle the section (or, with scope call, every section still open) with a wrap-up code."""

    end: str
    say: Text | None = None
    agent_says: Text | None = None
    aside: Text | None = None
    scope: Literal["section", "call"] = "section"
    keep: tuple[Name, ...] = ()  # results that go into the outcome; answers and recording always do
    reason: str | None = None


class ProceedStep(Strict):
    """The opening is over: go to the sections."""

    proceed: Literal["sections"]


_VERBS = ("ask", "verify", "record", "set", "branch", "goto", "transfer", "end", "proceed")


def _verb(data: Any) -> str:
    keys = data if isinstance(data, dict) else type(data).model_fields
    return next((verb for verb in _VERBS if verb in keys), "say")


Step = Annotated[
    Annotated[AskStep, Tag("ask")]
    | Annotated[VerifyStep, Tag("verify")]
    | Annotated[RecordStep, Tag("record")]
    | Annotated[SetStep, Tag("set")]
    | Annotated[BranchStep, Tag("branch")]
    | Annotated[GotoStep, Tag("goto")]
    | Annotated[TransferStep, Tag("transfer")]
    | Annotated[EndStep, Tag("end")]
    | Annotated[ProceedStep, Tag("proceed")]
    | Annotated[SayStep, Tag("say")],
    Discriminator(_verb),
]


def spoken_texts(step: Step) -> list[Text]:
    """Return every text a step may speak."""
    texts = [
        text
        for text in (getattr(step, field, None) for field in ("say", "silence", "wrong"))
        if text is not None
    ]
    if isinstance(step, AskStep):
        texts += step.refusals.values()
        if step.options is not None:
            texts.append(step.options.each)
    return texts


def agent_texts(step: Step) -> list[Text]:
    """Return every text an agent reads from the screen in place of a step's own, asides too."""
    own = [getattr(step, field, None) for field in ("agent_says", "aside", "title")]
    if isinstance(step, AskStep) and step.options is not None:
        own.append(step.options.agent_says)
    return [text for text in own if text is not None]


def texts_of(step: Step) -> list[Text]:
    """Return every text a step may speak, or show to an agent."""
    means = [answer.means for answer in step.answers.values()] if isinstance(step, AskStep) else []
    return spoken_texts(step) + agent_texts(step) + means


def targets(step: Step) -> tuple[str, ...]:
    """Return the steps a step may lead to, `give_up` last; none for an end."""
    ways: tuple[str | None, ...] = ()
    match step:
        case AskStep():
            ways = (*(answer.next for answer in step.answers.values()), step.next, step.give_up)
        case VerifyStep():
            ways = (step.right, step.failed, step.give_up)
        case RecordStep():
            ways = (step.next, step.give_up)
        case BranchStep():
            ways = (*(case.next for case in step.branch), step.otherwise)
        case GotoStep():
            ways = (step.goto,)
        case SayStep() | SetStep():
            ways = (step.next,)
        case TransferStep():
            ways = (step.otherwise,)
        case EndStep() | ProceedStep():
            pass
    return tuple(dict.fromkeys(way for way in ways if way is not None))
