"""The script on the agent's screen: what a step shows, and what a sent form answers; pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from api.console import formats
from api.console.typed import plain, read_amount, read_day
from customers.model import Language
from customers.pay_ways import pay_ways
from dialer.agents.forms import PAY_BY
from dialer.agents.guide import Guide
from dialer.agents.guide_path import Place, steps_ahead, steps_done
from scripts.interpreter import limits
from scripts.library import Library
from scripts.model import AskKind, Reply, ReplyKind, Turn
from scripts.steps import AGENT_KEY, GLOBAL_KEYS, OPT_OUT_KEY, REPEAT_KEY

UNREADABLE = "-"  # no value at all: its script says why it is not taken
SILENT, NEVER, PERSON, GIVE = "silence", "never", "person", "give"
MOST_WORDS = 2000
_HALF_DAYS = ("10:00", "14:00", "16:00", "18:00")
_WEEK = 7
_SUNDAY = 6

Say = Callable[..., str]


class Kind(StrEnum):
    """What a step shows below its sentences."""

    CHOOSE = "choose"  # buttons alone
    AMOUNT = "amount"
    DATE = "date"
    TIME = "time"
    DIGITS = "digits"
    CHECK = "check"  # the digits only the owner knows
    WORDS = "words"
    NEVER = "never"  # they want no more calls; it may have been a slip
    TRANSFER = "transfer"
    END = "end"


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """An answer on one key."""

    key: str
    choice: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Chip:
    """A value that is put into the field at a touch."""

    value: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StepView:
    """Everything a step's template shows; `said` has its values from the file marked."""

    counter: int
    kind: Kind
    title: str
    language: Language
    said: Sequence[Sequence[tuple[str, bool]]]
    asides: Sequence[str]
    done: Sequence[tuple[int, str]]  # how many answers were given by then, the step's name
    ahead: Sequence[str]
    back_to: int | None
    name: Mapping[Language, str]  # of the script
    version: int
    buttons: Sequence[Button] = ()
    chips: Sequence[Chip] = ()
    limits: Mapping[str, str] = field(default_factory=dict)  # as they are told
    bounds: Mapping[str, str] = field(default_factory=dict)  # as the field takes them
    max_digits: int = 0
    typed: str = ""
    pay_by: str | None = None  # how they will pay, "" where they have not said; None: not asked
    trouble: str | None = None
    told: str | None = None  # what became of what was asked
    is_late: bool = False
    is_handed_over: bool = False
    is_announced: bool = False  # the line says now that the call is recorded

    @property
    def has_field(self) -> bool:
        """Whether something is typed."""
        return self.kind in _FIELDS


_FIELDS = frozenset({Kind.AMOUNT, Kind.DATE, Kind.TIME, Kind.DIGITS, Kind.CHECK, Kind.WORDS})
_KINDS = {
    AskKind.KEY: Kind.CHOOSE,
    AskKind.CHOICE: Kind.CHOOSE,
    AskKind.AMOUNT: Kind.AMOUNT,
    AskKind.DATE: Kind.DATE,
    AskKind.TIME: Kind.TIME,
    AskKind.DIGITS: Kind.DIGITS,
    AskKind.RECORD: Kind.WORDS,
}


def view_of(
    guide: Guide,
    *,
    say: Say,
    typed: str = "",
    refused: str | None = None,
    is_late: bool = False,
    told: str | None = None,
) -> StepView:
    """Return what the present step of a guide shows.

    Raises:
        ValueError: the guide can be followed by no script.
    """
    here = guide.here
    if here is None:
        message = f"call {guide.attempt_id} has no script to show"
        raise ValueError(message)
    done = steps_done(guide.places)
    kind = kind_of(here, guide.library)
    return StepView(
        counter=guide.counter,
        done=[(each.number, _title(each, guide.library, say)) for each in done],
        back_to=done[-1].number if done else None,
        typed="" if kind is Kind.CHECK else typed or guide.typed.get(here.turn.step, ""),
        pay_by=guide.typed.get(PAY_BY, "") if asks_to_pay(here, guide.library) else None,
        trouble=refused,
        is_late=is_late,
        told=told,
        is_handed_over=guide.is_handed_over and here.number == 0,
        is_announced=guide.is_announced and here.number == 0,
        **_of_place(here, guide.library, kind, say),
    )


