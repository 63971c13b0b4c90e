"""The words of FastAGI: a session's header, commands quoted so that no value is another, responses.

Pure. Transcripts of Asterisk 22.10.1 are in the tests.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from core.errors import OwnerlineError

MAX_LINE = 2048  # Asterisk cuts a command after so many bytes (res_agi.c, AGI_BUF_LEN)
HANGUP = "HANGUP"  # may come between any two lines
_HEADER = re.compile(r"agi_(?P<name>[a-z0-9_]{1,40}): ?(?P<value>[^\r\n]*)", re.ASCII)
_RESULT = re.compile(
    r"200 result=(?P<result>-?[0-9]{1,10})(?: \((?P<text>.*)\))?"
    r"(?: endpos=(?P<endpos>-?[0-9]{1,19}))?",
    re.ASCII,
)
_USAGE = re.compile(r"520[- ].*")
USAGE_BEGINS, USAGE_ENDS = "520-", "520 "
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class AgiSpeechError(OwnerlineError):
    """Asterisk, or whoever speaks in its place, said something that is no FastAGI."""


class UnsafeCommandError(OwnerlineError):
    """A command holds characters that would end it before its end; it was not sent."""


class Status(IntEnum):
    """How Asterisk took a command."""

    DONE = 200
    UNKNOWN = 510
    DEAD = 511  # the channel has been hung up
    USAGE = 520


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """What came back for a command; the figures hold for DONE only."""

    status: Status
    result: int = 0
    text: str = ""  # in parentheses
    endpos: int = 0  # samples played or recorded


def read_header(lines: Sequence[str]) -> Mapping[str, str]:
    """Return the variables of a session's header, without their agi_.

    Raises:
        AgiSpeechError: a line is none of a header, or two say the same thing.
    """
    found = [_HEADER.fullmatch(line) for line in lines]
    if None in found:
        message = "a session began with a line that is no agi_ variable; it is no Asterisk"
        raise AgiSpeechError(message)
    header = {each["name"]: each["value"] for each in found if each is not None}
    if len(header) < len(lines):
        message = "a session's header says a thing twice: a number in it has line breaks"
        raise AgiSpeechError(message)
    return header


def arguments(header: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the dialplan gave to AGI(), in order."""
    names = (f"arg_{n}" for n in range(1, 10))
    return tuple(header.get(name, "") for name in names)


def command(*words: str | int) -> bytes:
    """Return a command's line; words after the verb are quoted, so that each stays one.

    The verb may be several plain words: `command("STREAM FILE", stem, keys)`.

    Raises:
        UnsafeCommandError: a word holds a line break or another control character, or all are
            longer than Asterisk reads.
    """
    verb, *rest = words
    line = " ".join([str(verb), *(_quoted(str(word)) for word in rest)])
    if _CONTROL.search(line) is not None:
        message = f"{line[:80]!r} holds a control character and may not be sent to Asterisk"
        raise UnsafeCommandError(message)
    try:
        sent = line.encode() + b"\n"
    except UnicodeEncodeError as err:
        message = f"{line[:80]!r} holds half a character and may not be sent to Asterisk"
        raise UnsafeCommandError(message) from err
    if len(sent) >= MAX_LINE:
        message = f"a command of {len(sent)} bytes is longer than Asterisk reads ({MAX_LINE})"
        raise UnsafeCommandError(message)
    return sent


def read_response(line: str) -> Response:
    """Read the last line of a response.

    Raises:
        AgiSpeechError: it is none.
    """
    found = _RESULT.fullmatch(line)
    if found is not None:
        return Response(
            status=Status.DONE,
            result=int(found["result"]),
            text=found["text"] or "",
            endpos=int(found["endpos"] or 0),
        )
    for status in (Status.UNKNOWN, Status.DEAD):
        if line.startswith(f"{status} "):
            return Response(status=status)
    if _USAGE.fullmatch(line):
        return Response(status=Status.USAGE)
    message = f"Asterisk answered a command with {line[:80]!r}, which is no FastAGI response"
    raise AgiSpeechError(message)


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
