"""What the forms and lines of complaints share: choices, and the steps that follow."""

from typing import Any

from core.columns import AnyRow
from customers.complaint_tables import ComplaintCategory, ComplaintChannel, ComplaintStepKind


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
