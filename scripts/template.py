"""Sentences with `{variable|form}` placeholders: parsed once, rendered, never evaluated."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from core.errors import OwnerlineError
from customers.model import Language
from scripts.variables import FORMS, VariableType, speak

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)(?:\|([a-z]+)(?::([^{}|,:]+),([^{}|,:]+))?)?\}")

_CHINESE = re.compile(r"[\u4e00-\u9fff]")


class TemplateError(OwnerlineError):
    """A sentence has a brace that is no placeholder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placeholder:
    """Where a variable is spoken; an empty form means the first of its type."""

    variable: str
    form: str
    words: tuple[str, ...]


Piece = str | Placeholder


@lru_cache(maxsize=8192)
def parse(sentence: str) -> tuple[Piece, ...]:
    """Split a sentence into plain text and placeholders.

    Raises:
        TemplateError: a brace stands outside `{variable}`, `{variable|form}` and
            `{variable|plural:one,many}`.
    """
    pieces: list[Piece] = []
    at = 0
    for match in _PLACEHOLDER.finditer(sentence):
        pieces.append(sentence[at : match.start()])
        variable, form, one, many = match.groups()
        words = (one.strip(), many.strip()) if one else ()
        pieces.append(Placeholder(variable=variable, form=form or "", words=words))
        at = match.end()
    pieces.append(sentence[at:])
    for piece in pieces:
        if isinstance(piece, str) and ("{" in piece or "}" in piece):
            message = f"{sentence!r} has a brace that is no {{variable|form}}; write it so"
            raise TemplateError(message)
    return tuple(piece for piece in pieces if piece)


def placeholders(sentence: str) -> tuple[Placeholder, ...]:
    """Return the placeholders of a sentence in order."""
    return tuple(piece for piece in parse(sentence) if isinstance(piece, Placeholder))


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """A sentence as it is said, and where in it the values stand that were filled in."""

    text: str
    facts: tuple[tuple[int, int], ...]


def render(
    sentence: str,
    *,
    value_of: Callable[[str], Any],
    type_of: Mapping[str, VariableType],
    language: Language,
    currency: str,
    today: date,
    put: Callable[..., str] = speak,
    spaced: bool = False,
) -> Filled:
    """Fill a sentence's placeholders with their values as `put` has them: spoken, or written.

    What is `spaced` has a space between Chinese words and the digits of a value.
    """
    text = ""
    facts: list[tuple[int, int]] = []
    for piece in parse(sentence):
        if isinstance(piece, str):
            text += _apart(text, piece) if spaced and facts else piece
            continue
        value = put(
            value_of(piece.variable),
            piece.form or FORMS[type_of[piece.variable]][0],
            language=language,
            currency=currency,
            today=today,
            words=piece.words,
        )
        if spaced:
            text += _gap(text, value)
        if not piece.words:
            facts.append((len(text), len(text) + len(value)))
        text += value
    return Filled(text=text, facts=tuple(facts))


def _apart(before: str, after: str) -> str:
    return _gap(before, after) + after


def _gap(before: str, after: str) -> str:
    """Return the space that belongs between two texts where one is Chinese and one is not."""
    if not before or not after:
        return ""
    sides = {_CHINESE.match(before[-1]) is not None, _CHINESE.match(after[0]) is not None}
    between = before[-1] + after[0]
    return " " if len(sides) == 2 and all(c.isalnum() for c in between) else ""  # noqa: PLR2004 - both
