"""Sentences that answer why an owner was, or was not, called; from plain values, for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from babel.dates import format_date, format_datetime

from callback import cause_words, words
from callback.model import DueCallState
from callback.rules import Rule, Verdict
from core.money import Money
from customers.model import CallMode, Language, Purpose, Reason

_HOUSE_SOURCE = "house default"  # of a figure with no other source: the layer says so already
_NOT_ON_FILE = "–"
_LOCALE = {Language.MANDARIN: "zh_Hans_CN", Language.ENGLISH: "en_GB"}
_INSTANT = {Language.MANDARIN: "y年M月d日（EEE）HH:mm", Language.ENGLISH: "EEE d MMM y, HH:mm"}
_DAY = {Language.MANDARIN: "y年M月d日", Language.ENGLISH: "EEE d MMM y"}
_INSTANTS = frozenset(
    {"since", "given_at", "ended_at", "conversation_at", "abandoned_at", "last_attempt_at"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DueCallStory:
    """A due call as its row tells it."""

    reason: Reason
    state: DueCallState
    due_by: datetime
    next_at: datetime | None = None
    attempts: int = 0
    settled_at: datetime | None = None
    settled_because: str | None = None
    refused: bool = False  # waiting, and no hour lifts what forbids it


class NotDueBecause(StrEnum):
    """Why no due call is on file for something that could have made one."""

    PAID = "paid"
    NOT_YET = "not_yet"
    DISPUTED = "disputed"
    PROMISE_OPEN = "promise_open"
    EXTENSION = "extension"
    NOBODY_LIABLE = "nobody_liable"
    STEP_DONE = "step_done"
    NOT_COMPLETED = "not_completed"
    BEHIND_ANOTHER = "behind_another"
    NOT_BUILT = "not_built"
    NOTHING_ON_FILE = "nothing_on_file"


@dataclass(frozen=True, kw_only=True, slots=True)
class NotDueStory:
    """Something that makes nobody due a call."""

    because: NotDueBecause
    reference: str | None = None  # of the charge, work order … it is about
    paid_on: date | None = None
    open_amount: Money | None = None
    due_from: date | None = None  # the first day it makes a call due


_NOT_DUE = {
    NotDueBecause.PAID: {
        Language.MANDARIN: "{reference}：已于{paid_on}缴清，没有未缴金额，不需要呼叫",
        Language.ENGLISH: "{reference}: paid on {paid_on}, nothing is open, so no call is due",
    },
    NotDueBecause.NOT_YET: {
        Language.MANDARIN: "{reference}：未缴{open_amount}，{due_from}起才需要呼叫",
        Language.ENGLISH: "{reference}: {open_amount} is open; a call is due from {due_from} on",
    },
    NotDueBecause.DISPUTED: {
        Language.MANDARIN: "{reference}：未缴{open_amount}，业主有异议，由人工处理，不自动呼叫",
        Language.ENGLISH: "{reference}: {open_amount} is open and disputed; an agent has it",
    },
    NotDueBecause.PROMISE_OPEN: {
        Language.MANDARIN: "{reference}：未缴{open_amount}，业主承诺{due_from}前缴清，"
        "在此之前不呼叫",
        Language.ENGLISH: "{reference}: {open_amount} is open and promised by {due_from}",
    },
    NotDueBecause.EXTENSION: {
        Language.MANDARIN: "{reference}：未缴{open_amount}，延期至{due_from}（申请中或已批准）",
        Language.ENGLISH: (
            "{reference}: {open_amount} is open; extension until {due_from}, asked for or granted"
        ),
    },
    NotDueBecause.NOBODY_LIABLE: {
        Language.MANDARIN: "{reference}：未缴{open_amount}，但档案中没有应由谁缴纳的记录",
        Language.ENGLISH: "{reference}: {open_amount} is open, but nobody on file owes it",
    },
    NotDueBecause.STEP_DONE: {
        Language.MANDARIN: "{reference}：未缴{open_amount}，本阶段已提醒过，下一阶段从{due_from}起",
        Language.ENGLISH: "{reference}: {open_amount} is open; the next step is on {due_from}",
    },
    NotDueBecause.NOT_COMPLETED: {
        Language.MANDARIN: "{reference}：维修尚未完工，完工后才回访",
        Language.ENGLISH: "{reference}: the repair is not completed; the callback follows it",
    },
    NotDueBecause.BEHIND_ANOTHER: {
        Language.MANDARIN: "{reference}：未缴{open_amount}，等同一客户的另一笔提醒完成后再列入名单",
        Language.ENGLISH: (
            "{reference}: {open_amount} is open; it waits for another reminder to the same person"
        ),
    },
    NotDueBecause.NOT_BUILT: {
        Language.MANDARIN: "{reference}：尚未列入名单，请运行 ownerline lists build",
        Language.ENGLISH: "{reference}: not on a list yet; run: ownerline lists build",
    },
    NotDueBecause.NOTHING_ON_FILE: {
        Language.MANDARIN: "{reference}：档案中没有需要呼叫的事项",
        Language.ENGLISH: "{reference}: nothing on file makes a call due",
    },
}


class _Shown(dict[str, str]):
    """Facts in words; one that an older row does not hold is shown as a dash."""

    def __missing__(self, key: str) -> str:
        return _NOT_ON_FILE


def explain_verdict(verdict: Verdict, language: Language, zone: tzinfo) -> str:
    """Say what was decided, by which facts and rule, and until when in the zone."""
    sentence = words.DECISIONS[verdict.decision][language]
    sentence += words.RULES[verdict.rule][language].format_map(
        _facts_shown(verdict.facts, language, zone)
    )
    if verdict.until is not None:
        until = show_instant(verdict.until, language, zone)
        sentence += words.UNTIL[language].format(until=until)
    if verdict.pack is not None:
        sentence += words.BASIS[language].format(
            pack=verdict.pack,
            version=verdict.pack_version,
            layer=_layer_shown(verdict, language),
            source=_source_shown(verdict.facts, language),
        )
    return sentence + _full_stop(language)


def explain_due_call(
    story: DueCallStory, *, now: datetime, language: Language, zone: tzinfo
) -> str:
    """Say where a due call stands, and that it is late where it is."""
    shown = _Shown(
        reason=words.REASONS[story.reason][language],
        due_by=_show_deadline(story.due_by, language, zone),
        attempts=str(story.attempts),
    )
    if story.next_at is not None:
        shown["next_at"] = show_instant(story.next_at, language, zone)
    if story.settled_at is not None:
        shown["settled_at"] = show_instant(story.settled_at, language, zone)
    if story.settled_because is not None:
        shown["because"] = show_cause(story.settled_because, language)
    told = words.REFUSED if story.refused else words.STATES[story.state]
    sentence = told[language].format_map(shown)
    if story.settled_at is None and now >= story.due_by:
        sentence += words.LATE[language]
    return _capital(sentence) + _full_stop(language)


def explain_not_due(story: NotDueStory, language: Language) -> str:
    """Say why nobody is due a call about something on file."""
    shown = _Shown()
    if story.reference is not None:
        shown["reference"] = story.reference
    if story.paid_on is not None:
        shown["paid_on"] = show_day(story.paid_on, language)
    if story.due_from is not None:
        shown["due_from"] = show_day(story.due_from, language)
    if story.open_amount is not None:
        shown["open_amount"] = str(story.open_amount)
    return _NOT_DUE[story.because][language].format_map(shown) + _full_stop(language)


def show_instant(at: datetime, language: Language, zone: tzinfo) -> str:
    """Return the wall clock of the zone in words."""
    return format_datetime(at.astimezone(zone), _INSTANT[language], locale=_LOCALE[language])


def _show_deadline(due_by: datetime, language: Language, zone: tzinfo) -> str:
    """Return a deadline in words; one at midnight is the end of the day before it."""
    local = due_by.astimezone(zone)
    if local.time() == time(0):
        day = show_day(local.date() - timedelta(days=1), language)
        return words.END_OF_DAY[language].format(day=day)
    return show_instant(due_by, language, zone)


def show_day(day: date, language: Language) -> str:
    """Return a date in words."""
    return format_date(day, _DAY[language], locale=_LOCALE[language])


def show_cause(cause: str, language: Language) -> str:
    """Return why a due call was settled in words; a cause nobody named here is shown as it is."""
    prefix, colon, word = cause.partition(":")
    if colon and prefix in cause_words.PREFIXES:
        return cause_words.PREFIXES[prefix][language].format(cause=show_cause(word, language))
    return cause_words.CAUSES[cause][language] if cause in cause_words.CAUSES else cause


def _facts_shown(facts: Mapping[str, object], language: Language, zone: tzinfo) -> _Shown:
    return _Shown(
        {
            name: _shown(name, value, language, zone)
            for name, value in facts.items()
            if value is not None
        }
    )


def _shown(name: str, value: object, language: Language, zone: tzinfo) -> str:  # noqa: PLR0911 - a table of names
    text = str(value)
    match name:
        case _ if name in _INSTANTS:
            return show_instant(datetime.fromisoformat(text), language, zone)
        case "local_time":  # already the wall clock of the zone it names
            local = datetime.fromisoformat(text)
            return show_instant(local, language, local.tzinfo or zone)
        case "reason_gone":
            return show_cause(text, language)
        case "reason":
            return words.REASONS[Reason(text)][language]
        case "purpose":
            return words.PURPOSES[Purpose(text)][language]
        case "mode":
            return words.MODES[CallMode(text)][language]
        case "per":
            return words.PER[text][language]
        case _ if isinstance(value, list | tuple):
            return words.AND[language].join(map(str, value)) or words.NEVER[language]
        case _:
            return text


def _layer_shown(verdict: Verdict, language: Language) -> str:
    if verdict.rule is Rule.ALLOWED:
        return ""  # every layer allowed it
    comma = "，" if language is Language.MANDARIN else ", "
    return comma + words.LAYERS[verdict.layer][language]


def _source_shown(facts: Mapping[str, object], language: Language) -> str:
    source = facts.get("source")
    if not isinstance(source, str) or source == _HOUSE_SOURCE:
        return ""
    return f"：{source}" if language is Language.MANDARIN else f": {source}"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _full_stop(language: Language) -> str:
    return "。" if language is Language.MANDARIN else "."
