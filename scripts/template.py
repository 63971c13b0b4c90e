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


def render(
    sentence: str,
    *,
    value_of: Callable[[str], Any],
    type_of: Mapping[str, VariableType],
    language: Language,
    currency: str,
    today: date,
) -> str:
    """Fill a sentence's placeholders with the spoken forms of their values."""
    spoken: list[str] = []
    for piece in parse(sentence):
        if isinstance(piece, str):
            spoken.append(piece)
            continue
        form = piece.form or FORMS[type_of[piece.variable]][0]
        spoken.append(
            speak(
                value_of(piece.variable),
                form,
                language=language,
                currency=currency,
                today=today,
                words=piece.words,
            )
        )
    return "".join(spoken)
