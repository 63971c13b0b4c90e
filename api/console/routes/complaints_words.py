"""What the forms and lines of complaints share: choices, the steps that follow, typed instants."""

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Form
from pydantic import AfterValidator, StringConstraints

from core.columns import AnyRow
from customers.complaint_tables import ComplaintCategory, ComplaintChannel, ComplaintStepKind

_YEARS = range(1970, 2200)
_UNSEEN = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160)))


def _clean(text: str) -> str:
    return text.translate(_UNSEEN).strip()


Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(_clean), Form()]
LongLine = Annotated[str, StringConstraints(max_length=4000), AfterValidator(_clean), Form()]
When = Annotated[str, StringConstraints(max_length=32), AfterValidator(_clean), Form()]


class UnreadInstantError(Exception):
    """What was typed as a day and a time is none."""


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
    if found.year not in _YEARS:
        raise UnreadInstantError
    return found


def steps_of(row: AnyRow) -> list[ComplaintStepKind]:
    """Return the steps that may follow, the one that is owed first."""
    step = ComplaintStepKind
    if row.closed_at is not None:
        return [] if row.satisfied_at is not None else [step.SATISFIED, step.DISSATISFIED]
    owed = [step.REPLIED] if row.replied_at is None else [step.CLOSED, step.REPLIED]
    if row.serious and row.manager_told_at is None:
        owed.insert(0, step.MANAGER_TOLD)
    return [*owed, step.HANDED_OVER]


def complaint_facts() -> dict[str, Any]:
    """Return what the templates of complaints choose from."""
    return {
        "categories": [each.value for each in ComplaintCategory],
        "channels": [each.value for each in ComplaintChannel],
        "steps_of": steps_of,
    }
