"""What agents type as an amount or a day, in the ways both languages write them; pure.

What could be read in two ways is not read at all: `60,5` is neither 605 nor 60.50.
"""

import re
import unicodedata

# With a sign of money before or after it, in whole groups of three where it has commas.
_AMOUNT = re.compile(
    r"(?:CNY|RMB|[¥£$€])?\s*(\d{1,3}(?:[, ]\d{3}){1,2}|\d{1,9})(?:\.(\d{0,2}))?\s*元?整?", re.ASCII
)
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)


def plain(text: str) -> str:
    """Return a text as a keyboard of half-width signs would have typed it."""
    return unicodedata.normalize("NFKC", text).strip()


def read_amount(text: str) -> str | None:
    """Return an amount as `1138.56` or `1138`; None: it is none."""
    found = _AMOUNT.fullmatch(plain(text).replace("。", ".").upper())
    if found is None:
        return None
    whole, cents = re.sub("[, ]", "", found[1]), found[2]
    return f"{whole}.{cents}" if cents else whole


def read_day(text: str) -> str | None:
    """Return a day as `2026-05-25`, which may not be in the calendar; None: it is none."""
    found = _DAY.fullmatch(re.sub(r"\s", "", plain(text)))
    return None if found is None else f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}"
