"""What a reminder may say of a person's debts at this moment. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from callback.deadlines import days_past_due
from customers.charge_kinds import kind_names


@dataclass(frozen=True, kw_only=True, slots=True)
class Debt:
    """A charge a call is about, as the account has it now."""

    charge_id: int
    kind: str
    currency: str
    due_on: date
    open_minor: int  # nothing or less when paid
    liable: bool  # the person called still owes it
    disputed: bool = False
    promised: bool = False  # an open promise covers it
    extended_until: date | None = None  # last day of an extension asked for or approved


@dataclass(frozen=True, kw_only=True, slots=True)
class DebtSummary:
    """What is left to speak of, or why nothing is (`gone`).

    `disputed` and `extended_until` say what holds back all that is left.
    """

    gone: str | None = None
    disputed: bool = False
    extended_until: date | None = None
    debt_ids: frozenset[int] = frozenset()
    script_variables: Mapping[str, Any] = field(default_factory=dict)

    def extension_ends(self, zone: tzinfo) -> datetime | None:
        """Return the first instant after the extension, in the community's own zone."""
        if self.extended_until is None:
            return None
        day = self.extended_until + timedelta(days=1)
        return datetime(day.year, day.month, day.day, tzinfo=zone)


def summarize(debts: Sequence[Debt], today: date) -> DebtSummary:
    """Sum up what is open, owed by this person and neither disputed nor held back."""
    liable = [debt for debt in debts if debt.liable]
    still_open = [debt for debt in liable if debt.open_minor > 0]
    if not still_open:
        return DebtSummary(gone="paid" if liable else "not_liable")
    free = [
        debt
        for debt in still_open
        if not debt.disputed and not debt.promised and not _extended(debt, today)
    ]
    if free:
        return DebtSummary(
            debt_ids=frozenset(debt.charge_id for debt in free),
            script_variables=_variables(free, today),
        )
    if all(debt.promised for debt in still_open):
        return DebtSummary(gone="promise_open")
    extended = [debt.extended_until for debt in still_open if debt.extended_until is not None]
    return DebtSummary(
        disputed=any(debt.disputed for debt in still_open),
        extended_until=min(extended, default=None),
        debt_ids=frozenset(debt.charge_id for debt in still_open),
        script_variables=_variables(still_open, today),
    )


def _extended(debt: Debt, today: date) -> bool:
    return debt.extended_until is not None and debt.extended_until >= today


def _variables(debts: Sequence[Debt], today: date) -> dict[str, Any]:
    by_age = sorted(debts, key=lambda debt: (debt.due_on, debt.charge_id))
    oldest = by_age[0]
    return {
        "total": {
            "amount_minor": sum(debt.open_minor for debt in debts),
            "currency": oldest.currency,
        },
        "charge_count": len(debts),
        "oldest_due_on": oldest.due_on.isoformat(),
        "days_past_due": days_past_due(oldest.due_on, today),
        "kinds": [_named(kind) for kind in dict.fromkeys(debt.kind for debt in by_age)],
    }


def _named(kind: str) -> dict[str, str]:
    return {language.value: name for language, name in kind_names(kind).items()}
