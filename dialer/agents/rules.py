"""The house's figures for agents as data: how long an offer, a wrap-up and a silence may last."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from dialer.agents.model import SkipReason

_SHIPPED = Path(__file__).with_name("agents.yaml")

Positive = Annotated[int, Field(gt=0)]


class AgentRules(BaseModel):
    """What agents' work goes by."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    source: str
    offer_s: Positive
    dial_s: Positive
    wrap_up_s: Positive
    lost_after_s: Positive
    own_agent_first_minutes: Annotated[int, Field(ge=0)]
    promise_wait_minutes: Annotated[int, Field(ge=0)]
    promise_lead_s: Annotated[int, Field(ge=0)]
    max_promise_days: Positive
    max_extension_days: Positive
    max_callback_days: Positive
    waives_minor: Annotated[int, Field(ge=0)] = 0  # late fees, on one call; more is asked for
    skips: Mapping[SkipReason, Positive]

    @model_validator(mode="after")
    def _knows_every_skip(self) -> Self:
        if missing := set(SkipReason) - set(self.skips):
            message = f"no time for {', '.join(sorted(missing))}"
            raise ValueError(message)
        return self

    @property
    def offer(self) -> timedelta:
        """How long a call that is shown is kept."""
        return timedelta(seconds=self.offer_s)

    @property
    def dial(self) -> timedelta:
        """How long a dialer has to ring what an agent wants rung."""
        return timedelta(seconds=self.dial_s)

    @property
    def wrap_up(self) -> timedelta:
        """How long an agent has to write down what was said."""
        return timedelta(seconds=self.wrap_up_s)

    @property
    def promise_lead(self) -> timedelta:
        """How long before a promised callback an agent takes no call placed ahead of agents."""
        return timedelta(seconds=self.promise_lead_s)

    @property
    def lost_after(self) -> timedelta:
        """How long a screen may be silent, in real time."""
        return timedelta(seconds=self.lost_after_s)

    def skipped_for(self, reason: SkipReason) -> timedelta:
        """Return how long a skipped call stays away."""
        return timedelta(minutes=self.skips[reason])


@cache
def shipped_agent_rules() -> AgentRules:
    """Return the figures that come with the program."""
    return AgentRules.model_validate(yaml.safe_load(_SHIPPED.read_text(encoding="utf-8")))
