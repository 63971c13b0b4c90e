"""What a script says and hears: the turn, the reply, the saved state of a talk, the call's plan.

A turn is what every rendering shows (FastAGI commands, TwiML, the agent's page); a reply is what
comes back. All values are plain data: the state of a talk is saved after every turn, so that any
process can carry on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from customers.model import Language, RecordingConsent, WrapUpCode


class Speaker(StrEnum):
    """Who speaks our part of a talk."""

    SCRIPT = "script"  # a voice: answers are keys
    AGENT = "agent"  # a person, who reads from the screen and takes down what is answered


class AskKind(StrEnum):
    """What sort of answer a turn expects."""

    KEY = "key"  # one key out of `keys`
    DIGITS = "digits"  # up to `max_digits` keys, ended by #
    AMOUNT = "amount"  # digits, * as the decimal point
    DATE = "date"  # MMDD or YYYYMMDD
    TIME = "time"  # HHMM
    CHOICE = "choice"  # one key out of a numbered list made at run time
    RECORD = "record"  # free speech, ended by # or silence


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """The answer a turn waits for."""

    kind: AskKind
    keys: Mapping[str, str] = field(default_factory=dict)  # key → its meaning, for the agent's page
    max_digits: int = 1
    timeout_s: float = 5.0  # silence after the prompt before it counts as no answer
    max_seconds: int = 60  # of a recording


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """Hand the call to an agent's queue."""

    queue: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One step of a talk: speak the sentences in order, then expect an answer, hang up or transfer.

    Exactly one of `ask`, `transfer`, `hang_up` holds. Keys interrupt speech where `barge_in`.
    While `recorded` the call may be recorded; a turn without it is not, or records silence.
    Only an agent's turns have `title`, `facts` and `asides`.
    """

    step: str
    language: Language
    say: tuple[str, ...]
    ask: Ask | None = None
    transfer: Transfer | None = None
    hang_up: bool = False
    barge_in: bool = True
    recorded: bool = False
    title: str = ""  # of the step, in a word or two; "" where its author gave none
    facts: tuple[tuple[tuple[int, int], ...], ...] = ()  # from-to of each sentence's values
    asides: tuple[str, ...] = ()  # for the agent's eyes, not to be read aloud


class ReplyKind(StrEnum):
    """What came back from the line."""

    KEYS = "keys"  # value: the keys pressed, without the ending #
    SILENCE = "silence"  # nothing within the time
    RECORDING = "recording"  # value: the recording's name; seconds: its length
    WORDS = "words"  # value: what was said freely, as an agent wrote it down
    HUNG_UP = "hung_up"  # the line is gone


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """The owner's answer to a turn."""

    kind: ReplyKind
    value: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One due call's part of a talk."""

    due_call_id: int
    script: str  # name in the library, e.g. "overdue-30"
    variables: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class CallPlan:
    """Everything a talk needs, fixed when the call is answered.

    `variables` hold for the whole call (company, community, person, unit, today). `identity` is
    the digits only the owner knows, None when the file has none (then no debt may be named).
    `now` is the instant of the answer in the community's own zone. `recording` says what must be
    done before the talk is recorded; `never` also where nobody wants it recorded.
    """

    language: Language
    now: datetime
    currency: str
    variables: Mapping[str, Any]
    sections: tuple[Section, ...]
    identity: str | None = None
    recording: RecordingConsent = RecordingConsent.NEVER
    free_answers: bool = True  # False: not even what an owner says when asked to may be recorded
    speaker: Speaker = Speaker.SCRIPT


@dataclass(frozen=True, kw_only=True, slots=True)
class SectionOutcome:
    """What a talk settled for one due call; `data` holds what the branch set.

    Keys of `data`: promised_amount_minor (int), promised_on (ISO date), callback_at (ISO local
    date and time), extension_until (ISO date), reason (free word of the branch), answers
    (question → 1-5 or recording name), recording (name of what was recorded in the branch), said
    (question or "recording" → the words an agent wrote down instead).
    """

    due_call_id: int
    wrap_up_code: WrapUpCode
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class TalkState:
    """Where a talk stands; `scripts.state` makes it JSON and whole again."""

    plan: CallPlan
    position: Mapping[str, Any]
    outcomes: tuple[SectionOutcome, ...] = ()
    ended: bool = False
