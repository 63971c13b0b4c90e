"""Who picks up: the telephones that the emulated carrier rings, and how their owners behave."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum


class Reaction(StrEnum):
    """What becomes of a ring."""

    ANSWERS = "answers"
    RINGS_OUT = "rings out"
    BUSY = "busy"
    REJECTS = "rejects"
    SWITCHED_OFF = "switched off"
    DEAD = "no such number"
    CONGESTED = "no circuit"
    FORBIDDEN = "not permitted"  # our account may not ring there


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """How the carrier tells of a call that nobody took."""

    status: str
    sip_code: int | None
    error_code: int | None = None
    rings: bool = False


# The statuses: twilio.com/docs/voice/api/call-resource#call-status-values. The SIP codes are those
# of RFC 3261 and RFC 3398 for the same events in the telephone network.
REFUSALS = {
    Reaction.RINGS_OUT: Refusal(status="no-answer", sip_code=487, rings=True),
    Reaction.BUSY: Refusal(status="busy", sip_code=486),
    Reaction.REJECTS: Refusal(status="busy", sip_code=603, rings=True),
    Reaction.SWITCHED_OFF: Refusal(status="no-answer", sip_code=480),
    Reaction.DEAD: Refusal(status="failed", sip_code=404),
    Reaction.CONGESTED: Refusal(status="failed", sip_code=503),
    Reaction.FORBIDDEN: Refusal(status="failed", sip_code=403, error_code=13227),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Presses:
    """Keys, the ending # among them where one is wanted."""

    keys: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Speaks:
    """Words, for so long."""

    seconds: float = 1.0


class Passive(Enum):
    """What needs no more words."""

    WAITS = "presses nothing"
    HANGS_UP = "hangs up"


WAITS = Passive.WAITS
HANGS_UP = Passive.HANGS_UP

Act = Presses | Speaks | Passive


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """What a telephone hears before something is expected of it."""

    number: int  # of the question in its call, from 0
    said: Sequence[str]  # sentences, or the addresses of audio
    wants_speech: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Somebody at a telephone; `acts` says what they do at a prompt."""

    reaction: Reaction = Reaction.ANSWERS
    after_s: float = 0.05  # of ringing
    detected: str = "human"  # in Twilio's words: human, machine_start, fax, unknown
    acts: Callable[[Prompt], Act] = lambda _: WAITS
    stays: bool = True  # False: hangs up at once, also where nothing is asked
    barges_in: bool = False  # presses before the prompt is over


def presses(keys: str) -> Owner:
    """Return somebody who presses the same keys at every question."""
    return Owner(acts=lambda _: Presses(keys=keys))


def answers_with(*acts: Act) -> Owner:
    """Return somebody who does these things, one a question, and then nothing."""
    return Owner(acts=lambda prompt: acts[prompt.number] if prompt.number < len(acts) else WAITS)


LISTENS = Owner()
LEAVES = Owner(acts=lambda _: HANGS_UP)
MACHINE = Owner(detected="machine_start")


def nobody(reaction: Reaction) -> Owner:
    """Return a telephone that is not picked up, and why."""
    return Owner(reaction=reaction)
