"""What the owner's keys mean: amounts, dates, times and choices, and why a value is refused."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from core.money import Money
from scripts.model import AskKind, CallPlan
from scripts.steps import AskStep, RefusalReason
from scripts.variables import money_of

_HALF_YEAR_DAYS = 183
_DATE_KEYS = re.compile(r"(?:\d{4})?\d{4}", re.ASCII)
_TIME_KEYS = re.compile(r"\d{3,4}", re.ASCII)
_AMOUNT_KEYS = re.compile(r"\d{1,9}(?:\*\d{0,2})?", re.ASCII)

ValueOf = Callable[[str], Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """A value as it is kept: plain data."""

    value: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """Why a value is not taken, with the limits the sentence may name."""

    reason: RefusalReason
    limits: Mapping[str, Any] = field(default_factory=dict)


def read_answer(
    step: AskStep, keys: str, *, plan: CallPlan, value_of: ValueOf
) -> Accepted | Refused:
    """Read the keys pressed at an ask for digits, an amount, a date, a time or a choice of days."""
    match step.ask:
        case AskKind.AMOUNT:
            return _amount(step, keys, plan=plan, value_of=value_of)
        case AskKind.DATE:
            return _date(step, keys, today=plan.now.date(), value_of=value_of)
        case AskKind.TIME:
            return _time(step, keys, now=plan.now, value_of=value_of)
        case AskKind.CHOICE:
            return _choice(step, keys, today=plan.now.date())
        case _:
            return Accepted(value=keys) if keys.isdecimal() else Refused(reason="unreadable")


def limits_of(step: AskStep, *, plan: CallPlan, value_of: ValueOf) -> dict[str, Any]:
    """Return what a value may be, for whoever shows it before it is given.

    `least` and `most` (minor units) of an amount, `earliest` and `latest` of a date, `opens` and
    `closes` of a time of day (ISO); what has no limit is not there.
    """
    limits = step.limits
    match step.ask:
        case AskKind.AMOUNT if limits.at_most is not None:
            most = money_of(value_of(limits.at_most), plan.currency).amount_minor
            share = Decimal(str(limits.least_share or 0))
            return {"least": max(1, int(most * share)), "most": most}
        case AskKind.AMOUNT:
            return {"least": 1}
        case AskKind.DATE:
            return _date_limits(step, plan.now.date(), value_of)
        case AskKind.TIME:
            named = (("opens", limits.opens), ("closes", limits.closes))
            return {name: value_of(each) for name, each in named if each is not None}
        case _:
            return {}


def _date_limits(step: AskStep, today: date, value_of: ValueOf) -> dict[str, Any]:
    limits = step.limits
    named = (("earliest", limits.from_days), ("latest", limits.to_days))
    days = ((name, _days_from(each, today, value_of)) for name, each in named)
    return {name: day.isoformat() for name, day in days if day is not None}


def offered_days(step: AskStep, today: date) -> tuple[tuple[str, date], ...]:
    """Return the days a choice offers, with their keys."""
    if step.options is None:
        return ()
    first, how_many = step.options.first, step.options.count
    return tuple((str(n + 1), today + timedelta(days=first + n)) for n in range(how_many))


def nearest_date(keys: str, today: date) -> date | None:
    """Read MMDD (the year that lies nearest today) or YYYYMMDD; None when there is no such day."""
    if not _DATE_KEYS.fullmatch(keys):
        return None
    month, day = int(keys[-4:-2]), int(keys[-2:])
    written = (int(keys[:-4]),) if len(keys) > 4 else ()  # noqa: PLR2004 - with its year
    days = [
        when
        for year in written or (today.year, today.year + 1, today.year - 1)
        if (when := _day(year, month, day)) is not None
    ]
    if not written:
        days.sort(key=lambda when: abs((when - today).days))
        days = [when for when in days if abs((when - today).days) <= _HALF_YEAR_DAYS]
    return days[0] if days else None


def _amount(step: AskStep, keys: str, *, plan: CallPlan, value_of: ValueOf) -> Accepted | Refused:
    # An amount begins with a digit, so that a leading * stays free for *9, *0 and *.
    if not _AMOUNT_KEYS.fullmatch(keys):
        return Refused(reason="unreadable")
    try:
        amount = Money.from_decimal(Decimal(keys.replace("*", ".")), plan.currency)
    except InvalidOperation:
        return Refused(reason="unreadable")
    limits = {"most": amount.amount_minor} | limits_of(step, plan=plan, value_of=value_of)
    if amount.amount_minor < limits["least"]:
        return Refused(reason="low", limits=limits)
    if amount.amount_minor > limits["most"]:
        return Refused(reason="high", limits=limits)
    return Accepted(value=amount.amount_minor)


def _date(step: AskStep, keys: str, *, today: date, value_of: ValueOf) -> Accepted | Refused:
    when = nearest_date(keys, today)
    if when is None:
        return Refused(reason="unreadable")
    limits, day = _date_limits(step, today, value_of), when.isoformat()
    if day < limits.get("earliest", day):
        return Refused(reason="early", limits=limits)
    if day > limits.get("latest", day):
        return Refused(reason="late", limits=limits)
    return Accepted(value=day)


def _time(step: AskStep, keys: str, *, now: datetime, value_of: ValueOf) -> Accepted | Refused:
    when = _time_of(keys)
    if when is None:
        return Refused(reason="unreadable")
    limits = step.limits
    opens = time.fromisoformat(value_of(limits.opens)) if limits.opens else time.min
    closes = time.fromisoformat(value_of(limits.closes)) if limits.closes else time.max
    if not opens <= when <= closes:
        return Refused(reason="closed")
    if limits.on_day is None:
        return Accepted(value=when.isoformat("minutes"))
    moment = datetime.combine(date.fromisoformat(value_of(limits.on_day)), when)
    if moment <= now.replace(tzinfo=None):
        return Refused(reason="past")
    return Accepted(value=moment.isoformat(timespec="minutes"))


def _choice(step: AskStep, keys: str, *, today: date) -> Accepted | Refused:
    days = dict(offered_days(step, today))
    if keys in days:
        return Accepted(value=days[keys].isoformat())
    return Refused(reason="unreadable")


def _days_from(days: int | str | None, today: date, value_of: ValueOf) -> date | None:
    if days is None:
        return None
    return today + timedelta(days=value_of(days) if isinstance(days, str) else days)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None  # 0230 is no day: the caller asks again


def _time_of(keys: str) -> time | None:
    if not _TIME_KEYS.fullmatch(keys):
        return None
    hour, minute = int(keys[:-2]), int(keys[-2:])
    return time(hour, minute) if hour < 24 and minute < 60 else None  # noqa: PLR2004 - a clock
