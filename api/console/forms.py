"""What people type into the console's forms and addresses: limited, and read as days."""

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Form, Query
from pydantic import AfterValidator, StringConstraints

from api.fields import CLEAN, YEARS

# Control signs, which a database may not hold and nobody sees; tab and line ends are none.
_UNSEEN = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160)))


class UnreadInstantError(Exception):
    """What was typed as a day and a time is none."""


def without_unseen(text: str) -> str:
    """Return a text without what nobody sees, and without blanks around it."""
    return text.translate(_UNSEEN).strip()


# Refused with unseen signs in them: names and words that others look up.
FormWord = Annotated[str, Form(max_length=64, pattern=CLEAN)]
FormText = Annotated[str, Form(max_length=200, pattern=CLEAN)]
QueryWord = Annotated[str, Query(max_length=64, pattern=CLEAN)]
# Kept without them: what is written down of a talk, or pasted.
_Kept = AfterValidator(without_unseen)
Line = Annotated[str, StringConstraints(max_length=200), _Kept, Form()]
LongLine = Annotated[str, StringConstraints(max_length=4000), _Kept, Form()]
When = Annotated[str, StringConstraints(max_length=32), _Kept, Form()]


def day_of(text: str) -> date | None:
    """Return what was typed as a day; None: it is none, or none of our years."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year in YEARS else None


def instant_of(text: str, zone: str) -> datetime | None:
    """Return what was typed as an instant on the zone's clock; None of nothing.

    Raises:
        UnreadInstantError: it is no day and time.
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    except ValueError as err:
        raise UnreadInstantError from err
    if found.year not in YEARS:
        raise UnreadInstantError
    return found
