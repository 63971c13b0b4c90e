"""The variables a talk knows: their types, their spoken forms, and who gives them.

Values are plain data, as the dialer puts them into `CallPlan.variables` (whole call) and
`Section.variables` (one due call):

| type | value | example |
|---|---|---|
| text | str | "WO-1041" |
| localized | str a language | {"zh-CN": "漏水维修", "en": "the leak repair"} |
| names | list of localized or text | [{"zh-CN": "物业费", "en": "property fee"}] |
| money | minor units and currency | {"amount_minor": 123405, "currency": "CNY"} |
| amount | int, minor units of the plan's currency | 50000 |
| date, time, datetime | ISO text | "2026-03-05", "14:30", "2026-03-05T14:30" |
| count, days | int | 3 |
| unit | canonical label | "3-2-1201" |
| phone | E.164 or as dialled at home | "+8675512345678" |
| flag | bool | true |

Call: company, community, person (with honorific), unit, callback_number, today, callback_open,
callback_close, max_promise_days; optional: identity_hint (localized, what the identity digits
are), agents_available (flag, default true).
Overdue section: total, charge_count, oldest_due_on, days_past_due, kinds, step.
Repair: work_order, completed_on, repair_category. Survey: survey_name, closes_on.
Promised: about (overdue | repair | survey | complaint), asked_at, and the variables of that.
Missed call: rang_at, wished. Complaint: complaint, complained_on, complaint_about.
Of a call that came in, besides: inbound (flag, true) where it is about due calls; about none: entry
(usual | which_unit | nobody_free), caller_known.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from core.errors import OwnerlineError
from core.money import Money
from customers.model import Language
from scripts import spoken


class VariableError(OwnerlineError):
    """A variable is missing, or its value is not of its type."""


class VariableType(StrEnum):
    """What sort of value a variable holds."""

    TEXT = "text"
    LOCALIZED = "localized"
    NAMES = "names"
    MONEY = "money"
    AMOUNT = "amount"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    COUNT = "count"
    DAYS = "days"
    UNIT = "unit"
    PHONE = "phone"
    FLAG = "flag"


# The forms a type may be spoken in; the first is used where a script names none.
FORMS: Mapping[VariableType, tuple[str, ...]] = {
    VariableType.TEXT: ("text", "digits"),
    VariableType.LOCALIZED: ("text",),
    VariableType.NAMES: ("list",),
    VariableType.MONEY: ("money",),
    VariableType.AMOUNT: ("money",),
    VariableType.DATE: ("date", "weekday"),
    VariableType.TIME: ("time",),
    VariableType.DATETIME: ("moment", "date", "weekday", "time"),
    VariableType.COUNT: ("count", "digits", "plural"),
    VariableType.DAYS: ("days", "count"),
    VariableType.UNIT: ("unit",),
    VariableType.PHONE: ("phone",),
    VariableType.FLAG: (),
}

# To speak a variable of these types is to name an amount; to speak these variables, a debt.
MONEY_TYPES = frozenset({VariableType.MONEY, VariableType.AMOUNT})
DEBT_VARIABLES = frozenset({"total", "charge_count", "oldest_due_on", "days_past_due", "kinds"})

# What the interpreter itself knows, usable in branches and sentences of every script.
IDENTIFIED = "identified"
BUILT_IN: Mapping[str, VariableType] = {
    IDENTIFIED: VariableType.TEXT,  # none, light (pressed 1), strong (gave the digits)
    "strong_needed": VariableType.FLAG,  # some section of this call may name a debt
    "identity_on_file": VariableType.FLAG,
    "verify_failed": VariableType.FLAG,
    "agents_available": VariableType.FLAG,
    "agent_speaks": VariableType.FLAG,  # a person, from the screen
    "earliest": VariableType.DATE,  # of a refused date
    "latest": VariableType.DATE,
    "least": VariableType.AMOUNT,  # of a refused amount
    "most": VariableType.AMOUNT,
    "key": VariableType.TEXT,  # of an option being offered
    "option": VariableType.DATE,
}

# What a talk may settle for a due call, kept in `SectionOutcome.data`.
RESULTS: Mapping[str, VariableType] = {
    "promised_amount_minor": VariableType.AMOUNT,
    "promised_on": VariableType.DATE,
    "callback_at": VariableType.DATETIME,
    "ring_number": VariableType.TEXT,  # as keyed in: where to ring, of a call that came in
    "extension_until": VariableType.DATE,
    "reason": VariableType.TEXT,
    "recording": VariableType.TEXT,
}
ANSWERS = "answers"  # answers.NAME: a question's answer, 1-5 or a recording's name


def check(name: str, kind: VariableType, value: Any) -> None:  # noqa: C901 - plain data, one case a type
    """Refuse a value that is not of its type.

    Raises:
        VariableError: says which variable, which type it should have, and the value's own type.
    """
    try:
        match kind:
            case VariableType.TEXT | VariableType.UNIT | VariableType.PHONE:
                fits = isinstance(value, str)
            case VariableType.LOCALIZED:
                fits = isinstance(value, str) or _is_localized(value)
            case VariableType.NAMES:
                fits = isinstance(value, list | tuple) and all(
                    isinstance(name, str) or _is_localized(name) for name in value
                )
            case VariableType.MONEY:
                fits = isinstance(value["amount_minor"], int) and isinstance(value["currency"], str)
            case VariableType.DATE:
                fits = bool(date.fromisoformat(value))
            case VariableType.TIME:
                fits = time.fromisoformat(value) is not None
            case VariableType.DATETIME:
                fits = bool(datetime.fromisoformat(value))
            case VariableType.FLAG:
                fits = isinstance(value, bool)
            case _:
                fits = isinstance(value, int) and not isinstance(value, bool)
    except (KeyError, TypeError, ValueError):
        fits = False
    if not fits:
        message = (
            f"variable {name} should be {kind.value} and is a {type(value).__name__}; "
            "give it as scripts/variables.py says"
        )
        raise VariableError(message)


def money_of(value: Any, currency: str) -> Money:
    """Read a money or amount value."""
    if isinstance(value, Mapping):
        return Money(amount_minor=value["amount_minor"], currency=value["currency"])
    return Money(amount_minor=value, currency=currency)


def speak(  # noqa: C901, PLR0911, PLR0912 - one case a form
    value: Any,
    form: str,
    *,
    language: Language,
    currency: str,
    today: date,
    words: tuple[str, ...] = (),
) -> str:
    """Say a value in a form of `FORMS`; `words` are the two nouns of `plural`."""
    match form:
        case "money":
            return spoken.money(money_of(value, currency), language)
        case "date":
            return spoken.day(date.fromisoformat(value[:10]), language, today)
        case "weekday":
            return spoken.weekday_and_day(date.fromisoformat(value[:10]), language, today)
        case "time":
            return spoken.clock(_time_of(value), language)
        case "moment":
            parts = (
                spoken.day(date.fromisoformat(value[:10]), language, today),
                spoken.clock(_time_of(value), language),
            )
            return ("" if language is Language.MANDARIN else ", ").join(parts)
        case "count":
            return spoken.count(value, language)
        case "plural":
            return words[0] if value == 1 else words[1]
        case "days":
            return spoken.days(value, language)
        case "digits":
            return spoken.digits(str(value), language)
        case "unit":
            return spoken.unit(value, language)
        case "phone":
            return spoken.telephone(value, language)
        case "list":
            return spoken.listing([_in_language(name, language) for name in value], language)
        case _:
            return _in_language(value, language)


def _time_of(value: str) -> time:
    return datetime.fromisoformat(value).time() if "T" in value else time.fromisoformat(value)


def _in_language(value: Any, language: Language) -> str:
    return str(value[language.value]) if isinstance(value, Mapping) else str(value)


def _is_localized(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(value.get(language.value), str) for language in Language
    )
