"""Campaigns as data: who is due which call, with which script, by when and how often."""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_serializer, model_validator

from callback.pack_model import Week, written_week
from customers.model import CallMode, Purpose, Reason, WorkOrderCategory, WrapUpCode

_SHORTEST_LAST_MONTH = 30  # June and September; the quarters' last months have 30 or 31 days

# What a retry rule may be for: the network's words (dialer.model.TelephonyResult, which lies above
# us) and those of a talk.
TELEPHONY_WORDS = frozenset(
    {"answered", "machine", "busy", "no_answer", "rejected", "invalid_number", "congestion"}
    | {"carrier_error", "abandoned", "cancelled", "lost"}
)


def _known_words(retry: "Mapping[str, Retry]") -> "Mapping[str, Retry]":
    unknown = set(retry) - TELEPHONY_WORDS - {code.value for code in WrapUpCode}
    if unknown:
        message = (
            f"no call ends as {', '.join(sorted(unknown))}; write a telephony result like no_answer"
            " or a wrap-up code like hung_up"
        )
        raise ValueError(message)
    return retry


Positive = Annotated[int, Field(gt=0)]
Name = Annotated[str, Field(min_length=1, max_length=64)]


class MachineHandling(StrEnum):
    """What is done when a machine answers."""

    MESSAGE = "message"
    HANG_UP = "hang_up"


class Dialling(StrEnum):
    """How a call reaches an agent, in campaigns of mode agent."""

    PREVIEW = "preview"  # the agent sees the file first, then says that it may ring
    PROGRESSIVE = "progressive"  # one call a ready agent, rung without asking
    PREDICTIVE = "predictive"  # calls ahead of agents, as many as the pacer says


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


RetryTable = Annotated[Mapping[str, Retry], AfterValidator(_known_words)]


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
    retry: RetryTable
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


class MissedCallCampaign(Campaign):
    """Calls back to who rang us; `within_hours` of their call, or at the time they wished."""

    name: Literal["missed_call"]
    reason: Literal[Reason.MISSED_CALL]
    script: Name
    priority: int
    within_hours: Positive
    wish_minutes: Positive
    forget_days: Positive


class ComplaintCampaign(Campaign):
    """Calls that bring the answer to a complaint, from `lead_hours` before its deadline on."""

    name: Literal["complaint"]
    reason: Literal[Reason.COMPLAINT]
    script: Name
    priority: int
    lead_hours: Positive


class ListRules(_Data):
    """What an uploaded list goes by; a list's own rules replace some of the house's.

    `deadline_days` are whole local days after the day the list is started; past them a call is
    late and still placed, until the end of `ends_on`.
    """

    mode: CallMode
    machine: MachineHandling
    max_attempts: Positive
    ring_timeout_s: Annotated[int, Field(ge=15, le=120)] = 30
    max_seconds: Positive = 300
    retry: RetryTable
    otherwise: Retry
    hours: Week | None = None
    dialling: Dialling = Dialling.PREVIEW
    team: Name | None = None
    skills: tuple[Name, ...] = ()
    priority: Annotated[int, Field(ge=0, le=100)]
    deadline_days: Annotated[int, Field(ge=0, le=366)]
    ends_on: date | None = None

    @field_serializer("hours")
    def _hours_as_written(self, hours: Week | None) -> dict[str, list[str]] | None:
        return None if hours is None else written_week(hours)


class UploadedCampaign(Campaign):
    """The campaign of one uploaded list, named after it: `list-12`."""

    name: Annotated[str, Field(pattern=r"^list-[0-9]+$")]
    reason: Literal[Reason.UPLOADED, Reason.PROSPECT]
    script: Name
    priority: int
    deadline_days: Annotated[int, Field(ge=0)]
    ends_on: date | None = None

    @model_validator(mode="after")
    def _invites_for_marketing(self) -> Self:
        if self.reason is Reason.PROSPECT and self.purpose is not Purpose.MARKETING:
            message = f"a list of prospects is rung for marketing, not for {self.purpose}"
            raise ValueError(message)
        return self


class HouseCampaigns(_Data):
    """A campaigns file: the house's campaigns, and what uploaded lists go by."""

    version: Name
    source: str = Field(min_length=1)
    overdue: OverdueCampaign
    repair: RepairCampaign
    survey: SurveyCampaign
    promised: PromisedCampaign
    missed_call: MissedCallCampaign | None = None  # a file of before there were any: as shipped
    complaint: ComplaintCampaign | None = None  # likewise
    uploaded: ListRules
