"""What a rehearsal came to: its figures, for the JSON, the terminal, the page and the workbook."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from customers.model import Reason
from ownerline.demo.agents_figures import AgentsFigures
from ownerline.summary import DialingSummary


@dataclass(frozen=True, kw_only=True, slots=True)
class ReasonLine:
    """The due calls of one reason, by what became of them and of their deadlines.

    `met` were done before their deadline, `missed` passed it or were given up; what was withdrawn
    counts in neither, nor what still waits and has time.
    """

    reason: Reason
    due: int
    done: int
    exhausted: int
    withdrawn: int
    expired: int
    waiting: int
    met: int
    missed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NotCalled:
    """Due calls that wait or were refused at the end, by the rule of their last verdict."""

    rule: str
    due_calls: int
    example: str  # the sentence of one of them


@dataclass(frozen=True, kw_only=True, slots=True)
class HourLine:
    """The attempts placed in one hour of the company's own day."""

    hour: int
    attempts: int
    answered: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Promised:
    """Promises to pay made in the calls, in one currency."""

    currency: str
    count: int
    amount_minor: int


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionLine:
    """The answers to one question of the survey; `scores` counts 1 to 5."""

    question: str
    scores: tuple[int, int, int, int, int]

    @property
    def answers(self) -> int:
        """How many answered."""
        return sum(self.scores)

    @property
    def mean(self) -> float:
        """The mean score; 0 when nobody answered."""
        total = sum(score * count for score, count in enumerate(self.scores, start=1))
        return round(total / self.answers, 2) if self.answers else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class FileChanges:
    """What the days changed in the customer file."""

    promises: Sequence[Promised]
    promises_kept: int
    promises_broken: int
    payments: int
    extensions: int
    disputes: int
    rework_notices: int
    callbacks_asked: int
    opt_outs: int
    dead_phones: int
    agent_tasks: Mapping[str, int]
    survey: Sequence[QuestionLine]


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Everything a rehearsal came to."""

    seed: int
    owners: int
    first_day: date
    last_day: date
    zone: str  # of the company's seat
    started_at: datetime
    ended_at: datetime
    communities: Sequence[str]
    dialing: DialingSummary
    reasons: Sequence[ReasonLine]
    hours: Sequence[HourLine]
    not_called: Sequence[NotCalled]
    changes: FileChanges
    double_calls: int
    unexplained: int  # open due calls whose time has come and that have no verdict
    calls_in_ledger: int
    agents: AgentsFigures
    peak_memory_mib: int  # of this process
    wall_seconds: float

    @property
    def due(self) -> int:
        """How many calls were due."""
        return sum(line.due for line in self.reasons)

    @property
    def done(self) -> int:
        """How many of them were done."""
        return sum(line.done for line in self.reasons)

    @property
    def met(self) -> int:
        """How many were done before their deadline."""
        return sum(line.met for line in self.reasons)

    @property
    def missed(self) -> int:
        """How many passed their deadline, or were given up."""
        return sum(line.missed for line in self.reasons)

    def as_json(self) -> dict[str, Any]:
        """Return the object that `--json` prints; equal for equal seeds but for `wall_seconds`."""
        idle = self.dialing.idle
        return {
            "date": self.first_day.isoformat(),
            "days": (self.last_day - self.first_day).days + 1,
            "seed": self.seed,
            "owners": self.owners,
            "due": {line.reason.value: line.due for line in self.reasons},
            "attempts": self.dialing.attempts,
            "telephony": dict(self.dialing.telephony),
            "wrap_up": dict(self.dialing.wrap_up),
            "refused": dict(self.dialing.refused),
            "deadlines": {"met": self.met, "missed": self.missed},
            "double_calls": self.double_calls,
            "unsettled": self.dialing.unsettled,
            "unexplained": self.unexplained,
            "states": {line.reason.value: _states(line) for line in self.reasons},
            "not_called": {each.rule: each.due_calls for each in self.not_called},
            "calls_in_ledger": self.calls_in_ledger,
            "agents": self.agents.as_json(),
            "customer_file": _changes(self.changes),
            "nothing_dialled_because": None if idle is None else idle.for_log(),
            "wall_seconds": round(self.wall_seconds, 2),
        }


def _states(line: ReasonLine) -> dict[str, int]:
    return {
        "done": line.done,
        "exhausted": line.exhausted,
        "withdrawn": line.withdrawn,
        "expired": line.expired,
        "waiting": line.waiting,
    }


def _changes(changes: FileChanges) -> dict[str, Any]:
    return {
        "promises": {
            each.currency: {"count": each.count, "amount_minor": each.amount_minor}
            for each in changes.promises
        },
        "promises_kept": changes.promises_kept,
        "promises_broken": changes.promises_broken,
        "payments": changes.payments,
        "extensions": changes.extensions,
        "disputes": changes.disputes,
        "rework_notices": changes.rework_notices,
        "callbacks_asked": changes.callbacks_asked,
        "opt_outs": changes.opt_outs,
        "dead_phones": changes.dead_phones,
        "agent_tasks": dict(changes.agent_tasks),
        "survey": {
            line.question: {"answers": line.answers, "mean": line.mean} for line in changes.survey
        },
    }
