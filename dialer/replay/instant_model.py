"""One instant of a day as the dialer saw it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from callback.rules import Verdict
from customers.model import Reason
from dialer.agents.model import AgentState
from dialer.pacing.model import Decision
from dialer.replay.model import LookKind


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchesThen:
    """How the switches stood."""

    armed: bool
    stopped: bool
    paused: Sequence[str]  # campaigns


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingThen:
    """What waited of a campaign."""

    campaign: str
    reason: Reason
    waiting: int
    due: int  # of them, whose time had come
    late: int  # of them, past the deadline


@dataclass(frozen=True, kw_only=True, slots=True)
class First:
    """One of those who came first in the window."""

    due_call_id: int
    person_id: int
    campaign: str
    unit: str
    score: float
    due_by: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowThen:
    """The ready window as it was last filled."""

    at: datetime
    held: int
    first: Sequence[First]


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveThen:
    """Calls that were up: of a campaign, on a trunk."""

    campaign: str
    trunk: str
    inbound: bool
    ringing: int  # placed, and not answered yet
    talking: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SeatThen:
    """An agent who was signed in."""

    agent_id: int
    name: str
    state: AgentState
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleCount:
    """On how many of those who waited a rule had the last word."""

    rule: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PacingThen:
    """What a campaign's pacer said last."""

    campaign: str
    at: datetime
    decision: Decision
    placed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LookedThen:
    """A due call that a look judged; `verdict` is judged once more, None under rules not here."""

    due_call_id: int
    person_id: int
    campaign: str
    rule: str
    until: datetime | None
    verdict: Verdict | None
    rung: bool  # or shown to an agent


@dataclass(frozen=True, kw_only=True, slots=True)
class LookThen:
    """A look of the minute."""

    claim_record_id: int
    at: datetime
    kind: LookKind
    agent_id: int | None
    looked_at: int
    refused: int
    placed: int
    looked: Sequence[LookedThen]  # the first of them
    unreadable: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Steps:
    """Where a supervisor may go from an instant, within the day; None: nothing more is there."""

    next_look: datetime | None
    next_refusal: datetime | None
    next_pacing: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Instant:
    """All of it."""

    at: datetime
    switches: SwitchesThen
    waiting: Sequence[WaitingThen]
    window: WindowThen | None
    live: Sequence[LiveThen]
    seats: Sequence[SeatThen]
    rules: Sequence[RuleCount]
    rules_of: int  # so many who waited, nearest deadline first, were asked for their last verdict
    pacing: Sequence[PacingThen]
    looks: Sequence[LookThen]  # of the minute
    more_looks: int  # of the minute, beyond those
    steps: Steps

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is known of it."""
        return not (
            self.waiting or self.window or self.live or self.seats or self.looks or self.pacing
        )
