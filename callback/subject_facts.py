"""A due call and what its reason rests on, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from customers.model import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class SubjectFacts:
    """A due call's reason as the file has it now.

    `reason_gone` says why `reason_holds` is false. `script_variables` are plain JSON values, as
    scripts/variables.py lists them. A dispute or an extension leaves the reason standing: the
    verdict refuses or defers the call by rules of its own.
    """

    due_call_id: int
    reason: Reason
    reason_holds: bool = True
    reason_gone: str | None = None
    debt_ids: frozenset[int] = frozenset()
    disputed: bool = False
    extension_until: datetime | None = None  # exclusive, aware
    asked_at: datetime | None = None  # when the owner asked for this call
    script_variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """A due call, and the due call it goes on with where it was promised."""

    due_call_id: int
    person_id: int
    unit_id: int | None  # None: about no unit
    reason: Reason
    about: Reason
    subject: str  # of what it is about
    cycle: str
    step: int | None
    zone: ZoneInfo
    today: date
    asked_at: datetime | None
    cancelled: bool

    def gone(self, because: str) -> SubjectFacts:
        """Return the facts of a reason that has gone."""
        return replace(self.holds(), reason_holds=False, reason_gone=because)

    def holds(self, **variables: object) -> SubjectFacts:
        """Return the facts of a reason that stands."""
        return SubjectFacts(
            due_call_id=self.due_call_id,
            reason=self.reason,
            asked_at=self.asked_at,
            script_variables=variables,
        )
