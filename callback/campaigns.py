"""The book of campaigns: those of the house's file, and those that uploaded lists add to it.

The file is read once. A started list's campaign never changes, so a process that meets a name it
does not know reads it (`callback.uploaded_book`) and then knows it for good. Over both lies what
supervisors set (`callback.campaign_changes`), which every process follows.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from callback.campaign_model import (
    Campaign,
    ComplaintCampaign,
    Dialling,
    HouseCampaigns,
    LadderStep,
    ListRules,
    MachineHandling,
    MissedCallCampaign,
    OverdueCampaign,
    PromisedCampaign,
    RepairCampaign,
    Retry,
    SurveyCampaign,
    UploadedCampaign,
)
from callback.campaign_settings import CampaignSettings
from core.errors import OwnerlineError

__all__ = [
    "Campaign",
    "Campaigns",
    "CampaignsError",
    "ComplaintCampaign",
    "Dialling",
    "LadderStep",
    "ListRules",
    "MachineHandling",
    "MissedCallCampaign",
    "OverdueCampaign",
    "PromisedCampaign",
    "RepairCampaign",
    "Retry",
    "SurveyCampaign",
    "UploadedCampaign",
    "load_campaigns",
    "problem_of",
    "read_campaigns",
    "shipped_campaigns",
]

SHIPPED = Path(__file__).with_name("campaigns.yaml")
MAX_BYTES = 256 * 1024


class CampaignsError(OwnerlineError):
    """A campaigns file cannot be used; the text names the place in it and the mend."""


_AnyCampaign = TypeVar("_AnyCampaign", bound=Campaign)


class Campaigns:
    """Every campaign of the installation, by name; one book a process."""

    def __init__(self, house: HouseCampaigns) -> None:
        self._house = house
        self._uploaded: dict[str, UploadedCampaign] = {}
        self._settings: Mapping[str, CampaignSettings] = {}
        self._as_set: dict[str, Campaign] = {}
        self.revision = 0  # how many changes by supervisors it has followed

    def follow(self, settings: Mapping[str, CampaignSettings], *, revision: int) -> None:
        """Go by what supervisors have set; an older word than the one known is left alone."""
        if revision > self.revision:
            self._settings, self._as_set, self.revision = dict(settings), {}, revision

    def settings_of(self, name: str) -> CampaignSettings:
        """Return what supervisors have set over a campaign."""
        return self._settings.get(name) or CampaignSettings()

    def unset(self, name: str) -> Campaign:
        """Return a campaign as its file or list has it, whatever is set over it.

        Raises:
            CampaignsError: there is none of that name.
        """
        return self._uploaded.get(name) or Campaigns(self._house).get(name)

    def _set(self, campaign: _AnyCampaign) -> _AnyCampaign:
        """Return a campaign with what is set over it, made once."""
        settings = self._settings.get(campaign.name)
        if settings is None:
            return campaign
        known = self._as_set.get(campaign.name)
        if not isinstance(known, type(campaign)):
            known = self._as_set[campaign.name] = settings.over(campaign)
        return known

    @property
    def version(self) -> str:
        """The version of the house's file."""
        return self._house.version

    @property
    def source(self) -> str:
        """Where the house's figures come from."""
        return self._house.source

    @property
    def overdue(self) -> OverdueCampaign:
        """Reminders of charges past due."""
        return self._set(self._house.overdue)

    @property
    def repair(self) -> RepairCampaign:
        """Callbacks after repairs."""
        return self._set(self._house.repair)

    @property
    def survey(self) -> SurveyCampaign:
        """The quarterly survey."""
        return self._set(self._house.survey)

    @property
    def promised(self) -> PromisedCampaign:
        """Calls at the time the owner named."""
        return self._set(self._house.promised)

    @property
    def missed_call(self) -> MissedCallCampaign:
        """Calls back to who rang us and was not served."""
        found = self._house.missed_call or _shipped().missed_call
        if found is None:
            message = "the shipped campaigns.yaml has no missed_call; install the program anew"
            raise CampaignsError(message)
        return self._set(found)

    @property
    def complaint(self) -> ComplaintCampaign:
        """Calls that bring the answer to a complaint."""
        found = self._house.complaint or _shipped().complaint
        if found is None:
            message = "the shipped campaigns.yaml has no complaint; install the program anew"
            raise CampaignsError(message)
        return self._set(found)

    @property
    def uploaded(self) -> ListRules:
        """What an uploaded list goes by where it brings no rules of its own."""
        return self._house.uploaded

    @property
    def all(self) -> tuple[Campaign, ...]:
        """The house's campaigns in the order in which their lists are built."""
        return (
            *(self.promised, self.missed_call, self.complaint),
            *(self.overdue, self.repair, self.survey),
        )

    @property
    def known(self) -> tuple[Campaign, ...]:
        """The house's campaigns and those of the lists that were met."""
        return (*self.all, *(self._set(each) for each in self._uploaded.values()))

    def knows(self, name: str) -> bool:
        """Say whether `get` has a campaign of that name."""
        return name in self._uploaded or any(each.name == name for each in self.all)

    def add(self, campaign: UploadedCampaign) -> None:
        """Put a started list's campaign into the book."""
        self._uploaded[campaign.name] = campaign
        self._as_set.pop(campaign.name, None)

    def with_list(self, campaign: UploadedCampaign) -> "Campaigns":
        """Return a book of its own that knows a list which may not be started yet."""
        book = Campaigns(self._house)
        book.follow(self._settings, revision=self.revision)
        book.add(campaign)
        return book

    def get(self, name: str) -> Campaign:
        """Return the campaign of that name.

        Raises:
            CampaignsError: there is none.
        """
        if name in self._uploaded:
            return self._set(self._uploaded[name])
        for campaign in self.all:
            if campaign.name == name:
                return campaign
        known = ", ".join(campaign.name for campaign in self.all)
        message = (
            f"there is no campaign {name!r}; the campaigns are {known},"
            " and of each uploaded list that was started its own"
        )
        raise CampaignsError(message)

    def scripts(self) -> Iterator[tuple[str, str]]:
        """Yield where the house's file names a script, and which."""
        for place, rung in enumerate(self.overdue.ladder):
            yield f"overdue.ladder.{place}.script", rung.script
        named = (self.repair, self.survey, self.promised, self.missed_call, self.complaint)
        for campaign in named:
            yield f"{campaign.name}.script", campaign.script


