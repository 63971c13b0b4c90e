"""How English says numbers, money, dates, times, unit and telephone numbers."""

from datetime import date, time

from babel.numbers import get_currency_name

from core.money import Money, minor_digits

_ORDINALS = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    "twenty-first",
    "twenty-second",
    "twenty-third",
    "twenty-fourth",
    "twenty-fifth",
    "twenty-sixth",
    "twenty-seventh",
    "twenty-eighth",
    "twenty-ninth",
    "thirtieth",
    "thirty-first",
)
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WEEKDAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
_HOURS = (
    "twelve",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
)
# Major and minor unit, one and many.
_UNITS = {
    "CNY": (("yuan", "yuan"), ("cent", "cents")),
    "USD": (("dollar", "dollars"), ("cent", "cents")),
    "EUR": (("euro", "euros"), ("cent", "cents")),
    "GBP": (("pound", "pounds"), ("penny", "pence")),
    "HKD": (("Hong Kong dollar", "Hong Kong dollars"), ("cent", "cents")),
    "SGD": (("Singapore dollar", "Singapore dollars"), ("cent", "cents")),
    "AUD": (("Australian dollar", "Australian dollars"), ("cent", "cents")),
    "CAD": (("Canadian dollar", "Canadian dollars"), ("cent", "cents")),
    "JPY": (("yen", "yen"), ("sen", "sen")),
}
_NOON, _EVENING = 12, 18


def count(number: int) -> str:
    """Say a whole number, as figures with thousands parted."""
    return f"{number:,}"


def plural(number: int, one: str, many: str) -> str:
    """Choose the noun that goes with the number."""
    return one if number == 1 else many


def digits(text: str) -> str:
    """Say characters one by one: '1201' → '1 2 0 1'."""
    return " ".join(text)


def telephone(groups: tuple[str, ...]) -> str:
    """Say a telephone number in groups of digits."""
    return ", ".join(digits(group) for group in groups)


def money(amount: Money) -> str:
    """Say an amount: 1234.05 CNY → '1,234 yuan and 5 cents'."""
    if amount.amount_minor < 0:
        return "minus " + money(Money(amount_minor=-amount.amount_minor, currency=amount.currency))
    places = minor_digits(amount.currency)
    major, minor = divmod(amount.amount_minor, 10**places)
    if amount.currency not in _UNITS:
        name = get_currency_name(amount.currency, count=major, locale="en")
        return f"{amount.to_decimal():,} {name}"
    major_unit, minor_unit = _UNITS[amount.currency]
    parts = [f"{major:,} {plural(major, *major_unit)}"] if major or not minor else []
    if minor:
        parts.append(f"{minor} {plural(minor, *minor_unit)}")
    return " and ".join(parts)


def day(when: date, today: date | None) -> str:
    """Say a date: 'the fifth of March'; with its year when that is not today's."""
    words = f"the {_ORDINALS[when.day - 1]} of {_MONTHS[when.month - 1]}"
    if today is not None and when.year != today.year:
        return f"{words} {when.year}"
    return words


def weekday(when: date) -> str:
    """Say the day of the week."""
    return _WEEKDAYS[when.weekday()]


def clock(when: time) -> str:
    """Say a time of day: 'half past two in the afternoon', '2:05 pm'."""
    if when.minute == 0 and when.hour in {0, _NOON}:
        return "noon" if when.hour else "midnight"
    if when.minute not in {0, 30}:
        half = "am" if when.hour < _NOON else "pm"
        return f"{when.hour % 12 or 12}:{when.minute:02d} {half}"
    hour = _HOURS[when.hour % 12]
    part = "morning" if when.hour < _NOON else "afternoon" if when.hour < _EVENING else "evening"
    return f"{'half past ' if when.minute else ''}{hour} in the {part}"


def unit(parts: tuple[str, ...]) -> str:
    """Say a unit: ('3', '2', '1201') → 'building 3, entrance 2, room 1 2 0 1'."""
    names = ("building", "entrance") if len(parts) == 3 else ("building",)  # noqa: PLR2004
    spoken = [f"{name} {part}" for part, name in zip(parts, names, strict=False)]
    return ", ".join([*spoken, f"room {digits(parts[-1])}"])


def listing(names: tuple[str, ...]) -> str:
    """Say several things: 'water, heating and parking'."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
