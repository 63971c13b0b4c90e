"""The guard before Asterisk: which values may be written into an action, each kind by whitelist.

The manager interface ends a header at a line break and splits variables at commas; the dialplan
expands `${…}` and `$[…]` and splits arguments at commas and pipes. What could do any of that is
refused, never escaped. Names of people, and what they say, are not sent at all.
"""

import re
from enum import Enum

from core.errors import OwnerlineError


class UnsafeValueError(OwnerlineError):
    """A value could say more to Asterisk than it means; it was not sent."""


class Kind(Enum):
    """A kind of value and the whole pattern of it."""

    def __init__(self, pattern: str) -> None:
        self.whole = re.compile(pattern)

    NUMBER = r"\+?[0-9]{1,32}"
    CALLER_ID = r"\+?[0-9*#]{0,32}"  # empty: the trunk shows its own
    UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    ROOM = r"[A-Za-z0-9_-]{1,64}"
    TRUNK = r"\w[\w.-]{0,63}"  # its name in the settings
    PATH = r"(?:[A-Za-z0-9_./@%+=:-]|[^\x00-\x7f\s]){1,255}"
    ADDRESS = r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}"
    ENDPOINT = r"[A-Za-z0-9]{1,20}/[A-Za-z0-9_.+@/:=-]{1,200}"
    NAME = r"[A-Za-z][A-Za-z0-9_-]{0,63}"  # of an action, a header or an event
    VARIABLE = r"(?:__?)?[A-Za-z][A-Za-z0-9_]{0,63}"
    VALUE = r"(?:[A-Za-z0-9 _.:/@+*#=<>()\[\]^!?%~-]|[^\x00-\x7f\s]){0,1024}"  # of anything else
    PASSWORD = r"[^\x00-\x1f\x7f]{1,255}"  # noqa: S105 - its pattern


# What separates lines somewhere although it is no ASCII: an event's parser may split there.
_NEVER = re.compile("[\x80-\x9f\u2028\u2029]")


def safe(kind: Kind, value: str) -> str:
    """Return the value as it is.

    Raises:
        UnsafeValueError: it is none of its kind.
    """
    if kind.whole.fullmatch(value) is None or (not value.isascii() and _NEVER.search(value)):
        shown = "a secret" if kind is Kind.PASSWORD else repr(value[:80])
        message = f"{shown} may not be sent to Asterisk: it is no {_WORDS[kind]}"
        raise UnsafeValueError(message)
    return value


_WORDS = {
    Kind.NUMBER: "number of digits, with or without +",
    Kind.CALLER_ID: "caller ID of digits, * and #, with or without +",
    Kind.UUID: "UUID",
    Kind.ROOM: "room of letters, digits, - and _",
    Kind.TRUNK: "trunk's name of letters, digits, ., - and _",
    Kind.PATH: "path of letters, digits and plain punctuation",
    Kind.ADDRESS: "host:port",
    Kind.ENDPOINT: "endpoint such as PJSIP/1001",
    Kind.NAME: "name of letters, digits, - and _",
    Kind.VARIABLE: "variable's name",
    Kind.VALUE: "plain value without line breaks, commas, pipes, quotes, $, { or }",
    Kind.PASSWORD: "secret without control characters",
}
