"""What a wallboard shows of one instant, as values; how they are read stands beside this file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from customers.model import CallMode, Purpose, Reason
from dialer.agents.model import AgentState, BreakReason
from dialer.bridges.floor import PhoneTrouble

# House: an agent who is longer at it is looked after.
LONG_CALL = timedelta(minutes=15)
LONG_WRAP_UP = timedelta(seconds=90)
NO_PHONE_FOR = timedelta(seconds=30)

SLOT = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """What is open of one campaign: `waiting` up to the end of the axis, `due` at this instant."""

    reason: Reason
    campaign: str
    purpose: Purpose
    mode: CallMode
    waiting: int
    due: int
    late: int  # past their deadline, claimed ones among them
    next_at: datetime | None  # the earliest instant one of the due is asked about again


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """Calls that are up, by the due call that leads them; without one for who only rang us."""

    reason: Reason | None
    campaign: str
    trunk: str
    talking: bool
    calls: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """An agent on the roster, and what they are at."""

    agent_id: int
    name: str
    team: str | None
    skills: Sequence[str]
    state: AgentState
    state_since: datetime
    break_reason: BreakReason | None
    reason: Reason | None  # of the call they speak on, or write down
    attempt_id: UUID | None
    seated: bool  # their phone is in its room
    phone_trouble: PhoneTrouble | None
    has_phone: bool

    def needs_help(self, now: datetime) -> str | None:
        """Say what is wrong in a word: `long_call`, `long_wrap_up`, `phone`; None: nothing."""
        for_so_long = now - self.state_since
        if self.state is AgentState.ON_CALL and for_so_long >= LONG_CALL:
            return "long_call"
        if self.state is AgentState.WRAP_UP and for_so_long >= LONG_WRAP_UP:
            return "long_wrap_up"
        at_work = self.state not in {AgentState.OFFLINE, AgentState.BREAK}
        waits_for_phone = self.has_phone and not self.seated and for_so_long >= NO_PHONE_FOR
        if at_work and (self.phone_trouble is not None or waits_for_phone):
            return "phone"
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Promised:
    """A callback that comes next; no name stands on a wall."""

    due_call_id: int
    at: datetime
    due_by: datetime
    unit: str | None
    community: str
    time_zone: str
    agent: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """The switches with who turned them and when, and whether anybody dials."""

    armed: bool
    stopped_at: datetime | None
    stopped_by: str | None
    reconciled: bool
    paused: Mapping[str, tuple[datetime, str]]  # by campaign: since when, by whom
    dialers: int  # whose lease runs
    last_list_at: datetime | None  # of charges, imported as a file
    days_with_lists: int  # of the last seven, today apart

    @property
    def is_stopped(self) -> bool:
        """Whether somebody has stopped all dialling."""
        return self.stopped_at is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Now:
    """What changes with every call: read at each look."""

    queues: Sequence[Queue]
    deadlines: Mapping[Reason, Mapping[datetime, int]]  # open ones by the half hour they fall in
    live: Sequence[Live]
    seats: Sequence[Seat]
    promised: Sequence[Promised]
    standing: Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """The calls placed on one trunk for one campaign: today, and of late."""

    campaign: str
    trunk: str
    placed: int
    answered: int
    of_late: int  # in the last ten minutes
    refused_of_late: int  # of those: the trunk itself failed them
    last_minute: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What calls have settled of one reason: today, and in the last hour."""

    reason: Reason
    done: int
    last_hour: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Abandonment:
    """How one campaign stands against one ceiling: exact counts over the pack's window."""

    campaign: str
    abandoned: int
    answered: int
    ceiling: float
    window: timedelta

    @property
    def rate(self) -> float:
        """Abandoned by answered live; 0 of nothing."""
        return self.abandoned / self.answered if self.answered else 0.0

    @property
    def is_above(self) -> bool:
        """Whether the ceiling is passed."""
        return self.rate > self.ceiling


@dataclass(frozen=True, kw_only=True, slots=True)
class OnTime:
    """Of the deadlines that have passed this month, how many were met."""

    met: int
    judged: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The rules of communities that share them."""

    time_zone: str
    packs: tuple[str, ...]
    region: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleCount:
    """Due calls of a campaign that wait, by the rule that holds them back."""

    campaign: str
    rule: str
    due: int
    until: datetime | None  # the earliest of them is asked about again; None: not by itself


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What else than a switch keeps everybody from being rung: the rule, and until when."""

    rule: str
    until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lately:
    """What takes longer to count, and need not be counted at each look."""

    at: datetime
    traffic: Sequence[Traffic] = ()
    settled: Sequence[Settled] = ()
    abandonment: Sequence[Abandonment] = ()
    on_time: Mapping[Reason, OnTime] = field(default_factory=dict)
    rules: Sequence[RuleCount] = ()
    places: Sequence[Place] = ()
    held: Held | None = None
