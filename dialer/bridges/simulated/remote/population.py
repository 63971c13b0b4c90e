"""The carrier's people as a file: a JSON object a line, a number and how its holder behaves."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.errors import OwnerlineError
from dialer.bridges.simulated.people import Behaviour

_BEHAVIOUR = TypeAdapter(Behaviour)
_NUMBER = "e164"


class PopulationError(OwnerlineError):
    """A line of the carrier's population cannot be read."""


def write_population(path: Path, people: Mapping[str, Behaviour]) -> None:
    """Write who holds which number; what a person leaves to chance is left out."""
    with path.open("w", encoding="utf-8") as lines:
        for e164, behaviour in people.items():
            told = _BEHAVIOUR.dump_python(behaviour, mode="json", exclude_none=True)
            lines.write(json.dumps({_NUMBER: e164, **told}, ensure_ascii=False) + "\n")


def read_population(path: Path) -> dict[str, Behaviour]:
    """Return behaviour by number.

    Raises:
        PopulationError: a line is none of a population; the text names it.
    """
    people = {}
    with path.open(encoding="utf-8") as lines:
        for nth, line in enumerate(lines, start=1):
            try:
                told: dict[str, Any] = json.loads(line)
                people[str(told.pop(_NUMBER))] = _BEHAVIOUR.validate_python(told)
            except (ValueError, KeyError, AttributeError, ValidationError) as err:
                message = f"{path}, line {nth}, is no person of the simulated carrier"
                raise PopulationError(message) from err
    return people
