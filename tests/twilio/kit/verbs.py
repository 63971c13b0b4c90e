"""TwiML as the emulated carrier reads it: known verbs and attributes, or a complaint.

Verbs, attributes and their limits: twilio.com/docs/voice/twiml, one page a verb.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote
from xml.etree import ElementTree as ET  # our own documents, in tests

MAX_BYTES = 64 * 1024
_SAID = 4096  # characters; twilio.com/docs/api/errors/13521
_SAID_IN_A_URL = 4500  # the same, encoded


class TwimlError(Exception):
    """A document that Twilio would refuse, with its own code (twilio.com/docs/api/errors)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, kw_only=True, slots=True)
class Verb:
    """One verb: its attributes as given, its text, and what is nested in it."""

    name: str
    attributes: Mapping[str, str]
    text: str = ""
    nested: tuple["Verb", ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """Return an attribute."""
        return self.attributes.get(name, default)

    def number(self, name: str, default: int) -> int:
        """Return an attribute that is a number."""
        return int(self.attributes.get(name, default))

    def flag(self, name: str, *, default: bool) -> bool:
        """Return an attribute that is true or false."""
        return self.get(name, "true" if default else "false") == "true"


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(pattern, value) is not None


_ANY = _matches(r"(?s).*")
_WORDS = _matches(r"[\w.\-:]+")
_FLAG = _matches("true|false")
_COUNT = _matches(r"[1-9]\d*")
_WHOLE = _matches(r"\d+")
_URL = _matches(r"https?://\S+|/\S*")
_METHOD = _matches("GET|POST")
_EVENTS = _matches(r"[a-z\-]+( [a-z\-]+)*")
_BEEP = _matches("true|false|onEnter|onExit")
_CALLBACK = {
    "statusCallback": _URL,
    "statusCallbackMethod": _METHOD,
    "statusCallbackEvent": _EVENTS,
}
_RECORDING = {
    "recordingStatusCallback": _URL,
    "recordingStatusCallbackMethod": _METHOD,
    "recordingStatusCallbackEvent": _EVENTS,
    "recordingTrack": _matches("inbound|outbound|both"),
    "trim": _matches("trim-silence|do-not-trim"),
}
_ACTION = {"action": _URL, "method": _METHOD}

ATTRIBUTES: Mapping[str, Mapping[str, Callable[[str], bool]]] = {
    "Say": {"voice": _WORDS, "language": _WORDS, "loop": _WHOLE},
    "Play": {"loop": _WHOLE, "digits": _matches(r"[0-9w*#]+")},
    "Pause": {"length": _COUNT},
    "Gather": _ACTION
    | {
        "input": _matches("dtmf"),
        "timeout": _COUNT,
        "numDigits": _COUNT,
        "finishOnKey": _matches("[0-9*#]?"),
        "actionOnEmptyResult": _FLAG,
        "language": _WORDS,
    },
    "Record": _ACTION
    | _RECORDING
    | {
        "timeout": _COUNT,
        "finishOnKey": _matches("[0-9*#]*"),
        "maxLength": _COUNT,
        "playBeep": _FLAG,
        "transcribe": _matches("false"),
    },
    "Redirect": {"method": _METHOD},
    "Hangup": {},
    "Reject": {"reason": _matches("rejected|busy")},
    "Dial": _ACTION
    | _RECORDING
    | {
        "timeout": _COUNT,
        "timeLimit": _COUNT,
        "callerId": _matches(r"\+[1-9]\d{1,14}|client:\S+"),
        "hangupOnStar": _FLAG,
        "answerOnBridge": _FLAG,
        "ringTone": _WORDS,
        "record": _matches("do-not-record|record-from-(answer|ringing)(-dual)?"),
    },
    "Conference": _CALLBACK
    | _RECORDING
    | {
        "muted": _FLAG,
        "beep": _BEEP,
        "startConferenceOnEnter": _FLAG,
        "endConferenceOnExit": _FLAG,
        "waitUrl": _matches(r"(https?://\S+)?"),
        "waitMethod": _METHOD,
        "maxParticipants": _COUNT,
        "record": _matches("do-not-record|record-from-start"),
        "region": _WORDS,
        "coach": _matches(r"CA[0-9a-f]{32}"),
        "participantLabel": _matches(r".{1,128}"),
        "jitterBufferSize": _matches("off|small|medium|large"),
    },
    "Number": _CALLBACK | {"url": _URL, "method": _METHOD, "sendDigits": _ANY},
    "Sip": _CALLBACK | {"url": _URL, "method": _METHOD, "username": _ANY, "password": _ANY},
    "Client": _CALLBACK | {"url": _URL, "method": _METHOD},
}
_WITHIN = {
    "Gather": {"Say", "Play", "Pause"},
    "Dial": {"Conference", "Number", "Sip", "Client"},
}
_NOUNS = {"Conference", "Number", "Sip", "Client"}
_SPOKEN_TAGS = {"break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w"}


def read(body: bytes, *, media_type: str) -> tuple[Verb, ...]:
    """Return the verbs of a document.

    Raises:
        TwimlError: Twilio would not go by it.
    """
    if media_type not in {"application/xml", "text/xml", "text/html"}:
        raise TwimlError(12300, f"content type {media_type!r}")
    if len(body) > MAX_BYTES:
        raise TwimlError(11750, f"{len(body)} bytes")
    try:
        root = ET.fromstring(body)  # noqa: S314 - our own document
    except ET.ParseError as err:
        raise TwimlError(12100, str(err)) from err
    if root.tag != "Response":
        raise TwimlError(12100, f"a document begins with Response, not {root.tag}")
    return tuple(_verb(each, within=None) for each in root)


def _verb(element: ET.Element, *, within: str | None) -> Verb:
    name = element.tag
    is_misplaced = name not in _WITHIN.get(within, set()) if within else name in _NOUNS
    if name not in ATTRIBUTES or is_misplaced:
        raise TwimlError(12200, f"{name} within {within or 'Response'}")
    known = ATTRIBUTES[name]
    for key, value in element.attrib.items():
        if key not in known or not known[key](value):
            raise TwimlError(12200, f"{name} {key}={value!r}")
    if name == "Say":
        tags = {each.tag for each in element.iter()} - {"Say"}
        if not tags <= _SPOKEN_TAGS:
            raise TwimlError(12200, f"{tags - _SPOKEN_TAGS} within Say")
        text = "".join(element.itertext())
        if not text.strip() or len(text) > _SAID:
            raise TwimlError(13520, f"Say of {len(text)} characters")
        if len(quote(text, safe="")) > _SAID_IN_A_URL:
            raise TwimlError(13521, f"Say of {len(text)} characters, too long in a URL")
        return Verb(name=name, attributes=element.attrib, text=text)
    nested = tuple(_verb(each, within=name) for each in element)
    return Verb(
        name=name, attributes=element.attrib, text=(element.text or "").strip(), nested=nested
    )
