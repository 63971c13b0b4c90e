"""What a replay came to: how much was decided once more, and every difference by its name."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

MOST_NAMED = 20


class Kind(StrEnum):
    """What differs."""

    VERDICT = "verdict"  # the facts give another verdict than was recorded
    ON_FILE = "on_file"  # the verdict on file is not the one that was given
    MISSING = "missing"  # the verdict that was given is not on file
    NO_RECORD = "no_record"  # a verdict on file says of a look that there is no record of
    CHOICE = "choice"  # other calls are placed, or another is shown, than was recorded
    ATTEMPT = "attempt"  # the attempt on file is not the call that was placed
    ORDER = "order"  # who had the lower score came first
    UNREADABLE = "unreadable"  # the record of a look, or of a pacer's run, cannot be read
    PACING = "pacing"  # the pacer decides otherwise


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One thing that does not come out as it is on file."""

    kind: Kind
    at: datetime
    subject: str  # due_call:7, claim:3, attempt:…, pacing:RUN/N
    campaign: str | None = None
    recorded: Mapping[str, Any]
    comes_out: Mapping[str, Any]
    facts: Mapping[str, Any] | None = None  # that were judged

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON's own types."""
        return {
            "kind": self.kind.value,
            "at": self.at.isoformat(),
            "subject": self.subject,
            "campaign": self.campaign,
            "recorded": dict(self.recorded),
            "comes_out": dict(self.comes_out),
            "facts": None if self.facts is None else dict(self.facts),
        }


@dataclass(slots=True)
class Tally:
    """How many of one sort were decided once more, and how many came out the same."""

    compared: int = 0
    different: int = 0

    @property
    def equal(self) -> int:
        """How many came out the same."""
        return self.compared - self.different

    def as_json(self) -> dict[str, int]:
        """Return it as JSON's own types."""
        return {"compared": self.compared, "equal": self.equal, "different": self.different}


@dataclass(slots=True)
class Found:
    """What a replay of a day came to; the first differences are named, all are counted."""

    day: date
    zone: str
    campaign: str | None = None
    limit: int = MOST_NAMED
    verdicts: Tally = field(default_factory=Tally)
    claims: Tally = field(default_factory=Tally)
    pacing: Tally = field(default_factory=Tally)
    not_comparable: Counter[str] = field(default_factory=Counter)  # verdicts by the pack
    not_recorded: int = 0  # verdicts on file from before looks were recorded
    differences: list[Difference] = field(default_factory=list)
    different: int = 0  # all of them, named or not

    def name(self, difference: Difference) -> None:
        """Count a difference, and name it if there is room."""
        self.different += 1
        if len(self.differences) < self.limit:
            self.differences.append(difference)

    @property
    def is_equal(self) -> bool:
        """Whether all that could be compared came out as it is on file."""
        return not self.different

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing at all on file of the day."""
        return not (
            self.verdicts.compared
            or self.claims.compared
            or self.pacing.compared
            or self.not_comparable
            or self.not_recorded
            or self.different
        )

    def as_json(self) -> dict[str, Any]:
        """Return the one object of `--json`."""
        return {
            "date": self.day.isoformat(),
            "zone": self.zone,
            "campaign": self.campaign,
            "equal": self.is_equal,
            "verdicts": self.verdicts.as_json(),
            "claims": self.claims.as_json(),
            "pacing": self.pacing.as_json(),
            "not_comparable": [
                {"pack": pack, "verdicts": count}
                for pack, count in sorted(self.not_comparable.items())
            ],
            "not_recorded": self.not_recorded,
            "different": self.different,
            "differences": [each.as_json() for each in self.differences],
        }


def same(one: float | None, other: float | None, *, within: float = 1e-9) -> bool:
    """Say whether two figures are the same, as far as arithmetic goes."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= within * max(1.0, abs(one), abs(other))
