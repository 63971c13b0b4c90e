"""What a supervisor may set over a campaign's own figures; only what is set changes."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_serializer

from callback.campaign_model import (
    Campaign,
    Dialling,
    MachineHandling,
    OverdueCampaign,
    Retry,
    RetryTable,
)
from callback.pack_model import Week, written_week
from customers.model import CallMode

MOST_ATTEMPTS = 20
MOST_TIMES = 20
LONGEST_RETRY_MINUTES = 14 * 24 * 60
HIGHEST_PRIORITY = 100

Priority = Annotated[int, Field(ge=0, le=HIGHEST_PRIORITY)]
AnyCampaign = TypeVar("AnyCampaign", bound=Campaign)


class Pacing(StrEnum):
    """How calls of a campaign come about."""

    AUTOMATIC = "automatic"  # the script alone speaks
    PREVIEW = "preview"  # an agent sees the file first, then says that it may ring
    PROGRESSIVE = "progressive"  # one call a ready agent, rung without asking
    PREDICTIVE = "predictive"  # calls ahead of agents, as many as the pacer says


def pacing_of(campaign: Campaign) -> Pacing:
    """Return how a campaign's calls come about."""
    if campaign.mode is CallMode.AUTOMATIC:
        return Pacing.AUTOMATIC
    return Pacing(campaign.dialling.value)


def is_called_ahead(campaign: Campaign) -> bool:
    """Say whether calls of a campaign are placed ahead of agents, be it of some steps only."""
    if campaign.dialling is not Dialling.PREDICTIVE:
        return False
    steps = campaign.ladder if isinstance(campaign, OverdueCampaign) else ()
    return CallMode.AGENT in {campaign.mode, *(step.mode for step in steps)}


class CampaignSettings(BaseModel):
    """Figures that replace a campaign's own; a field that is not given leaves them as they are.

    `hours` given as None leaves the hours to the rule packs. `priorities` are those of the ladder
    by step, of a campaign that climbs one.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    hours: Week | None = None
    pacing: Pacing | None = None
    machine: MachineHandling | None = None
    max_attempts: Annotated[int, Field(ge=1, le=MOST_ATTEMPTS)] | None = None
    retry: RetryTable | None = None
    otherwise: Retry | None = None
    priority: Priority | None = None
    priorities: Mapping[str, Priority] | None = None

    @field_serializer("hours")
    def _hours_as_written(self, hours: Week | None) -> dict[str, list[str]] | None:
        return None if hours is None else written_week(hours)

    def over(self, campaign: AnyCampaign) -> AnyCampaign:
        """Return the campaign with these figures in place of its own."""
        given: dict[str, Any] = {
            name: value
            for name in ("machine", "max_attempts", "retry", "otherwise")
            if (value := getattr(self, name)) is not None
        }
        if "hours" in self.model_fields_set:
            given["hours"] = self.hours
        if self.priority is not None and "priority" in type(campaign).model_fields:
            given["priority"] = self.priority
        if self.pacing is Pacing.AUTOMATIC:
            given["mode"] = CallMode.AUTOMATIC
        elif self.pacing is not None:
            given |= {"mode": CallMode.AGENT, "dialling": Dialling(self.pacing.value)}
        if self.priorities is not None and isinstance(campaign, OverdueCampaign):
            given["ladder"] = tuple(
                rung.model_copy(
                    update={"priority": self.priorities.get(str(rung.step), rung.priority)}
                )
                for rung in campaign.ladder
            )
        return campaign.model_copy(update=given)

    def as_kept(self) -> dict[str, Any]:
        """Return what is kept: only what is set."""
        kept: dict[str, Any] = json.loads(self.model_dump_json(exclude_unset=True))
        return kept


def read_settings(kept: Mapping[str, Any]) -> CampaignSettings:
    """Read settings as they are kept."""
    return CampaignSettings.model_validate_json(json.dumps(dict(kept)))


def settings_between(own: Campaign, wanted: Campaign) -> CampaignSettings:
    """Return what must be set over a campaign's own figures to make it as wanted."""
    given: dict[str, Any] = {}
    if wanted.hours != own.hours:
        given["hours"] = wanted.hours
    if pacing_of(wanted) is not pacing_of(own):
        given["pacing"] = pacing_of(wanted)
    for name in ("machine", "max_attempts", "otherwise"):
        if getattr(wanted, name) != getattr(own, name):
            given[name] = getattr(wanted, name)
    if dict(wanted.retry) != dict(own.retry):
        given["retry"] = dict(wanted.retry)
    if getattr(wanted, "priority", None) != getattr(own, "priority", None):
        given["priority"] = getattr(wanted, "priority", None)
    if isinstance(own, OverdueCampaign) and isinstance(wanted, OverdueCampaign):
        steps = {rung.step: rung.priority for rung in own.ladder}
        changed = {
            str(rung.step): rung.priority
            for rung in wanted.ladder
            if rung.priority != steps.get(rung.step)
        }
        if changed:
            given["priorities"] = changed
    return CampaignSettings(**given)


def figures_of(campaign: Campaign) -> dict[str, Any]:
    """Return the figures that may be set, flat, as plain values: what a change is told by."""
    figures: dict[str, Any] = {
        "pacing": pacing_of(campaign).value,
        "machine": campaign.machine.value,
        "max_attempts": campaign.max_attempts,
        "hours": None if campaign.hours is None else written_week(campaign.hours),
        "otherwise": campaign.otherwise.model_dump(mode="json"),
    }
    for word, rule in sorted(campaign.retry.items()):
        figures[f"retry.{word}"] = rule.model_dump(mode="json")
    if isinstance(campaign, OverdueCampaign):
        for rung in campaign.ladder:
            figures[f"priority.{rung.step}"] = rung.priority
    elif hasattr(campaign, "priority"):
        figures["priority"] = campaign.priority
    return figures


def difference(before: Campaign, after: Campaign) -> dict[str, tuple[Any, Any]]:
    """Return the figures in which two shapes of a campaign differ: before and after, by name."""
    old, new = figures_of(before), figures_of(after)
    return {
        name: (old.get(name), new.get(name))
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    }
