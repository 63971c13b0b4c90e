"""Words for Twilio to speak: what XML can hold, in pieces that Say takes, by a voice it knows."""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote

from customers.model import Language

# In characters as in a URL, where a Chinese one is nine: Twilio takes 4,500 of those, and 3,000
# bytes for Amazon's voices (https://www.twilio.com/docs/api/errors/13521).
LONGEST_SAY = 3_000
_LONGEST_CHARACTER = 12
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2
_ENDS = re.compile(r"[。！？；!?;.](?=\s|[^\s\d.])|[，,、](?=\D)|\s")

# Twilio's oldest voices are named without their language, all others with it.
_NEED_LANGUAGE = frozenset({"man", "woman", "alice"})
_LOCALES: Mapping[Language, str] = MappingProxyType(
    {Language.MANDARIN: "zh-CN", Language.ENGLISH: "en-US"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """A voice in Twilio's words; without a language its name has it."""

    name: str
    language: str | None = None


# https://www.twilio.com/docs/voice/twiml/say/text-speech#available-voices-and-languages
_DEFAULTS: Mapping[Language, Voice] = MappingProxyType(
    {
        Language.MANDARIN: Voice(name="Polly.Zhiyu", language="cmn-CN"),
        Language.ENGLISH: Voice(name="Polly.Joanna", language="en-US"),
    }
)


def voices_of(chosen: Mapping[str, str]) -> Mapping[Language, Voice]:
    """Return the voice of each language, the chosen ones (`twilio.voices`) before ours."""
    return {
        language: _voice(chosen[language.value], language) if language.value in chosen else ours
        for language, ours in _DEFAULTS.items()
    }


def speakable(text: str) -> str:
    """Return a text as a document can say it: one line, nothing that XML has no place for."""
    return " ".join(_NOT_IN_XML.sub(" ", text).split())


def pieces(text: str, *, longest: int = LONGEST_SAY) -> tuple[str, ...]:
    """Part a speakable text where a speaker would take breath; nothing of it is lost but spaces."""
    found = []
    rest = text
    while (fits := _how_much(rest, longest)) < len(rest):
        breaths = [each.end() for each in _ENDS.finditer(rest, 0, fits)]
        at = breaths[-1] if breaths else fits
        found.append(rest[:at].strip())
        rest = rest[at:].strip()
    return tuple(each for each in (*found, rest) if each)


def _how_much(text: str, longest: int) -> int:
    """Return how many characters of a text fit, one at least."""
    if len(text) * _LONGEST_CHARACTER <= longest:
        return len(text)
    sizes = itertools.accumulate(len(quote(each, safe="")) for each in text)
    return max(1, sum(1 for _ in itertools.takewhile(lambda size: size <= longest, sizes)))


def _voice(name: str, language: Language) -> Voice:
    return Voice(name=name, language=_LOCALES[language] if name in _NEED_LANGUAGE else None)
