"""Spoken forms of values in the languages of the scripts, for a voice to read aloud."""

import re
from collections.abc import Sequence
from datetime import date, time
from functools import lru_cache

import phonenumbers

from core.money import Money
from customers.model import Language
from scripts import spoken_english, spoken_mandarin

# Building-entrance-room or building-room; the building may be a letter, the room may end in one.
_UNIT = re.compile(r"([0-9]{1,3}|[A-Za-z])(?:-([0-9]{1,2}))?-([0-9]{2,5}[A-Za-z]?)")


def count(number: int, language: Language) -> str:
    """Say how many: 2 → 两 / '2'."""
    if language is Language.MANDARIN:
        return spoken_mandarin.count(number)
    return spoken_english.count(number)


def days(number: int, language: Language) -> str:
    """Say a number of days: 2 → 两天 / '2 days'."""
    if language is Language.MANDARIN:
        return spoken_mandarin.count(number) + "天"
    return f"{spoken_english.count(number)} {spoken_english.plural(number, 'day', 'days')}"


def digits(text: str, language: Language) -> str:
    """Say digits one by one."""
    if language is Language.MANDARIN:
        return spoken_mandarin.digits(text)
    return spoken_english.digits(text)


@lru_cache(maxsize=1024)
def telephone(number: str, language: Language) -> str:
    """Say a telephone number in its national groups; Mandarin says 幺 for 1."""
    written = number
    if number.startswith("+"):
        parsed = phonenumbers.parse(number, None)
        written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    groups = tuple(re.findall(r"[0-9]+", written))
    if language is Language.MANDARIN:
        return spoken_mandarin.telephone(groups)
    return spoken_english.telephone(groups)


def money(amount: Money, language: Language) -> str:
    """Say an amount: 1234.05 CNY → 一千二百三十四元零五分 / '1,234 yuan and 5 cents'."""
    if language is Language.MANDARIN:
        return spoken_mandarin.money(amount)
    return spoken_english.money(amount)


def day(when: date, language: Language, today: date | None = None) -> str:
    """Say a date: 三月五号 / 'the fifth of March'; the year only when it is not today's."""
    if language is Language.MANDARIN:
        return spoken_mandarin.day(when, today)
    return spoken_english.day(when, today)


def weekday_and_day(when: date, language: Language, today: date | None = None) -> str:
    """Say a date with its weekday: 三月五号星期四 / 'Thursday the fifth of March'."""
    if language is Language.MANDARIN:
        return spoken_mandarin.day(when, today) + spoken_mandarin.weekday(when)
    return f"{spoken_english.weekday(when)} {spoken_english.day(when, today)}"


def clock(when: time, language: Language) -> str:
    """Say a time of day: 下午两点半 / 'half past two in the afternoon'."""
    if language is Language.MANDARIN:
        return spoken_mandarin.clock(when)
    return spoken_english.clock(when)


def unit(label: str, language: Language) -> str:
    """Say a unit: 3-2-1201 → 三栋二单元一二零一; a label of another shape is read as written."""
    shape = _UNIT.fullmatch(label)
    if shape is None:
        return label
    parts = tuple(part for part in shape.groups() if part)
    if language is Language.MANDARIN:
        return spoken_mandarin.unit(parts)
    return spoken_english.unit(parts)


def listing(names: Sequence[str], language: Language) -> str:
    """Say several things in a row; nothing for none."""
    if not names:
        return ""
    if language is Language.MANDARIN:
        return spoken_mandarin.listing(tuple(names))
    return spoken_english.listing(tuple(names))
