"""How days, times, amounts and numbers read on the console's pages, in both languages."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_decimal

from core.money import Money, minor_digits
from customers.model import Language

LOCALES = {Language.MANDARIN: "zh_Hans_CN", Language.ENGLISH: "en_GB"}
_DAY = {Language.MANDARIN: "M 月 d 日 EEE", Language.ENGLISH: "EEE d MMMM"}
_DAY_OF_YEAR = {Language.MANDARIN: "y 年 M 月 d 日", Language.ENGLISH: "d MMMM y"}
_NOTHING = "–"
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400
_MASKED, _SHOWN_OF_PHONE = "****", 4
_LEFT = {
    Language.MANDARIN: ("{d} 天 {h} 小时", "{h} 小时 {m} 分", "{m} 分"),
    Language.ENGLISH: ("{d} d {h} h", "{h} h {m} min", "{m} min"),
}


def day(when: date | datetime | None, language: Language, zone: str | None = None) -> str:
    """Return a day without its year: `3 月 25 日 周三`, `Wed 25 March`."""
    if when is None:
        return _NOTHING
    return format_date(_local_day(when, zone), _DAY[language], locale=LOCALES[language])


def whole_day(when: date | datetime | None, language: Language, zone: str | None = None) -> str:
    """Return a day with its year."""
    if when is None:
        return _NOTHING
    return format_date(_local_day(when, zone), _DAY_OF_YEAR[language], locale=LOCALES[language])


def clock(when: datetime | None, zone: str) -> str:
    """Return the time of day, `14:26`, in a zone."""
    return _NOTHING if when is None else f"{when.astimezone(ZoneInfo(zone)):%H:%M}"


def instant(when: datetime | None, language: Language, zone: str) -> str:
    """Return day and time in a zone."""
    return _NOTHING if when is None else f"{day(when, language, zone)} {clock(when, zone)}"


def amount(minor: int | None, currency: str) -> str:
    """Return an amount without its currency, `1,138.56`."""
    if minor is None:
        return _NOTHING
    digits = minor_digits(currency)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    whole = Money(amount_minor=minor, currency=currency).to_decimal()
    return format_decimal(whole, format=pattern, locale="en")


def timer(seconds: float) -> str:
    """Return a running time, `02:14` or `1:02:14`."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, _HOUR_S)
    minutes, left = divmod(rest, _MINUTE_S)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes:02}:{left:02}"


def left(span: timedelta, language: Language) -> str:
    """Return a span in its two greatest units; a negative one as the positive."""
    whole = abs(int(span.total_seconds()))
    days, rest = divmod(whole, _DAY_S)
    hours, minutes = rest // _HOUR_S, rest % _HOUR_S // _MINUTE_S
    with_days, with_hours, short = _LEFT[language]
    text = with_days if days else with_hours if hours else short
    return text.format(d=days, h=hours, m=minutes)


def share(part: float, whole: float, digits: int = 0) -> str:
    """Return a share in per cent, `12%`; of nothing a dash."""
    return _NOTHING if not whole else f"{100 * part / whole:.{digits}f}%"


def masked(e164: str | None) -> str:
    """Return a phone number as it may stand on a screen others see: `+86138****6621`."""
    if not e164:
        return _NOTHING
    kept = e164[: max(3, len(e164) - 2 * _SHOWN_OF_PHONE)]
    return f"{kept}{_MASKED}{e164[-_SHOWN_OF_PHONE:]}"


def _local_day(when: date | datetime, zone: str | None) -> date:
    if not isinstance(when, datetime):
        return when
    return (when.astimezone(ZoneInfo(zone)) if zone else when).date()
