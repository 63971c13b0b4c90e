"""The judge: the carrier's own book and people against what the dialers left in the database.

It is pure: `tests.faults.evidence` brings what it looks at. Each finding is a call, a due call or
an attempt that should not be as it is.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from customers.model import Reason, WrapUpCode
from dialer.bridges.simulated.doubles import AttemptFacts, DoubleFinder
from dialer.bridges.simulated.ledger import CarrierCall
from dialer.model import AttemptState, TelephonyResult
from scripts.library import Library
from tests.faults.outside import Arrival, ArrivalKind
from tests.faults.talks import TalkLine, problem_with_talk


class Fault(StrEnum):
    """What may be wrong; the value is the line of the table."""

    DOUBLE_CALL = "double calls"
    UNKNOWN_CALL = "calls without an attempt on file"
    LIVE_ATTEMPT = "attempts still live"
    LOST_OUTCOME = "outcomes lost"
    OTHER_RESULT = "results other than the carrier's"
    LOST_REPLY = "talks in which a reply was lost"
    OTHER_TRIES = "tries counted other than the carrier's"
    CLAIMED = "due calls left claimed"
    WAITING = "due calls left in the queue"
    CALL_UP = "calls still up at the carrier"
    AFTER_PAYING = "rung after paying"
    AFTER_LETTER = "rung after a letter"
    OTHER_FILE = "outcomes not, or twice, in the customer file"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is wrong, and what exactly."""

    fault: Fault
    subject: str
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A due call of an attempt, with its outcome."""

    due_call_id: int
    reason: Reason
    settled: bool
    result: TelephonyResult | None
    code: WrapUpCode | None
    retry_at: datetime | None
    next_phone: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptOnFile:
    """An attempt as the dialers left it."""

    attempt_id: UUID
    person_id: int
    state: AttemptState
    started_at: datetime
    submitted_at: datetime | None
    result: TelephonyResult | None
    talk: Mapping[str, Any] | None
    served: Sequence[Served]

    @property
    def claimed_at(self) -> datetime:
        """The instant the attempt was judged and made: its id bears it (RFC 9562, section 5.7)."""
        made_at = datetime.fromtimestamp((self.attempt_id.int >> 80) / 1000, UTC)
        return max(self.started_at, made_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class DueCallOnFile:
    """A due call as the dialers left it."""

    due_call_id: int
    state: str
    attempts: int
    next_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Everything the judge looks at, as of the instant `now` of the day."""

    now: datetime
    calls: Sequence[CarrierCall]
    attempts: Mapping[UUID, AttemptOnFile]
    due_calls: Mapping[int, DueCallOnFile]
    talks: Mapping[UUID, Sequence[TalkLine]] = field(default_factory=dict)
    arrivals: Sequence[Arrival] = ()
    promises: Mapping[UUID, int] = field(default_factory=dict)  # on file, by attempt
    opted_out: frozenset[int] = frozenset()  # persons
    library: Library | None = None  # None: talks are not looked at
    on_the_way: timedelta = timedelta(0)  # how long a claimed call may take to the carrier


def judge(evidence: Evidence) -> list[Finding]:
    """Return everything that is wrong."""
    return [
        *_double_calls(evidence),
        *_calls(evidence),
        *_attempts(evidence),
        *_due_calls(evidence),
        *_arrivals(evidence),
        *_files(evidence),
    ]


def _double_calls(evidence: Evidence) -> Iterator[Finding]:
    facts = {
        each.attempt_id: AttemptFacts(
            call_id=each.attempt_id,
            person_id=each.person_id,
            due_call_ids=tuple(served.due_call_id for served in each.served),
            retry_at={
                served.due_call_id: served.retry_at
                for served in each.served
                if served.retry_at is not None
            },
            other_numbers_free=frozenset(
                served.due_call_id for served in each.served if served.next_phone
            ),
        )
        for each in evidence.attempts.values()
    }
    final_at = {
        each.due_call_id: each.settled_at
        for each in evidence.due_calls.values()
        if each.settled_at is not None and each.state in {"done", "exhausted", "expired"}
    }
    calls = sorted(evidence.calls, key=lambda call: call.placed_at)
    for double in DoubleFinder().look(calls, facts, final_at=final_at):
        yield Finding(
            fault=Fault.DOUBLE_CALL, subject=str(double.call_id), what=", ".join(double.kinds)
        )


def _calls(evidence: Evidence) -> Iterator[Finding]:
    """What the carrier rang must be on file, with the carrier's own result."""
    for call in evidence.calls:
        subject, attempt = str(call.call_id), evidence.attempts.get(call.call_id)
        if call.live:
            yield Finding(fault=Fault.CALL_UP, subject=subject, what="the line is up")
        if attempt is None:
            what = "the carrier rang, and no attempt is on file"
            yield Finding(fault=Fault.UNKNOWN_CALL, subject=subject, what=what)
            continue
        if attempt.result is not None and call.result is not None:
            yield from _other_result(call, attempt)
        if attempt.submitted_at is None:
            what = "the carrier rang, and the attempt counts as never placed"
            yield Finding(fault=Fault.OTHER_TRIES, subject=subject, what=what)
        if evidence.library is not None:
            lines = evidence.talks.get(call.call_id, ())
            changed = any(each.person_id == attempt.person_id for each in evidence.arrivals)
            problem = problem_with_talk(
                evidence.library, attempt.talk, lines, facts_changed=changed
            )
            if problem is not None:
                yield Finding(fault=Fault.LOST_REPLY, subject=subject, what=problem)


