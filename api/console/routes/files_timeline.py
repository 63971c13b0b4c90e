"""A household's file as one line of time: what is on file and the calls, newest first, in words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from api.console.formats import amount, day, instant, timer
from api.console.page import Page
from api.console.routes.files_words import (
    campaign_word,
    outcome_words,
    reason_word,
    who,
)
from callback.explain import show_cause
from core.columns import AnyRow
from customers.charge_kinds import kind_names
from customers.model import Reason
from customers.timeline import TimelineEvent

GROUPS = ("calls", "repairs", "complaints", "money", "notes")
_DAYS_ONLY = frozenset({"charge_due", "repair_reported", "repair_completed"})
_LOOK: Mapping[str, tuple[str, str, str]] = {  # group, icon, tone
    "charge_due": ("money", "coin", ""),
    "charge_disputed": ("money", "risk", "is-risk"),
    "payment": ("money", "coin", "is-talking"),
    "promise": ("money", "cal", ""),
    "extension": ("money", "cal", ""),
    "extension_decided": ("money", "cal", ""),
    "waiver": ("money", "coin", ""),
    "waiver_decided": ("money", "coin", ""),
    "repair_reported": ("repairs", "wrench", ""),
    "repair_completed": ("repairs", "wrench", "is-talking"),
    "rework_notice": ("repairs", "wrench", "is-risk"),
    "survey_answer": ("calls", "survey", ""),
    "callback_requested": ("calls", "clock", ""),
    "opted_out": ("notes", "no", "is-risk"),
    "opt_out_lifted": ("notes", "ok", ""),
    "phone_dead": ("notes", "off", ""),
    "agent_task": ("notes", "info", ""),
    "inbound_call": ("calls", "phone", ""),
    "complaint": ("complaints", "risk", "is-risk"),
    "complaint_replied": ("complaints", "say", ""),
    "complaint_closed": ("complaints", "ok", ""),
    "complaint_satisfied": ("complaints", "ok", "is-talking"),
    "complaint_dissatisfied": ("complaints", "risk", "is-risk"),
    "complaint_manager_told": ("complaints", "info", ""),
    "complaint_handed_over": ("complaints", "user", ""),
    "note": ("notes", "note", ""),
}
_WORDS = {
    "state": "files.state.",
    "category": "files.category.",
    "question": "reports.surveys.question.",
}
_OTHER = ("notes", "info", "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line: when, an icon with its tone, a heading, what more there is, and what was heard."""

    at: datetime
    is_day: bool
    group: str
    icon: str
    tone: str
    title: str
    text: str = ""
    recordings: Sequence[AnyRow] = field(default_factory=tuple)


def entries_of(
    page: Page,
    events: Sequence[TimelineEvent],
    calls: Sequence[AnyRow],
    recordings: Sequence[AnyRow],
    *,
    zone: str,
) -> list[Entry]:
    """Return what happened, newest first; a call that came in is told once, with its attempt."""
    heard: dict[UUID | None, list[AnyRow]] = {}
    for row in recordings:
        heard.setdefault(row.attempt_id or row.inbound_call_id, []).append(row)
    attempts = {str(call.attempt_id) for call in calls}
    found = [_of_call(page, call, heard.get(call.attempt_id, [])) for call in calls]
    for event in events:
        if event.what == "inbound_call":
            call_id = str(event.facts["call_id"])
            if call_id in attempts:
                continue
            found.append(_of_event(page, event, zone, heard.get(UUID(call_id), [])))
        else:
            found.append(_of_event(page, event, zone))
    return sorted(found, key=lambda each: each.at, reverse=True)


def counts_of(entries: Sequence[Entry]) -> Mapping[str, int]:
    """Return how many entries each group has."""
    return Counter(each.group for each in entries)


def _of_call(page: Page, call: AnyRow, recordings: Sequence[AnyRow]) -> Entry:
    spoken = call.answered_at is not None and bool(call.codes)
    came_to = page.say("files.comma").join(outcome_words(page, call)) or page.say("files.call.up")
    came_to = came_to[:1].upper() + came_to[1:]
    parts = [page.say("files.call.in")] if call.direction == "inbound" else []
    about = [reason_word(page, each) for each in call.reasons or ()]
    parts += about or [campaign_word(page, call.campaign)]
    parts.append(call.agent or page.say("files.call.automatic"))
    if call.seconds is not None:
        parts.append(timer(float(call.seconds)))
    return Entry(
        at=call.started_at,
        is_day=False,
        group="calls",
        icon="talking" if spoken else "phone",
        tone="is-talking" if spoken else "",
        title=came_to,
        text=page.say("files.comma").join(parts),
        recordings=recordings,
    )


def _of_event(
    page: Page, event: TimelineEvent, zone: str, recordings: Sequence[AnyRow] = ()
) -> Entry:
    group, icon, tone = _LOOK.get(event.what, _OTHER)
    facts = _facts(page, event.facts, zone)
    key = f"files.event.{event.what}"
    title = page.say(key, **facts) if page.knows(key) else event.what
    more = f"files.event_more.{event.what}"
    return Entry(
        at=event.at,
        is_day=event.what in _DAYS_ONLY,
        group=group,
        icon=icon,
        tone=tone,
        title=title if event.what == "note" else title[:1].upper() + title[1:],
        text=page.say(more, **facts) if page.knows(more) else "",
        recordings=recordings,
    )


def _facts(page: Page, facts: Mapping[str, Any], zone: str) -> dict[str, str]:
    """Return an event's facts in words; what is not on file is a dash."""
    currency = str(facts.get("currency") or "")
    shown = {}
    for name, value in facts.items():
        if value is None:
            shown[name] = "–"
        elif name.endswith("_minor"):
            shown[name.removesuffix("_minor")] = amount(int(value), currency)
        else:
            shown[name] = _word(page, name, value, zone)
    return shown


def _word(page: Page, name: str, value: Any, zone: str) -> str:  # noqa: PLR0911 - a table of names
    text = str(value)
    match name:
        case "promised_on" | "until":
            return day(date.fromisoformat(text), page.language)
        case "call_at" | "wish_at":
            return instant(datetime.fromisoformat(text), page.language, zone)
        case "about" | "reason" if text in set(Reason):
            return reason_word(page, text)
        case "kind":
            key = f"files.task.{text}"
            return page.say(key) if page.knows(key) else kind_names(text)[page.language]
        case "complaint":
            return page.say(f"complaints.category.{text}")
        case "written_by" | "said_by" | "taken_by":
            return who(text)
        case "state" | "category" | "question":
            key = _WORDS[name] + text
            return page.say(key) if page.knows(key) else text
        case "because" | "result":
            return show_cause(text, page.language)
        case "seconds":
            return timer(float(text))
        case _:
            return text
