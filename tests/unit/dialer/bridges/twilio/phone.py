"""A phone on paper: reads a document as Twilio does, without a line, and fills its forms in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.twilio.kit.verbs import Verb, read

SID = "RE" + "0" * 32
Form = dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """What Twilio asks next: an address and a form; `keys` were pressed and not heard yet."""

    path: str
    form: Form = field(default_factory=dict)
    keys: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """A document that was read."""

    verbs: tuple[Verb, ...]

    @classmethod
    def of(cls, document: str) -> "Paper":
        """Read a document; one that Twilio would refuse is an error."""
        return cls(verbs=read(document.encode(), media_type="application/xml"))

    @property
    def says(self) -> tuple[str, ...]:
        """Return what is spoken, sentence by sentence, an address where audio is played."""
        return tuple(each.text for each in _flat(self.verbs) if each.name in {"Say", "Play"})

    @property
    def is_interruptible(self) -> bool:
        """Say whether a key ends what is spoken."""
        return not any(each.name in {"Say", "Play"} for each in self.verbs)

    @property
    def hangs_up(self) -> bool:
        """Say whether the call ends when all is said."""
        return self.verbs[-1].name == "Hangup"

    def press(self, keys: str) -> Sent:
        """Press keys from the first word on, then nothing."""
        return self._obey(keys, speech=None)

    def keep_silent(self) -> Sent:
        """Press nothing, say nothing."""
        return self._obey("", speech=None)

    def speak(self, seconds: int, *, end: str = "#") -> Sent:
        """Speak into a recording, ended by a key, by silence (empty) or by `hangup`."""
        return self._obey("", speech=(seconds, end))

    def _obey(self, keys: str, *, speech: tuple[int, str] | None) -> Sent:
        for verb in self.verbs:
            if verb.name == "Gather":
                digits, finished_on, keys = _gathered(verb, keys)
                if digits or verb.flag("actionOnEmptyResult", default=False):
                    form = {"Digits": digits, "FinishedOnKey": finished_on}
                    return Sent(path=_path(verb.get("action")), form=form, keys=keys)
            elif verb.name == "Record" and speech is not None:
                return Sent(path=_path(verb.get("action")), form=_recorded(verb, *speech))
            elif verb.name == "Redirect":
                return Sent(path=_path(verb.text), keys=keys)
        raise AssertionError([verb.name for verb in self.verbs])


def _gathered(verb: Verb, keys: str) -> tuple[str, str, str]:
    """Return the digits, the key that ended them, and the keys that were left."""
    most, ends_on = verb.number("numDigits", 0), verb.get("finishOnKey", "#")
    digits = ""
    for n, key in enumerate(keys):
        if key == ends_on:
            return digits, key, keys[n + 1 :]
        digits += key
        if len(digits) == most:
            return digits, "", keys[n + 1 :]
    return digits, "", ""


def _recorded(verb: Verb, seconds: int, end: str) -> Form:
    assert end in {"", "hangup"} or end in verb.get("finishOnKey"), "other keys are part of it"
    return {
        "RecordingSid": SID,
        "RecordingUrl": f"https://api.twilio.com/recordings/{SID}",
        "RecordingDuration": str(min(seconds, verb.number("maxLength", 3600))),
        "Digits": end,
    }


def _flat(verbs: Sequence[Verb]) -> list[Verb]:
    return [each for verb in verbs for each in (verb, *verb.nested)]


def _path(address: str) -> str:
    return urlsplit(address).path
