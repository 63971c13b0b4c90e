"""What a pacer has learned, as plain JSON and back."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.errors import OwnerlineError
from dialer.pacing.pacer import Learned

_VERSION = 1
_SHAPE = TypeAdapter(Learned)


class LearnedError(OwnerlineError):
    """What was kept of a pacer cannot be read."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"what the pacer has learned cannot be read: {why}; without it the pacer starts anew"
        )


def as_json(learned: Learned) -> dict[str, Any]:
    """Return it as JSON's own types."""
    return {"version": _VERSION, **_SHAPE.dump_python(learned, mode="json")}


def from_json(value: object) -> Learned:
    """Return what `as_json` gave.

    Raises:
        LearnedError: it is something else.
    """
    if not isinstance(value, dict) or value.get("version") != _VERSION:
        message = f"it is no object of version {_VERSION}"
        raise LearnedError(message)
    try:
        return _SHAPE.validate_python(
            {key: each for key, each in value.items() if key != "version"}
        )
    except ValidationError as err:
        first = err.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = f"{place or 'it'}: {first['msg']}"
        raise LearnedError(message) from err
