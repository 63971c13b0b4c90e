"""The form of a campaign's settings: what stands in it, what was typed, what must be mended."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeVar

from starlette.datastructures import FormData

from api.console.page import Page
from callback.campaign_bounds import CampaignBoundError
from callback.campaign_model import TELEPHONY_WORDS, Campaign, MachineHandling, OverdueCampaign
from callback.campaign_settings import (
    HIGHEST_PRIORITY,
    LONGEST_RETRY_MINUTES,
    MOST_ATTEMPTS,
    MOST_TIMES,
    Pacing,
    pacing_of,
)
from callback.campaigns import Dialling, Retry
from callback.hours import HoursError, LocalPeriod, Periods
from customers.model import CallMode, WrapUpCode

OTHERWISE = "otherwise"
DAYS = range(7)
LONGEST_WHY = 200
_LONGEST_TEXT = 200
_LONGEST_NUMBER = 10
_MOST_FIELDS = 300
# A talk that settled what it was for is never tried again; what nobody spoke of may be.
RETRY_WORDS = tuple(
    sorted(TELEPHONY_WORDS - {"answered"})
    + [
        code.value
        for code in (
            WrapUpCode.HUNG_UP,
            WrapUpCode.MESSAGE_LEFT,
            WrapUpCode.NO_REPLY,
            WrapUpCode.NOT_THE_OWNER,
            WrapUpCode.WRONG_NUMBER,
        )
    ]
)
_SEVERAL = re.compile(r"[,，、;；\s]+")
_DASHES = str.maketrans({"–": "-", "—": "-", "~": "-", "至": "-", "：": ":", "－": "-"})
_Word = TypeVar("_Word", Pacing, MachineHandling)


@dataclass(slots=True)
class Filled:
    """A form as it was sent: the campaign it asks for, or what must be mended, by field."""

    values: dict[str, str]
    wanted: Campaign
    why: str = ""
    of_version: int = 0
    troubles: dict[str, str] = field(default_factory=dict)


def values_of(campaign: Campaign) -> dict[str, str]:
    """Return what stands in the fields of a campaign's form."""
    values = {
        "pacing": pacing_of(campaign).value,
        "machine": campaign.machine.value,
        "max_attempts": str(campaign.max_attempts),
        "hours_kind": "packs" if campaign.hours is None else "own",
    }
    for day in DAYS:
        periods = () if campaign.hours is None else campaign.hours[day]
        values[f"hours.{day}"] = ", ".join(str(period) for period in periods)
    for word, rule in [*campaign.retry.items(), (OTHERWISE, campaign.otherwise)]:
        values |= _values_of_rule(word, rule)
    for step, priority in priorities_of(campaign).items():
        values[step] = str(priority)
    return values


def priorities_of(campaign: Campaign) -> dict[str, int]:
    """Return the campaign's priorities by their field: one, or one of each step of its ladder."""
    if isinstance(campaign, OverdueCampaign):
        return {f"priority.{rung.step}": rung.priority for rung in campaign.ladder}
    return {"priority": getattr(campaign, "priority", 0)}


def _values_of_rule(word: str, rule: Retry) -> dict[str, str]:
    values = {
        f"retry.{word}.after": str(rule.after_minutes),
        f"retry.{word}.times": str(rule.times),
    }
    return values | ({f"retry.{word}.next": "on"} if rule.next_phone else {})


