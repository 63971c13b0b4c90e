"""Written forms of values in the languages of the scripts, for an agent to read from a screen."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

from core.money import Money, minor_digits
from customers.model import Language
from scripts import spoken
from scripts.variables import money_of, speak

_UNITS_ZH = {"CNY": "元", "HKD": "港元", "MOP": "澳门元", "TWD": "新台币", "USD": "美元"}
_WEEKDAYS = {
    Language.MANDARIN: ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    Language.ENGLISH: ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_MONTHS_EN = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)


def write(
    value: Any,
    form: str,
    *,
    language: Language,
    currency: str,
    today: date,
    words: tuple[str, ...] = (),
) -> str:
    """Write a value in a form of `variables.FORMS`; what is written as spoken is left so."""
    writer = _WRITERS.get(form)
    if writer is not None:
        return writer(value, language, today)
    if form == "money":
        return money(money_of(value, currency), language)
    return speak(value, form, language=language, currency=currency, today=today, words=words)


def money(amount: Money, language: Language) -> str:
    """Write an amount: `1,359.85 元`, `CNY 1,359.85`."""
    digits = minor_digits(amount.currency)
    number = f"{amount.to_decimal():,.{digits}f}"
    if language is Language.MANDARIN:
        return f"{number} {_UNITS_ZH.get(amount.currency, amount.currency)}"
    return f"{amount.currency} {number}"


def day(when: date, language: Language, today: date) -> str:
    """Write a date: `3 月 25 日`, `25 March`; the year only when it is not today's."""
    far = when.year != today.year
    if language is Language.MANDARIN:
        return (f"{when.year} 年 " if far else "") + f"{when.month} 月 {when.day} 日"
    return f"{when.day} {_MONTHS_EN[when.month - 1]}" + (f" {when.year}" if far else "")


def weekday_and_day(when: date, language: Language, today: date) -> str:
    """Write a date with its weekday: `3 月 25 日 周三`, `Wed 25 March`."""
    weekday, written = _WEEKDAYS[language][when.weekday()], day(when, language, today)
    return f"{written} {weekday}" if language is Language.MANDARIN else f"{weekday} {written}"


def _date(value: Any, language: Language, today: date) -> str:
    return day(date.fromisoformat(value[:10]), language, today)


def _weekday(value: Any, language: Language, today: date) -> str:
    return weekday_and_day(date.fromisoformat(value[:10]), language, today)


def _clock(value: Any, _language: Language, _today: date) -> str:
    when = datetime.fromisoformat(value).time() if "T" in value else time.fromisoformat(value)
    return f"{when:%H:%M}"


def _moment(value: Any, language: Language, today: date) -> str:
    joint = " " if language is Language.MANDARIN else ", "
    return _weekday(value, language, today) + joint + _clock(value, language, today)


def _days(value: Any, language: Language, _today: date) -> str:
    return f"{value} 天" if language is Language.MANDARIN else spoken.days(value, language)


def _as_it_is(value: Any, _language: Language, _today: date) -> str:
    return str(value)


_WRITERS: Mapping[str, Callable[[Any, Language, date], str]] = {
    "date": _date,
    "weekday": _weekday,
    "time": _clock,
    "moment": _moment,
    "days": _days,
    "count": _as_it_is,
    "digits": _as_it_is,
    "unit": _as_it_is,
    "phone": _as_it_is,
}
