"""Campaigns as data: who is due which call, with which script, by when and how often."""

import json
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from callback.pack_model import Week
from core.errors import OwnerlineError
from customers.model import CallMode, Purpose, Reason, WorkOrderCategory

SHIPPED = Path(__file__).with_name("campaigns.yaml")

_SHORTEST_LAST_MONTH = 30  # June and September; the quarters' last months have 30 or 31 days

Positive = Annotated[int, Field(gt=0)]
Name = Annotated[str, Field(min_length=1, max_length=64)]


class CampaignsError(OwnerlineError):
    """A campaigns file cannot be used; the text names the place in it and the mend."""


class MachineHandling(StrEnum):
    """What is done when a machine answers."""

    MESSAGE = "message"
    HANG_UP = "hang_up"


class Dialling(StrEnum):
    """How a call reaches an agent, in campaigns of mode agent."""

    PREVIEW = "preview"  # the agent sees the file first, then says that it may ring
    PROGRESSIVE = "progressive"  # one call a ready agent, rung without asking


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Retry(_Data):
    """How long to wait after one result, and how often before giving up."""

    after_minutes: Positive
    times: Positive
    next_phone: bool = False  # the person's next phone need not wait

    @property
    def after(self) -> timedelta:
        """The wait."""
        return timedelta(minutes=self.after_minutes)


class Campaign(_Data):
    """One rule for who is due a call, with its mode, calling hours and retry rules.

    `retry` is keyed by telephony result or wrap-up code. `hours` narrow the rule packs' hours;
    None leaves them as they are. `dialling`, `team` and `skills` say which agents take its calls
    and how; without a team anybody with the skills does. They hold for mode agent.
    """

    name: Name
    reason: Reason
    purpose: Purpose
    mode: CallMode
    machine: MachineHandling
    max_attempts: Positive
    ring_timeout_s: Annotated[int, Field(ge=15, le=120)] = 30  # a pack may ask for more
    max_seconds: Positive = 300  # the longest call
    retry: Mapping[str, Retry]
    otherwise: Retry
    hours: Week | None = None
    dialling: Dialling = Dialling.PREVIEW
    team: Name | None = None
    skills: tuple[Name, ...] = ()


class LadderStep(_Data):
    """A reminder by days past due; its deadline counts from the day it came on the list."""

    step: int
    script: Name
    priority: int
    deadline_days: Annotated[int, Field(ge=0)]
    mode: CallMode | None = None  # None: the campaign's


class OverdueCampaign(Campaign):
    """Reminders of charges past due, at the steps of a ladder."""

    name: Literal["overdue"]
    reason: Literal[Reason.OVERDUE]
    ladder: tuple[LadderStep, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _climbs(self) -> Self:
        for lower, higher in pairwise(self.ladder):
            if lower.step >= higher.step:
                message = (
                    f"step {higher.step} stands after step {lower.step}; write the ladder upwards"
                )
                raise ValueError(message)
        return self


class RepairCampaign(Campaign):
    """Callbacks after completed work orders; `days` after completion by category."""

    name: Literal["repair"]
    reason: Literal[Reason.REPAIR]
    script: Name
    priority: int
    days: Mapping[WorkOrderCategory, Positive]

    @model_validator(mode="after")
    def _knows_every_category(self) -> Self:
        if missing := set(WorkOrderCategory) - set(self.days):
            message = f"no deadline for {', '.join(sorted(missing))}"
            raise ValueError(message)
        return self


class SurveyCampaign(Campaign):
    """The quarterly survey of moved-in owners: share drawn, when, how long, and the rest after."""

    name: Literal["survey"]
    reason: Literal[Reason.SURVEY]
    script: Name
    priority: int
    share: Annotated[float, Field(gt=0, le=1)]
    opens_on_day: Annotated[int, Field(ge=1, le=28)]
    open_days: Positive
    rest_days: Positive

    @model_validator(mode="after")
    def _closes_within_its_month(self) -> Self:
        if self.opens_on_day + self.open_days > _SHORTEST_LAST_MONTH:
            message = (
                f"a survey opened on day {self.opens_on_day} for {self.open_days} days runs into "
                "the next quarter; open it earlier or for fewer days"
            )
            raise ValueError(message)
        return self


class PromisedCampaign(Campaign):
    """Calls at the time the owner named."""

    name: Literal["promised"]
    reason: Literal[Reason.PROMISED]
    script: Name
    priority: int
    window_minutes: Positive


class Campaigns(_Data):
    """Every campaign of the house."""

    version: Name
    source: str = Field(min_length=1)
    overdue: OverdueCampaign
    repair: RepairCampaign
    survey: SurveyCampaign
    promised: PromisedCampaign

    @property
    def all(self) -> tuple[Campaign, ...]:
        """The campaigns in the order in which their lists are built."""
        return (self.promised, self.overdue, self.repair, self.survey)

    def get(self, name: str) -> Campaign:
        """Return the campaign of that name.

        Raises:
            CampaignsError: there is none.
        """
        for campaign in self.all:
            if campaign.name == name:
                return campaign
        known = ", ".join(campaign.name for campaign in self.all)
        message = f"there is no campaign {name!r}; the campaigns are {known}"
        raise CampaignsError(message)


def read_campaigns(text: str, origin: str) -> Campaigns:
    """Read campaigns from YAML; `origin` is named in errors.

    Raises:
        CampaignsError: it is no YAML, or a value is missing, unknown or out of range.
    """
    try:
        # Through JSON: pydantic's strict mode takes words for enums there, and only there.
        return Campaigns.model_validate_json(json.dumps(yaml.safe_load(text)))
    except (yaml.YAMLError, TypeError) as err:
        message = f"{origin} is not a readable campaigns file: {err}"
        raise CampaignsError(message) from err
    except ValidationError as err:
        first = err.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = f"{origin}, at {place or 'the top'}: {first['msg']}, not {first['input']!r}"
        raise CampaignsError(message) from err


@cache
def shipped_campaigns() -> Campaigns:
    """Return the campaigns that come with the program."""
    return read_campaigns(SHIPPED.read_text(encoding="utf-8"), SHIPPED.name)
