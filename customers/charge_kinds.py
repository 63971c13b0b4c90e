"""Kinds of charge as data: who owes one, and how each language says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from customers.model import Language, Role
from customers.parsing.text import as_text

_UNNAMED_IN_ENGLISH = "property charge"


@dataclass(frozen=True, kw_only=True, slots=True)
class _ChargeKind:
    owed_by: Role
    names: Mapping[Language, str]


def owed_by(kind: str) -> Role:
    """Return the role that owes a charge of this kind: the tenant of a let unit, or the owner."""
    known = _kinds().get(_plain(kind))
    return Role.OWNER if known is None else known.owed_by


def kind_names(kind: str) -> Mapping[Language, str]:
    """Return how each language says a charge's kind, as given where it is not a known one."""
    known = _kinds().get(_plain(kind))
    if known is not None:
        return known.names
    return {
        Language.MANDARIN: kind,
        Language.ENGLISH: kind if kind.isascii() else _UNNAMED_IN_ENGLISH,
    }


@cache
def _kinds() -> Mapping[str, _ChargeKind]:
    raw: dict[str, dict[str, Any]] = yaml.safe_load(
        files("customers").joinpath("charge_kinds.yaml").read_text(encoding="utf-8")
    )
    return {
        _plain(word): _ChargeKind(
            owed_by=Role(entry["owed_by"]),
            names={Language(language): name for language, name in entry["names"].items()},
        )
        for entry in raw.values()
        for word in entry["words"]
    }


def _plain(kind: str) -> str:
    return as_text(kind).casefold()
