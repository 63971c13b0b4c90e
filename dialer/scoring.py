"""How the ready window is scored, and how the chance of an answer in it is learned."""

from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

_SHIPPED = Path(__file__).with_name("ready.yaml")


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Weights(_Data):
    """What each part of a score is worth."""

    deadline: float
    deadline_half_hours: Annotated[float, Field(gt=0)]
    priority: float
    answer: float


class Learning(_Data):
    """How far back history is read; how many attempts weigh as much as what was known before."""

    history_days: Annotated[int, Field(gt=0)]
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
    learning: Learning


@cache
def shipped_scoring() -> Scoring:
    """Return the scoring that comes with the program."""
    return Scoring.model_validate(yaml.safe_load(_SHIPPED.read_text(encoding="utf-8")))
