"""What campaigns, their figures and what holds them back are called on the pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from api.console.page import Page
from callback.explain import show_cause
from dialer.campaign_standing import JUDGED_OF_EACH, CampaignStanding, Held
from dialer.control import Paused, Switches

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, kw_only=True, slots=True)
class Why:
    """Why a campaign dials, or does not: a sentence, how grave it is, and until when."""

    words: str
    state: str  # talking, rest, risk or overdue
    until: datetime | None = None
    when: str = "until"  # or from


def name_of(page: Page, name: str, lists: Mapping[str, str]) -> str:
    """Return what a campaign is called: by its subject, or as its list is."""
    key = f"campaigns.name.{name}"
    return page.say(key) if page.knows(key) else lists.get(name, name)


def why_of(page: Page, standing: CampaignStanding, turned: Switches, paused: Paused | None) -> Why:
    """Return what binds a campaign first: a switch, nothing to do, or a rule."""
    if turned.stopped:
        return Why(words=page.say("campaigns.why.stopped"), state="overdue")
    if paused is not None:
        return Why(words=page.say("campaigns.why.paused"), state="risk")
    if standing.live:
        return Why(words=page.say("campaigns.why.dialling", number=standing.live), state="talking")
    if not standing.waiting:
        return Why(words=page.say("campaigns.why.nothing_waits"), state="rest")
    if not standing.held:
        words = page.say("campaigns.why.not_yet")
        return Why(words=words, state="rest", until=standing.next_at, when="from")
    first = standing.held[0]
    words = page.say(
        "campaigns.why.held", rule=rule_words(page, first.rule), number=number_of(first, standing)
    )
    return Why(words=words, state="rest", until=first.until)


def number_of(held: Held, standing: CampaignStanding) -> str:
    """Return how many due calls a rule holds; of very many only the first are looked at."""
    return f"{held.due:,}" + ("+" if standing.due > JUDGED_OF_EACH else "")


def rule_words(page: Page, rule: str) -> str:
    """Return a rule's short name."""
    key = f"campaigns.held.{rule}"
    return page.say(key) if page.knows(key) else show_cause(rule, page.language)


def figure_name(page: Page, name: str) -> str:
    """Return what a figure of a campaign is called: `retry.busy`, `priority.30`."""
    kind, _, of = name.partition(".")
    if kind == "retry":
        return page.say("campaigns.figure.retry_of", word=show_cause(of, page.language))
    if kind == "priority" and of:
        return page.say("campaigns.figure.priority_of", step=of)
    return page.say(f"campaigns.figure.{kind}")


def figure_text(page: Page, name: str, value: Any) -> str:
    """Return a figure's value as a person reads it; None is what nobody set."""
    match value:
        case None if name == "hours":
            return page.say("campaigns.hours_of_packs")
        case None:
            return page.say("campaigns.by_otherwise")
        case {"after_minutes": after, "times": times, "next_phone": next_phone}:
            key = "campaigns.rule_next" if next_phone else "campaigns.rule"
            return page.say(key, after=minutes_text(page, int(after)), times=times)
        case dict():
            return _week(page, value)
        case str() if name in {"pacing", "machine"}:
            return page.say(f"campaigns.{name}.{value}")
        case _:
            return str(value)


def minutes_text(page: Page, minutes: int) -> str:
    """Return a wait in its own best unit."""
    for unit, size in (("days", 1440), ("hours", 60)):
        if minutes >= size and not minutes % size:
            return page.say(f"campaigns.wait.{unit}", number=minutes // size)
    return page.say("campaigns.wait.minutes", number=minutes)


def _week(page: Page, week: Mapping[str, list[str]]) -> str:
    days = [(day, ", ".join(week.get(name, ()))) for day, name in enumerate(_WEEKDAYS)]
    told = []
    for periods, group in groupby(days, key=lambda each: each[1]):
        numbers = [day for day, _ in group]
        first, last = (
            page.say(f"campaigns.day.{numbers[0]}"),
            page.say(f"campaigns.day.{numbers[-1]}"),
        )
        span = first if len(numbers) == 1 else f"{first}–{last}"
        told.append(f"{span} {periods or page.say('campaigns.closed')}")
    return "; ".join(told)
