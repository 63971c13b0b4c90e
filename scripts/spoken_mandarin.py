"""How Mandarin says numbers, money, dates, times, unit and telephone numbers."""

from datetime import date, time

from babel.numbers import get_currency_name

from core.money import Money, minor_digits

_DIGITS = "零一二三四五六七八九"
_WEEKDAYS = "一二三四五六日"
_WAN, _YI = 10_000, 100_000_000
# (last hour, word): what part of the day an hour belongs to.
_DAY_PARTS = ((5, "凌晨"), (8, "早上"), (11, "上午"), (12, "中午"), (17, "下午"), (23, "晚上"))
_UNITS = {
    "CNY": "元",
    "USD": "美元",
    "EUR": "欧元",
    "GBP": "英镑",
    "HKD": "港元",
    "JPY": "日元",
    "SGD": "新加坡元",
    "AUD": "澳元",
    "CAD": "加元",
    "TWD": "新台币",
}
_MOBILE_DIGITS = 11


def cardinal(number: int) -> str:
    """Say a whole number: 2024 → 两千零二十四, 12 → 十二, 2 → 二."""
    if number < 0:
        return "负" + cardinal(-number)
    words = _big(number)
    return words[1:] if words.startswith("一十") else words


def count(number: int) -> str:
    """Say how many of something, before a measure word: 2 → 两."""
    return "两" if number == 2 else cardinal(number)  # noqa: PLR2004 - the word 两 is for the number 2


def digits(text: str, one: str = "一") -> str:
    """Say digits one by one; anything else stays as it is."""
    return "".join(one if c == "1" else _DIGITS[int(c)] if c in "0123456789" else c for c in text)


def telephone(groups: tuple[str, ...]) -> str:
    """Say a telephone number in groups, with 幺 for 1."""
    if len(groups) == 1 and len(groups[0]) == _MOBILE_DIGITS:
        number = groups[0]
        groups = (number[:3], number[3:7], number[7:])
    return "，".join(digits(group, one="幺") for group in groups)


def money(amount: Money) -> str:
    """Say an amount: 1234.05 CNY → 一千二百三十四元零五分."""
    if amount.amount_minor < 0:
        return "负" + money(Money(amount_minor=-amount.amount_minor, currency=amount.currency))
    places = minor_digits(amount.currency)
    major, minor = divmod(amount.amount_minor, 10**places)
    if amount.currency == "CNY":
        return _yuan(major, minor)
    unit = _UNITS.get(amount.currency) or get_currency_name(amount.currency, locale="zh_Hans")
    if not minor:
        return count(major) + unit
    fraction = f"{minor:0{places}d}".rstrip("0")
    return f"{cardinal(major)}点{digits(fraction)}{unit}"


def day(when: date, today: date | None) -> str:
    """Say a date: 三月五号; with its year when that is not today's."""
    words = f"{cardinal(when.month)}月{cardinal(when.day)}号"
    if today is not None and when.year != today.year:
        return f"{digits(str(when.year))}年{words}"
    return words


def weekday(when: date) -> str:
    """Say the day of the week: 星期四."""
    return "星期" + _WEEKDAYS[when.weekday()]


def clock(when: time) -> str:
    """Say a time of day: 下午两点半."""
    part = next(word for last, word in _DAY_PARTS if when.hour <= last)
    hour = when.hour if when.hour <= 12 else when.hour - 12  # noqa: PLR2004 - a twelve-hour dial
    words = f"{part}{count(hour)}点"
    if when.minute == 0:
        return words
    if when.minute == 30:  # noqa: PLR2004 - half past
        return words + "半"
    zero = "零" if when.minute < 10 else ""  # noqa: PLR2004 - one digit
    return f"{words}{zero}{cardinal(when.minute)}分"


def unit(parts: tuple[str, ...]) -> str:
    """Say a unit: ('3', '2', '1201') → 三栋二单元一二零一."""
    names = ("栋", "单元") if len(parts) == 3 else ("栋",)  # noqa: PLR2004 - building-entrance-room
    spoken = [
        (cardinal(int(part)) if part.isdecimal() else part) + name
        for part, name in zip(parts, names, strict=False)
    ]
    return "".join(spoken) + digits(parts[-1])


def listing(names: tuple[str, ...]) -> str:
    """Say several things: 物业费、水费和车位费."""
    return "和".join(part for part in ("、".join(names[:-1]), names[-1]) if part)


def _yuan(major: int, minor: int) -> str:
    jiao, fen = divmod(minor, 10)
    words = f"{count(major)}元" if major or not minor else ""
    if jiao:
        words += f"{count(jiao)}角"
    if fen:
        between = "零" if words and not jiao else ""
        words += f"{between}{cardinal(fen) if words else count(fen)}分"
    return words


def _big(number: int) -> str:
    for size, name in ((_YI, "亿"), (_WAN, "万")):
        if number >= size:
            head, rest = divmod(number, size)
            words = ("两" if head == 2 else _big(head)) + name  # noqa: PLR2004 - the word 两
            if not rest:
                return words
            return words + ("零" if rest < size // 10 else "") + _big(rest)
    return _below_wan(number)


def _below_wan(number: int) -> str:
    if number == 0:
        return "零"
    words, gap = "", False
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, size)
        if digit:
            zero = "零" if gap and words else ""
            two_thousand = digit == 2 and size == 1000  # noqa: PLR2004 - 两千, but 二百 and 二十
            words += zero + ("两" if two_thousand else _DIGITS[digit]) + name
            gap = False
        else:
            gap = True
    return words
