"""The wrap-up on the agent's screen: codes, the form of the chosen one, and what a form says."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from api.console import formats
from api.console.call_times import TimeChip, TimeSaid, presets
from api.console.typed import plain, read_amount, read_day
from core.money import Money
from customers.model import WrapUpCode
from dialer.agents.forms import form_schema
from dialer.agents.guide_result import Proposal
from dialer.agents.rules import AgentRules
from scripts.language import Script
from scripts.model import AskKind
from scripts.steps import AskStep, RecordStep
from scripts.variables import ANSWERS

_KEYS = "12345678"
_FIXED_KEYS = {WrapUpCode.WRONG_NUMBER: "9", WrapUpCode.OPTED_OUT: "0"}
_ANSWER = ANSWERS + "."
_DAYS_OF = {
    "promised_on": "max_promise_days",
    "until": "max_extension_days",
    "callback_at": "max_callback_days",
}
_KINDS = {
    "amount_minor": "amount",
    "promised_on": "date",
    "until": "date",
    "pay_by": "way",
    "callback_at": "datetime-local",
    "personal": "check",
    "waive_late_fee": "check",
}
# As they stand in the form: what was agreed, then words, then what goes beside it.
_ORDER = (
    *(
        "amount_minor",
        "promised_on",
        "pay_by",
        "until",
        "callback_at",
        "personal",
        ANSWERS,
        "reason",
    ),
    *("waive_late_fee", "waive_because"),
)
_NAMED = re.compile(r"(?:due call \d+, \w+: )?([a-z_]+)")

Say = Callable[..., str]


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeButton:
    """A code that may be chosen, and its key."""

    code: WrapUpCode
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """A field of the chosen code's form."""

    name: str
    kind: str  # amount, date, datetime-local, way, check, score, words
    label: str
    value: Any
    hint: str = ""
    chips: Sequence[TimeChip] = ()  # values put into it at a touch
    said: TimeSaid | None = None  # what the rules say of the value


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A due call that waits for its outcome."""

    due_call_id: int
    matter: str
    code: WrapUpCode | None
    by_hand: bool
    codes: Sequence[CodeButton]
    others: Sequence[WrapUpCode]
    fields: Sequence[Field]
    is_first: bool
    trouble: str = ""
    bad_field: str = ""


def entries_of(
    proposals: Sequence[Proposal],
    *,
    scripts: Mapping[str, Script],
    rules: AgentRules,
    say: Say,
    language: Any,
    now: datetime,
    trouble: Mapping[int, str] | None = None,
    times: Mapping[int, TimeSaid] | None = None,
) -> list[Entry]:
    """Return what the wrap-up shows, due call by due call.

    `trouble` names a bad field of one; `times` is what the rules say of the times written so far.
    """
    entries = []
    open_first = next((n for n, each in enumerate(proposals) if each.code is None), 0)
    for number, each in enumerate(proposals):
        due_call_id = each.due_call.due_call_id
        bad = (trouble or {}).get(due_call_id, "")
        script = scripts.get(each.due_call.script)
        said = (times or {}).get(due_call_id)
        fields = [
            replace(field, said=said, chips=list(presets(now, each.due_call.time_zone, say)))
            if field.name == "callback_at"
            else field
            for field in _fields(each, script, rules, say, language)
        ]
        entries.append(
            Entry(
                due_call_id=due_call_id,
                matter="" if script is None else script.title[language],
                code=each.code,
                by_hand=each.by_hand,
                codes=list(_codes(each.codes)),
                others=each.others,
                fields=fields,
                is_first=number == open_first,
                trouble="" if bad == "callback_at" and said else _sentence(bad, rules, say),
                bad_field=bad,
            )
        )
    return entries


def _codes(codes: Sequence[WrapUpCode]) -> Iterator[CodeButton]:
    free = iter(_KEYS)
    for code in codes:
        key = _FIXED_KEYS.get(code) or next(free, "")
        yield CodeButton(code=code, key=key)


def _fields(
    proposal: Proposal, script: Script | None, rules: AgentRules, say: Say, language: Any
) -> Iterator[Field]:
    if proposal.code is None:
        return
    row, values = proposal.due_call, proposal.values
    schema = form_schema(proposal.code)
    for name in sorted(schema["properties"], key=_ORDER.index):
        if name == ANSWERS:
            given = values.get(ANSWERS) or {}
            asked = dict.fromkeys([*proposal.questions, *given])
            yield from (_answer(each, script, given.get(each), say, language) for each in asked)
            continue
        if name.startswith("waive_") and not proposal.waives_minor:
            continue
        if name == "reason" and name not in schema.get("required", ()):
            continue  # the note is there for it
        kind = _KINDS.get(name, "words")
        hint = ""
        if name in _DAYS_OF:
            hint = say("script.form.within", days=getattr(rules, _DAYS_OF[name]))
        yield Field(
            name=name,
            kind=kind,
            label=_label(name, proposal, rules, say),
            value=_shown(kind, values.get(name), row.currency, row.time_zone),
            hint=hint,
        )


def _label(name: str, proposal: Proposal, rules: AgentRules, say: Say) -> str:
    if name != "waive_late_fee":
        return say(f"script.form.{name}")
    amount = formats.amount(proposal.waives_minor, proposal.due_call.currency)
    within = proposal.waives_minor <= rules.waives_minor
    return say("script.form.waive_now" if within else "script.form.waive_asked", amount=amount)


def _answer(name: str, script: Script | None, value: Any, say: Say, language: Any) -> Field:
    """Return the field of a survey's question: a mark, or words where it is asked freely."""
    step = None
    for each in () if script is None else script.steps.values():
        into = each.into if isinstance(each, AskStep) else None
        into = each.record if isinstance(each, RecordStep) else into
        step = each if into == _ANSWER + name else step
    title = getattr(step, "title", None)
    question = name if title is None else title[language]
    is_mark = isinstance(step, AskStep) and step.ask is AskKind.KEY
    is_mark = is_mark or (step is None and isinstance(value, int))
    label = say("script.form.answer" if is_mark else "script.form.said", question=question)
    kind = "score" if is_mark else "words"
    return Field(name=_ANSWER + name, kind=kind, label=label, value="" if value is None else value)