def _other_result(call: CarrierCall, attempt: AttemptOnFile) -> Iterator[Finding]:
    expected = call.result
    if expected is TelephonyResult.ANSWERED and attempt.talk and "machine" in attempt.talk:
        expected = TelephonyResult.MACHINE
    if attempt.result is not expected:
        what = f"the carrier says {expected}, the attempt {attempt.result}"
        yield Finding(fault=Fault.OTHER_RESULT, subject=str(call.call_id), what=what)


_NEVER_PLACED = frozenset(
    {TelephonyResult.CANCELLED, TelephonyResult.CONGESTION, TelephonyResult.CARRIER_ERROR}
)


def _attempts(evidence: Evidence) -> Iterator[Finding]:
    """Every attempt has ended, with exactly one outcome for each due call it served."""
    rung = {call.call_id for call in evidence.calls}
    for attempt in evidence.attempts.values():
        subject = str(attempt.attempt_id)
        if attempt.state is not AttemptState.ENDED:
            yield Finding(fault=Fault.LIVE_ATTEMPT, subject=subject, what=attempt.state)
            continue
        if not attempt.served:
            what = "it served no due call"
            yield Finding(fault=Fault.LOST_OUTCOME, subject=subject, what=what)
        for served in attempt.served:
            if not served.settled or served.result is not attempt.result:
                what = f"due call {served.due_call_id} has {served.result}, it {attempt.result}"
                yield Finding(fault=Fault.LOST_OUTCOME, subject=subject, what=what)
        if attempt.attempt_id not in rung and (
            attempt.result not in _NEVER_PLACED or attempt.submitted_at is not None
        ):
            what = f"the carrier never rang, and the attempt says {attempt.result}"
            yield Finding(fault=Fault.OTHER_RESULT, subject=subject, what=what)


def _due_calls(evidence: Evidence) -> Iterator[Finding]:
    """Nothing is left claimed or due, and each counts as many tries as the carrier rang for it."""
    rung = {call.call_id for call in evidence.calls}
    tries = Counter(
        served.due_call_id
        for attempt in evidence.attempts.values()
        if attempt.attempt_id in rung
        for served in attempt.served
    )
    for due in evidence.due_calls.values():
        subject = f"due call {due.due_call_id}"
        if due.state == "claimed":
            yield Finding(fault=Fault.CLAIMED, subject=subject, what="nobody carries it")
        if due.state == "waiting" and due.next_at <= evidence.now:
            yield Finding(fault=Fault.WAITING, subject=subject, what=f"since {due.next_at}")
        if due.attempts != tries[due.due_call_id]:
            what = f"{due.attempts} on file, {tries[due.due_call_id]} rung"
            yield Finding(fault=Fault.OTHER_TRIES, subject=subject, what=what)


def _arrivals(evidence: Evidence) -> Iterator[Finding]:
    """Who paid, or wrote, was rung by nothing that was claimed afterwards."""
    calls = {call.call_id: call for call in evidence.calls}
    by_person: dict[int, list[AttemptOnFile]] = {}
    for attempt in evidence.attempts.values():
        by_person.setdefault(attempt.person_id, []).append(attempt)
    for arrival in evidence.arrivals:
        for attempt in by_person.get(arrival.person_id, ()):
            call = calls.get(attempt.attempt_id)
            if call is None or not _concerns(arrival, attempt):
                continue
            late = call.placed_at - arrival.committed_at
            if attempt.claimed_at > arrival.committed_at or late > evidence.on_the_way:
                what = (
                    f"{arrival.kind} on file at {arrival.committed_at}, claimed at "
                    f"{attempt.claimed_at}, rung at {call.placed_at}"
                )
                paid = arrival.kind is ArrivalKind.PAYMENT
                fault = Fault.AFTER_PAYING if paid else Fault.AFTER_LETTER
                yield Finding(fault=fault, subject=str(call.call_id), what=what)


def overtaken(evidence: Evidence) -> int:
    """Count the calls that were claimed before something came in, and rang after it."""
    calls = {call.call_id: call for call in evidence.calls}
    return sum(
        1
        for arrival in evidence.arrivals
        for attempt in evidence.attempts.values()
        if attempt.person_id == arrival.person_id
        and _concerns(arrival, attempt)
        and attempt.claimed_at <= arrival.committed_at
        and (call := calls.get(attempt.attempt_id)) is not None
        and call.placed_at > arrival.committed_at
    )


def _concerns(arrival: Arrival, attempt: AttemptOnFile) -> bool:
    """Say whether an attempt should not have been, once this had come in."""
    reasons = {served.reason for served in attempt.served}
    if arrival.kind is ArrivalKind.PAYMENT:
        return Reason.OVERDUE in reasons
    return bool(reasons - {Reason.PROMISED})  # what the owner asked for stands


def _files(evidence: Evidence) -> Iterator[Finding]:
    """What was promised or wished on the line is in the customer file, once."""
    changed = {arrival.person_id for arrival in evidence.arrivals}
    for attempt in evidence.attempts.values():
        subject = str(attempt.attempt_id)
        codes = Counter(served.code for served in attempt.served)
        promised, on_file = (
            codes[WrapUpCode.PROMISE_TO_PAY],
            evidence.promises.get(attempt.attempt_id, 0),
        )
        if on_file > promised or (on_file < promised and attempt.person_id not in changed):
            what = f"{promised} promises to pay were made, {on_file} are on file"
            yield Finding(fault=Fault.OTHER_FILE, subject=subject, what=what)
        if codes[WrapUpCode.OPTED_OUT] and attempt.person_id not in evidence.opted_out:
            what = f"person {attempt.person_id} opted out, and may still be called"
            yield Finding(fault=Fault.OTHER_FILE, subject=subject, what=what)
