"""Whether a talk may be recorded by now: what was announced, asked and answered.

It stands in the talk's position as `recording`, and so is on file with the talk.
"""

from collections.abc import Mapping
from enum import StrEnum

from customers.model import Language, RecordingConsent
from scripts.memory import Memory
from scripts.model import Ask, AskKind, Reply, ReplyKind, TalkState
from scripts.prompts import global_keys

_YES_KEY, _NO_KEY = "1", "2"
_MEANINGS = {
    Language.MANDARIN: {_YES_KEY: "同意录音", _NO_KEY: "不录音"},
    Language.ENGLISH: {_YES_KEY: "May be recorded", _NO_KEY: "Not recorded"},
}
Words = Mapping[Language, str] | None


class Told(StrEnum):
    """What the owner knows of the recording."""

    NOTHING = ""
    ANNOUNCING = "announcing"  # in the turn that is being spoken
    ANNOUNCED = "announced"
    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"


def told(memory: Memory) -> Told:
    """Return what the owner knows; a talk that an older version saved knows nothing."""
    return Told(memory.at.get("recording", Told.NOTHING))


def agreed(state: TalkState) -> bool | None:
    """Say what the owner answered to whether the talk may be recorded; None: nothing so far."""
    match state.position.get("recording"):
        case Told.AGREED:
            return True
        case Told.REFUSED:
            return False
        case _:
            return None


def heard_out(memory: Memory) -> None:
    """Take in that the last turn was spoken: an announcement has been heard."""
    if told(memory) is Told.ANNOUNCING:
        memory.at["recording"] = Told.ANNOUNCED


def may_record(memory: Memory) -> bool:
    """Say whether what is said next may be recorded."""
    match memory.plan.recording:
        case RecordingConsent.ONE_PARTY:
            return True
        case RecordingConsent.ANNOUNCE:
            return told(memory) is Told.ANNOUNCED
        case RecordingConsent.ASK:
            return told(memory) is Told.AGREED
        case RecordingConsent.NEVER:
            return False


def takes_free_answers(memory: Memory) -> bool:
    """Say whether an owner may be asked to speak after the tone: not one who wants no recording.

    An agent writes down what is said, and needs no recording for it.
    """
    return memory.is_agents or (memory.plan.free_answers and told(memory) is not Told.REFUSED)


def announcement(memory: Memory) -> Words:
    """Return what is said before the first question, also when it is repeated; None elsewhere."""
    sentence = memory.sentences.recorded
    if memory.plan.recording is not RecordingConsent.ANNOUNCE or sentence is None:
        return None
    at = memory.at
    if told(memory) is Told.NOTHING:
        at |= {"recording": Told.ANNOUNCING, "announced_from": at["heard_from"]}
    return sentence if at.get("announced_from") == at["heard_from"] else None


def question(memory: Memory) -> Words:
    """Return what asks for consent before the first question; None when it was answered."""
    sentence = memory.sentences.may_record
    is_due = told(memory) in {Told.NOTHING, Told.ASKED}
    if memory.plan.recording is not RecordingConsent.ASK or sentence is None or not is_due:
        return None
    memory.at["recording"] = Told.ASKED
    return sentence


def consent_ask(language: Language) -> Ask:
    """Return what the question waits for; the keys of every prompt work here too."""
    return Ask(kind=AskKind.KEY, keys=_MEANINGS[language] | global_keys(language))


def answer(memory: Memory, reply: Reply) -> Words:
    """Take the answer to the question, and return what is said to it; only a yes is a yes."""
    agreed = reply.kind is ReplyKind.KEYS and reply.value == _YES_KEY
    memory.at["recording"] = Told.AGREED if agreed else Told.REFUSED
    return None if agreed else memory.sentences.not_recorded