def _shown(kind: str, value: Any, currency: str, zone: str) -> Any:
    if value is None:
        return ""
    if kind == "amount" and isinstance(value, int):
        return formats.amount(value, currency)
    if kind == "datetime-local" and isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return value
        local = at if at.tzinfo is None else at.astimezone(ZoneInfo(zone))
        return local.strftime("%Y-%m-%dT%H:%M")
    return value


def _sentence(bad: str, rules: AgentRules, say: Say) -> str:
    if not bad:
        return ""
    days = getattr(rules, _DAYS_OF[bad]) if bad in _DAYS_OF else 0
    known = bad in {*_KINDS, "reason", ANSWERS, "waive_because"} - {"personal", "waive_late_fee"}
    return say(f"script.trouble.{bad if known else 'other'}", days=days)


def values_in(sent: Mapping[str, str], proposal: Proposal) -> dict[str, Any]:
    """Return the values of a due call's form as they were sent; what is unreadable stays as typed.

    Only fields of the chosen code are read; a reason that the form does not show stays.
    """
    if proposal.code is None:
        return {}
    prefix, currency = f"{proposal.due_call.due_call_id}.", proposal.due_call.currency
    given = {key.removeprefix(prefix): text for key, text in sent.items() if key.startswith(prefix)}
    values: dict[str, Any] = {}
    for name in form_schema(proposal.code)["properties"]:
        if name == "reason" and name not in given and name in proposal.values:
            values[name] = proposal.values[name]
            continue
        text = plain(given.get(name, ""))
        if name == ANSWERS:
            values |= _answers(given)
        elif _KINDS.get(name) == "check":
            values |= {name: True} if text else {}
        elif text:
            is_words = name not in _KINDS
            values[name] = given[name].strip() if is_words else _read(name, text, currency)
    return values


def _answers(given: Mapping[str, str]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for name, text in given.items():
        if name.startswith(_ANSWER) and text.strip():
            is_mark = text.isascii() and text.isdigit() and len(text) == 1
            answers[name.removeprefix(_ANSWER)] = int(text) if is_mark else text.strip()
    return {ANSWERS: answers} if answers else {}


def _read(name: str, text: str, currency: str) -> Any:
    if _KINDS[name] == "date":
        return read_day(text) or text
    amount = read_amount(text) if name == "amount_minor" else None
    return text if amount is None else Money.from_decimal(Decimal(amount), currency).amount_minor


def bad_field(message: str) -> str:
    """Return which field a refusal of the form is about; "other" where it names none."""
    found = _NAMED.match(message)
    return "other" if found is None else found[1]