class Reader:
    """Reads what was sent, field by field; what cannot be read is a trouble, never a guess."""

    def __init__(self, page: Page, form: FormData, campaign: Campaign) -> None:
        self._page = page
        self._values = {
            name: value.strip()[:_LONGEST_TEXT]
            for name, value in list(form.items())[:_MOST_FIELDS]
            if isinstance(value, str) and name != "csrf"
        }
        self._campaign = campaign
        self._troubles: dict[str, str] = {}

    def read(self) -> Filled:
        """Return the campaign as the form wants it, or what must be mended."""
        figures: dict[str, Any] = {
            "machine": self._word("machine", MachineHandling, self._campaign.machine),
            "max_attempts": self._number("max_attempts", 1, MOST_ATTEMPTS),
            "hours": self._hours(),
            **self._mode(),
            **self._retries(),
            **self._priorities(),
        }
        why = self._values.get("why", "")
        if not why:
            self._wrong("why", "why")
        version = self._values.get("of_version", "")
        return Filled(
            values=self._values,
            wanted=self._campaign if self._troubles else self._campaign.model_copy(update=figures),
            why=why,
            of_version=int(version) if version.isascii() and version.isdigit() else 0,
            troubles=self._troubles,
        )

    def _mode(self) -> dict[str, Any]:
        pacing = self._word("pacing", Pacing, pacing_of(self._campaign))
        if pacing is Pacing.AUTOMATIC:
            return {"mode": CallMode.AUTOMATIC}
        return {"mode": CallMode.AGENT, "dialling": Dialling(pacing.value)}

    def _retries(self) -> dict[str, Any]:
        table: dict[str, Retry] = {}
        words = [*dict.fromkeys([*self._campaign.retry, *RETRY_WORDS])]
        for word in words:
            rule = self._rule(word)
            if rule is not None:
                table[word] = rule
        otherwise = self._rule(OTHERWISE)
        if otherwise is None:
            if f"retry.{OTHERWISE}" not in self._troubles:
                self._wrong(f"retry.{OTHERWISE}", "otherwise")
            otherwise = self._campaign.otherwise
        kept = self._campaign.retry
        if table == dict(kept):
            table = dict(kept)  # in the order it stands
        return {"retry": table, "otherwise": otherwise}

    def _rule(self, word: str) -> Retry | None:
        name = f"retry.{word}"
        after, times = self._values.get(f"{name}.after", ""), self._values.get(f"{name}.times", "")
        if not after and not times:
            return None
        minutes = self._number(f"{name}.after", 1, LONGEST_RETRY_MINUTES, at=name)
        often = self._number(f"{name}.times", 1, MOST_TIMES, at=name)
        if name in self._troubles:
            return None
        return Retry(
            after_minutes=minutes, times=often, next_phone=bool(self._values.get(f"{name}.next"))
        )

    def _priorities(self) -> dict[str, Any]:
        campaign = self._campaign
        given = {name: self._number(name, 0, HIGHEST_PRIORITY) for name in priorities_of(campaign)}
        if isinstance(campaign, OverdueCampaign):
            return {
                "ladder": tuple(
                    rung.model_copy(update={"priority": given[f"priority.{rung.step}"]})
                    for rung in campaign.ladder
                )
            }
        return given

    def _hours(self) -> tuple[Periods, ...] | None:
        if self._values.get("hours_kind") != "own":
            return None
        return tuple(self._day(day) for day in DAYS)

    def _day(self, day: int) -> Periods:
        text = self._values.get(f"hours.{day}", "").translate(_DASHES)
        text = re.sub(r"\s*-\s*", "-", text)
        try:
            periods = sorted(LocalPeriod.parse(part) for part in _SEVERAL.split(text) if part)
        except HoursError:
            self._wrong(f"hours.{day}", "period")
            return ()
        for earlier, later in pairwise(periods):
            if earlier.end > later.start or earlier.end == earlier.end.min:
                self._wrong(f"hours.{day}", "overlap")
        return tuple(periods)

    def _word(self, name: str, words: type[_Word], default: _Word) -> _Word:
        value = self._values.get(name, "")
        if value in {word.value for word in words}:
            return words(value)
        self._wrong(name, "choose")
        return default

    def _number(self, name: str, least: int, most: int, *, at: str | None = None) -> int:
        text = self._values.get(name, "")
        value = (
            int(text) if text.isascii() and text.isdigit() and len(text) < _LONGEST_NUMBER else -1
        )
        if not least <= value <= most:
            self._wrong(at or name, "number", least=least, most=most)
            return least
        return value

    def _wrong(self, name: str, what: str, **facts: object) -> None:
        self._troubles.setdefault(name, self._page.say(f"campaigns.trouble.{what}", **facts))


def trouble_of(page: Page, err: CampaignBoundError) -> dict[str, str]:
    """Return what law or packs have against a form, at the field it is about."""
    facts: Mapping[str, object] = err.facts
    day = facts.get("day")
    if isinstance(day, int):
        facts = {**facts, "day": page.say(f"campaigns.day.{day}")}
    return {err.field: page.say(f"campaigns.bound.{err.bound.value}", **facts)}
