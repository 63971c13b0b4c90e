"""How the ready window is scored, and how the chance of an answer in it is learned."""

from functools import cache
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

_SHIPPED = Path(__file__).with_name("ready.yaml")


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Weights(_Data):
    """What each part of a score is worth."""

    deadline: float
    deadline_half_hours: Annotated[float, Field(gt=0)]
    priority: float
    answer: float


class GivingWay(_Data):
    """When a call lets others go first: its owner's better hour is near, its deadline is not."""

    hours_ahead: Annotated[int, Field(gt=0, le=24)]
    spare_hours: Annotated[int, Field(ge=24)]

    @model_validator(mode="after")
    def _a_day_is_left(self) -> Self:
        if self.spare_hours < self.hours_ahead + 24:
            message = (
                f"spare_hours {self.spare_hours} leaves less than a day after the hour waited for; "
                f"make it {self.hours_ahead + 24} or more"
            )
            raise ValueError(message)
        return self


class Learning(_Data):
    """How far back history is read; how many attempts weigh as much as what was known before."""

    history_days: Annotated[int, Field(gt=0)]
    held_out_days: Annotated[int, Field(gt=0)]
    house_weight: Annotated[float, Field(gt=0)]
    community_weight: Annotated[float, Field(gt=0)]


class Scoring(_Data):
    """How the window is scored; `answer_chance` by local hour from 0, before there is history."""

    version: str
    source: str
    weights: Weights
    answer_chance: Annotated[
        list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=24, max_length=24)
    ]
    giving_way: GivingWay
    learning: Learning


@cache
def shipped_scoring() -> Scoring:
    """Return the scoring that comes with the program."""
    return Scoring.model_validate(yaml.safe_load(_SHIPPED.read_text(encoding="utf-8")))