def asks_to_pay(place: Place, library: Library) -> bool:
    """Say whether the day of a promise is asked for, and beside it how they will pay."""
    return kind_of(place, library) is Kind.DATE and place.asks_for(library, "promised_on")


def kind_of(place: Place, library: Library) -> Kind:
    """Return what a place shows below its sentences."""
    turn = place.turn
    if turn.ask is None:
        return Kind.TRANSFER if turn.transfer is not None else Kind.END
    if place.state.position["opting_out"]:
        return Kind.NEVER
    return Kind.CHECK if place.is_check(library) else _KINDS[turn.ask.kind]


def _of_place(place: Place, library: Library, kind: Kind, say: Say) -> dict[str, Any]:
    turn = place.turn
    script = library.get(turn.step.partition(":")[0])
    bounds = dict(limits(library, place.state)) if kind in _FIELDS else {}
    currency, today = place.state.plan.currency, place.state.plan.now.date()
    return {
        "kind": kind,
        "title": _title(place, library, say),
        "language": turn.language,
        "said": [_marked(each, facts) for each, facts in _sentences(turn)],
        "asides": turn.asides,
        "ahead": steps_ahead(library, place),
        "name": script.title,
        "version": script.version,
        "buttons": list(_buttons(turn, kind)),
        "chips": list(_chips(kind, bounds, currency, today, say)),
        "limits": _told(bounds, currency, turn.language),
        "bounds": {key: str(value) for key, value in bounds.items()},
        "max_digits": 0 if turn.ask is None else turn.ask.max_digits,
    }


def _sentences(turn: Turn) -> Iterator[tuple[str, Sequence[tuple[int, int]]]]:
    facts = turn.facts or ((),) * len(turn.say)
    yield from zip(turn.say, facts, strict=True)


def _marked(sentence: str, facts: Sequence[tuple[int, int]]) -> list[tuple[str, bool]]:
    """Return a sentence in pieces, each a value from the file or not."""
    pieces, at = [], 0
    for start, end in facts:
        pieces += [(sentence[at:start], False), (sentence[start:end], True)]
        at = end
    pieces.append((sentence[at:], False))
    return [(text, is_fact) for text, is_fact in pieces if text]


def _title(place: Place, library: Library, say: Say) -> str:
    kind = kind_of(place, library)
    is_own = kind not in {Kind.NEVER, Kind.TRANSFER, Kind.END}
    if is_own and place.turn.title:
        return place.turn.title
    return say(f"script.step.{kind.value}")


def _buttons(turn: Turn, kind: Kind) -> Iterator[Button]:
    """Yield the answers of the step itself; what works at every step is the template's."""
    if turn.ask is None or kind in _FIELDS:
        return
    for key, text in turn.ask.keys.items():
        if key not in GLOBAL_KEYS and key.removeprefix(REPEAT_KEY) not in GLOBAL_KEYS:
            yield Button(key=key, choice=key, text=text)


def _chips(
    kind: Kind, bounds: Mapping[str, Any], currency: str, today: date, say: Say
) -> Iterator[Chip]:
    match kind:
        case Kind.AMOUNT if "most" in bounds:
            everything = formats.amount(bounds["most"], currency)
            yield Chip(value=everything, text=say("script.chip.all", amount=everything))
        case Kind.DATE:
            for name, day in _days(today):
                shown = day.isoformat()
                if bounds.get("earliest", shown) <= shown <= bounds.get("latest", shown):
                    yield Chip(value=shown, text=say(f"script.chip.{name}"))
        case Kind.TIME:
            for clock in _HALF_DAYS:
                if bounds.get("opens", clock) <= clock <= bounds.get("closes", clock):
                    yield Chip(value=clock, text=clock)
        case _:
            pass