def read_campaigns(text: str, origin: str) -> Campaigns:
    """Read campaigns from YAML; `origin` is named in errors.

    Raises:
        CampaignsError: it is no YAML, or a value is missing, unknown or out of range.
    """
    try:
        # Through JSON: pydantic's strict mode takes words for enums there, and only there.
        raw = json.dumps(yaml.safe_load(text), default=str)
        return Campaigns(HouseCampaigns.model_validate_json(raw))
    except (yaml.YAMLError, TypeError, ValueError) as err:
        if isinstance(err, ValidationError):
            message = f"{origin}, {problem_of(err)}"
        else:
            message = f"{origin} is not a readable campaigns file: {err}"
        raise CampaignsError(message) from err


def load_campaigns(file: Path | None) -> Campaigns:
    """Return a new book of the installation's campaigns; None means the shipped file.

    Raises:
        CampaignsError: the file cannot be read or used.
    """
    if file is None:
        return shipped_campaigns()
    try:
        if file.stat().st_size > MAX_BYTES:
            message = f"campaigns_file {file} is larger than {MAX_BYTES} bytes; it is a few pages"
            raise CampaignsError(message)
        return read_campaigns(file.read_text(encoding="utf-8"), str(file))
    except OSError as err:
        message = f"campaigns_file names {file}, which cannot be read: {err.strerror}"
        raise CampaignsError(message) from err
    except UnicodeDecodeError as err:
        message = f"campaigns_file {file} is no UTF-8 text; save it again as UTF-8"
        raise CampaignsError(message) from err


def shipped_campaigns() -> Campaigns:
    """Return a new book of the campaigns that come with the program."""
    return Campaigns(_shipped())


@cache
def _shipped() -> HouseCampaigns:
    text = SHIPPED.read_text(encoding="utf-8")
    return HouseCampaigns.model_validate_json(json.dumps(yaml.safe_load(text)))


def problem_of(err: ValidationError) -> str:
    """Say where the first problem stands, what is wrong there and what would be right."""
    first = err.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "the top"
    return f"at {place}: {_mend(first)}"


def _mend(problem: ErrorDetails) -> str:
    match problem["type"]:
        case "missing":
            return "this is needed and missing; copy it from the shipped campaigns.yaml"
        case "extra_forbidden":
            return "there is no such key; correct its spelling or take it out"
        case _:
            return f"{problem['msg']}, not {problem['input']!r}"
