"""The rules of quality sampling and the arithmetic of a score sheet; pure.

A call's lot is a hash of the sample's seed and the call's id: the calls with the least lots are
drawn, so that a seed draws the same calls again, whoever looks and in whatever order.
"""

import math
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Self
from uuid import UUID

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.errors import OwnerlineError
from customers.model import Language, Reason

_SHIPPED = Path(__file__).with_name("quality.yaml")
_WHOLE = 100

Share = Annotated[float, Field(gt=0, le=1)]


class SheetError(OwnerlineError):
    """A score sheet holds a criterion or an answer that it does not have, or lacks one."""


class Level(StrEnum):
    """How far a criterion was met."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    NOT_ASKED = "not_asked"  # the call gave no occasion; its weight is left out


_POINTS = {Level.YES: 1.0, Level.PARTLY: 0.5, Level.NO: 0.0}


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Criterion(_Data):
    """One thing that is listened for."""

    key: str = Field(pattern="^[a-z_]{1,32}$")
    weight: int = Field(gt=0)
    decisive: bool = False
    text: Mapping[Language, str]

    @model_validator(mode="after")
    def _is_said_in_both(self) -> Self:
        if set(self.text) != set(Language):
            message = f"{self.key}: say it in {' and '.join(Language)}"
            raise ValueError(message)
        return self


class Sheet(_Data):
    """The criteria calls are scored by."""

    version: str
    source: str
    criteria: tuple[Criterion, ...]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        keys = [each.key for each in self.criteria]
        if len(set(keys)) != len(keys):
            message = "a criterion is there twice"
            raise ValueError(message)
        if (total := sum(each.weight for each in self.criteria)) != _WHOLE:
            message = f"the weights add up to {total}, not {_WHOLE}"
            raise ValueError(message)
        return self

    def read(self, answers: Mapping[str, str]) -> dict[str, Level]:
        """Return answers by criterion, those given so far.

        Raises:
            SheetError: a criterion or an answer is none of this sheet.
        """
        keys = {each.key for each in self.criteria}
        for key, word in answers.items():
            if key not in keys or word not in set(Level):
                message = f"{key}: {word} is no answer of the score sheet {self.version}"
                raise SheetError(message)
        return {key: Level(word) for key, word in answers.items()}

    def missing(self, answers: Mapping[str, Level]) -> list[Criterion]:
        """Return the criteria that have no answer yet."""
        return [each for each in self.criteria if each.key not in answers]

    def total(self, answers: Mapping[str, Level]) -> float:
        """Return the score from 0 to 100, by weight, of what the call gave occasion for.

        Raises:
            SheetError: a criterion has no answer, or none applies.
        """
        if missing := self.missing(answers):
            message = f"not answered yet: {', '.join(each.key for each in missing)}"
            raise SheetError(message)
        asked = [each for each in self.criteria if answers[each.key] is not Level.NOT_ASKED]
        if not asked:
            message = "none of the criteria applies; a call nobody can score is no sample"
            raise SheetError(message)
        if any(each.decisive and answers[each.key] is Level.NO for each in asked):
            return 0.0
        reached = sum(each.weight * _POINTS[answers[each.key]] for each in asked)
        return round(_WHOLE * reached / sum(each.weight for each in asked), 1)


class SampleRules(_Data):
    """How many calls of an agent are drawn."""

    share: Share
    least: int = Field(ge=1)
    most: int = Field(ge=1)

    def count(self, calls: int) -> int:
        """Return how many of so many calls are drawn."""
        wanted = max(self.least, math.ceil(round(self.share * calls, 9)))
        return min(calls, self.most, wanted)


class AgainRules(_Data):
    """Of how many drawn calls the owner is asked again, and after which calls at all."""

    share: Share
    open_days: int = Field(ge=1, le=60)
    reasons: frozenset[Reason]

    def count(self, drawn: int) -> int:
        """Return how many of so many drawn calls are asked about again."""
        return math.ceil(round(self.share * drawn, 9))


class QualityRules(_Data):
    """Everything about quality sampling, as data."""

    version: str
    source: str
    sample: SampleRules
    again: AgainRules
    sheet: Sheet


def lot(seed: int, attempt_id: UUID, purpose: str = "draw") -> bytes:
    """Return a call's place in the draw: the least are drawn first."""
    return sha256(f"{purpose}:{seed}:{attempt_id}".encode()).digest()


@cache
def shipped_quality() -> QualityRules:
    """Return the rules that come with the program."""
    return QualityRules.model_validate(yaml.safe_load(_SHIPPED.read_text(encoding="utf-8")))
