"""The turn that a talk said last, kept with its state: asked for again by its key it is the same.

A bridge whose process ends between a turn's commit and its own asks again, and hears no question
answered twice.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from scripts.model import Turn

_SAID = "said"
_TURN = TypeAdapter(Turn)


def with_said(talk: Mapping[str, Any], key: str | None, turn: Turn) -> dict[str, Any]:
    """Return a talk that keeps what it said; without a key it keeps nothing said before either."""
    rest = {name: value for name, value in talk.items() if name != _SAID}
    if key is None:
        return rest
    return {**rest, _SAID: {"key": key, "turn": _TURN.dump_python(turn, mode="json")}}


def said_for(talk: Mapping[str, Any] | None, key: str | None) -> Turn | None:
    """Return the turn that was said last, if it was asked for with this key."""
    said = None if talk is None or key is None else talk.get(_SAID)
    return None if said is None or said["key"] != key else _TURN.validate_python(said["turn"])