def _days(today: date) -> Iterator[tuple[str, date]]:
    yield "today", today
    yield "tomorrow", today + timedelta(days=1)
    yield "sunday", today + timedelta(days=(_SUNDAY - today.weekday()) % _WEEK or _WEEK)
    yield "in_a_week", today + timedelta(days=_WEEK)
    yield "in_two_weeks", today + timedelta(days=2 * _WEEK)


def _told(bounds: Mapping[str, Any], currency: str, language: Language) -> dict[str, str]:
    told: dict[str, str] = {}
    for name, value in bounds.items():
        if name in {"least", "most"}:
            told[name] = formats.amount(value, currency)
        elif name in {"earliest", "latest"}:
            told[name] = formats.day(date.fromisoformat(value), language)
        else:
            told[name] = str(value)
    return told


def reply_of(turn: Turn, kind: Kind, *, choice: str, value: str) -> Reply | None:
    """Return what a form of the step says was answered; None: the step has no such answer."""
    ask = turn.ask
    if ask is None:
        return None
    if choice == SILENT:
        return Reply(kind=ReplyKind.SILENCE)
    if choice in {NEVER, PERSON}:
        wanted = OPT_OUT_KEY if choice == NEVER else AGENT_KEY
        found = (key for key in ask.keys if key.removeprefix(REPEAT_KEY) == wanted)
        key = next(found, None)
        return None if key is None else Reply(kind=ReplyKind.KEYS, value=key)
    if choice == GIVE and kind is Kind.WORDS:
        words = value.strip()[:MOST_WORDS]
        return Reply(kind=ReplyKind.WORDS, value=words) if words else None
    if choice == GIVE and kind in _FIELDS:
        keys = _READERS[kind](plain(value))
        fits = kind is not Kind.DIGITS or len(keys) <= ask.max_digits
        return Reply(kind=ReplyKind.KEYS, value=keys if keys and fits else UNREADABLE)
    own = {each.choice for each in _buttons(turn, kind)}
    return Reply(kind=ReplyKind.KEYS, value=choice) if choice in own else None


def trouble_of(kind: Kind, choice: str, reply: Reply | None) -> str | None:
    """Return which words say why a form is no answer; None: it is one."""
    if kind is Kind.WORDS and choice in {"", GIVE} and reply is None:
        return "script.trouble.words"
    if kind is Kind.CHECK and reply is not None and reply.value == UNREADABLE:
        return "script.trouble.unreadable"
    return "script.trouble.choice" if reply is None else None


def typed_at(guide: Guide, *, value: str, pay_by: str) -> Mapping[str, str]:
    """Return what is kept of the present step's form; digits that prove who one is are not."""
    here = guide.here
    if here is None:
        return {}
    kind = kind_of(here, guide.library)
    typed = {PAY_BY: pay_by} if asks_to_pay(here, guide.library) and pay_by in pay_ways() else {}
    keeps = kind in _FIELDS - {Kind.CHECK} and value
    return {**typed, here.turn.step: value[:MOST_WORDS]} if keeps else typed


_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?", re.ASCII)


def _amount(text: str) -> str:
    return (read_amount(text) or "").replace(".", "*")


def _date(text: str) -> str:
    return (read_day(text) or "").replace("-", "")


def _time(text: str) -> str:
    found = _CLOCK.fullmatch(text)
    return "" if found is None else f"{int(found[1]):02}{found[2]}"


def _digits(text: str) -> str:
    bare = re.sub(r"[\s().+-]", "", text)
    return bare if bare.isascii() and bare.isdecimal() else ""


_READERS: Mapping[Kind, Callable[[str], str]] = {
    Kind.AMOUNT: _amount,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.DIGITS: _digits,
    Kind.CHECK: _digits,
}
