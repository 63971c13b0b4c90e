"""What a replication is played with, laid out once for many, and what it comes to."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dialer.whatif.model import Cause, Day, Lines, Manner, Seat
from dialer.whatif.order import Order
from dialer.whatif.policy import Policy
from dialer.whatif.windows import next_allowed

AUTOMATIC = -1  # the queue of every automatic lane together


@dataclass(slots=True)
class Count:
    """What one reason came to."""

    attempts: int = 0
    contacts: int = 0
    done: int = 0
    promises: int = 0


@dataclass(kw_only=True, slots=True)
class Played:
    """What one replication came to; `missed` says of due calls by position what held them."""

    reasons: dict[str, Count] = field(default_factory=dict)
    attempts_by_hour: list[int] = field(default_factory=list)
    contacts_by_hour: list[int] = field(default_factory=list)
    live: int = 0  # answered in predictive lanes
    abandoned: int = 0
    busy_s: float = 0.0  # agents in talks and wrap-ups
    present_s: float = 0.0
    withdrawn: int = 0
    missed: dict[int, Cause] = field(default_factory=dict)
    events: int = 0
    most_lines: int = 0
    most_talks: int = 0

    def total(self, word: str) -> int:
        """Return a count over all reasons."""
        return sum(int(getattr(each, word)) for each in self.reasons.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What a replication is played with."""

    day: Day
    seats: Sequence[Seat]
    lines: Lines
    order: Order
    policy: Policy | None = None  # of predictive lanes
    fixed: "Fixed" = field(init=False)  # the due calls, field by field

    def __post_init__(self) -> None:
        """Lay the day out for many replications."""
        object.__setattr__(self, "fixed", Fixed(self.day))


class Fixed:
    """A day's due calls as lists by position; replications share them and change none."""

    def __init__(self, day: Day) -> None:
        due = day.due
        manners = [lane.manner for lane in day.lanes]
        self.lane = [each.lane for each in due]
        self.manner = [manners[lane] for lane in self.lane]
        self.queue = [
            AUTOMATIC if manners[lane] is Manner.AUTOMATIC else lane for lane in self.lane
        ]
        self.person = [each.person for each in due]
        self.place = [each.place for each in due]
        self.windows = [each.held.windows for each in due]
        self.room = [each.held.room for each in due]
        self.gap = [each.held.gap_s for each in due]
        self.hushed = [each.held.hushed for each in due]
        self.mates = [each.mates for each in due]
        self.reason = [each.reason for each in due]
        self.reasons = sorted(set(self.reason))
        self.attempts = [each.attempts for each in due]
        self.words = [each.words for each in due]
        self.phones = [0] * (1 + max(self.person, default=-1))
        for each in due:
            self.phones[each.person] = each.phones
        # Sorted, and so a heap already in each queue it is dealt to.
        self.opening = sorted(
            (at, i)
            for i, windows in enumerate(self.windows)
            if (at := next_allowed(windows, 0.0)) is not None
        )
        begins, ends = day.begins_s, day.length_s
        self.deadlines = [
            (each.due_s, i) for i, each in enumerate(due) if begins < each.due_s < ends
        ]
        self.at_the_end = [i for i, each in enumerate(due) if each.due_s == ends]
