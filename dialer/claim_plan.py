"""What a claim decides without a database: what one call serves, and when the rest is asked again.

Pure but for what it is given; whoever claims, for the automatic queue or for an agent, decides by
it.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from callback.conduct import conduct_under, recording_under
from callback.model import Decision
from callback.packs import Packs
from callback.verdict import Layer, Rule, Verdict, judge
from core.columns import AnyRow
from core.ids import IdSource
from core.phone import PhoneNumber
from customers.model import CallMode, Purpose, Reason, RecordingConsent
from dialer.bridges.port import TrunkLimits
from dialer.call_facts import Candidate

# One greeting carries so many matters and no more: calls are kept short (DOMAIN D12).
MOST_SECTIONS = 3

# A person or phone with a live call is asked about again so much later.
LIVE_CALL_PAUSE = timedelta(minutes=1)

# A refusal that no hour lifts is asked about again when a new day may have brought new facts.
DENIAL_PAUSE = timedelta(hours=24)

# A switch may be turned at any moment, so what only it holds back is asked about soon.
SWITCH_PAUSE = timedelta(minutes=1)
_SWITCHES = frozenset({Rule.NOT_RECONCILED, Rule.STOPPED, Rule.NOT_ARMED, Rule.CAMPAIGN_PAUSED})

# A debt is never spoken of in one call with these (design decision 4).
_NEVER_WITH_DEBT = frozenset({Reason.SURVEY, Reason.GREETING, Reason.PROSPECT})


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A waiting due call and the verdict on it."""

    candidate: Candidate
    verdict: Verdict

    @property
    def allowed(self) -> bool:
        """Whether it may be rung now."""
        return self.verdict.decision is Decision.ALLOW


@dataclass(frozen=True, kw_only=True, slots=True)
class NewAttempt:
    """A call to one person that is about to be committed; the first served due call leads."""

    attempt_id: UUID
    served: tuple[Candidate, ...]
    phone: PhoneNumber
    trunk: TrunkLimits
    mode: CallMode
    agent_id: int | None = None  # whose call it is from the start; None: of the script alone

    @property
    def lead(self) -> Candidate:
        """The due call by whose campaign and rules it rings."""
        return self.served[0]

    @property
    def due_call_ids(self) -> tuple[int, ...]:
        """The due calls it serves, the lead first."""
        return tuple(each.due_call_id for each in self.served)


@dataclass(slots=True)
class Planned:
    """Calls to commit, each to a person and a number of its own, and everything looked at."""

    attempts: list[NewAttempt]
    judged: list[Judged]


def plan_calls(
    people: Iterator[Sequence[Candidate]],
    trunks: Sequence[TrunkLimits],
    *,
    now: datetime,
    packs: Packs,
    ids: IdSource,
    taken: Iterable[str] = (),
) -> Planned:
    """Judge one person after the other until every trunk token has a call.

    Args:
        people: the waiting due calls of each person; those not reached are left in it.
        trunks: one for each call that may be placed.
        now: aware.
        packs: the rules to judge by.
        ids: gives each call its id.
        taken: numbers (E.164) that a call of this claim rings already.
    """
    planned = Planned(attempts=[], judged=[])
    numbers = set(taken)
    while len(planned.attempts) < len(trunks):
        candidates = next(people, None)
        if candidates is None:
            break
        judged = judged_in_turn(candidates, now=now, packs=packs)
        planned.judged += judged
        served = served_together(judged)
        if not served or (phone := _number_of(served[0])).e164 in numbers:
            continue
        numbers.add(phone.e164)
        planned.attempts.append(
            NewAttempt(
                attempt_id=ids.new(),
                served=tuple(each.candidate for each in served),
                phone=phone,
                trunk=trunks[len(planned.attempts)],
                mode=served[0].candidate.due_call.mode,
            )
        )
    return planned


@dataclass(slots=True)
class Claiming:
    """What a claim came to: calls committed, calls whose line was taken, and all verdicts."""

    committed: list[NewAttempt]
    lost: list[NewAttempt]
    outcome: list[Judged]

    @property
    def served(self) -> frozenset[int]:
        """The due calls that the committed calls serve."""
        return frozenset(due for each in self.committed for due in each.due_call_ids)


def plan_in_rounds(
    people: Iterator[Sequence[Candidate]],
    trunks: Sequence[TrunkLimits],
    *,
    now: datetime,
    packs: Packs,
    ids: IdSource,
) -> Generator[list[NewAttempt], frozenset[UUID], Claiming]:
    """Plan calls until each token has one that is committed, or nobody is left.

    It yields calls to commit and is sent the ids of those that were; the token of a call whose line
    was taken meanwhile goes to who comes next.
    """
    free = list(trunks)
    committed: list[NewAttempt] = []
    lost: list[NewAttempt] = []
    judged: list[Judged] = []
    while free:
        taken = [each.phone.e164 for each in committed]
        planned = plan_calls(people, free, now=now, packs=packs, ids=ids, taken=taken)
        judged += planned.judged
        written = yield planned.attempts
        committed += [each for each in planned.attempts if each.attempt_id in written]
        if len(written) == len(planned.attempts):
            break
        missed = [each for each in planned.attempts if each.attempt_id not in written]
        lost += missed
        free = [each.trunk for each in missed] + free[len(planned.attempts) :]
    claiming = Claiming(committed=committed, lost=lost, outcome=judged)
    claiming.outcome = unless_line_taken(judged, claiming.served, now=now)
    return claiming


def judged_in_turn(candidates: Iterable[Candidate], *, now: datetime, packs: Packs) -> list[Judged]:
    """Judge one person's due calls: an appointment first, then the earliest deadline."""
    return [
        Judged(candidate=each, verdict=judge(now, each.facts, packs))
        for each in sorted(candidates, key=_turn)
    ]


def _turn(each: Candidate) -> tuple[bool, datetime, int, int]:
    row = each.due_call
    return (not row.appointment, row.due_by, -row.priority, each.due_call_id)


def served_together(judged: Sequence[Judged]) -> list[Judged]:
    """Choose what one call serves: the first allowed, and what fits with it on the same phone."""
    served: list[Judged] = []
    for each in judged:
        if each.allowed and len(served) < MOST_SECTIONS and _fits(each, served):
            served.append(each)
    return served


def _fits(one: Judged, served: Sequence[Judged]) -> bool:
    if not served:
        return True
    row, lead = one.candidate.due_call, served[0].candidate.due_call
    return (
        one.verdict.phone == served[0].verdict.phone
        and row.mode == lead.mode
        and row.community_id == lead.community_id
        and all(may_share(row, other.candidate.due_call) for other in served)
    )


def may_share(one: AnyRow, other: AnyRow) -> bool:
    """Say whether two due calls of a person may be spoken of in one call."""
    reasons = {one.reason, other.reason}
    purposes = {one.purpose, other.purpose}
    return not (
        Purpose.DEBT in purposes
        and (reasons & _NEVER_WITH_DEBT or purposes & {Purpose.SURVEY, Purpose.MARKETING})
    )


def _number_of(lead: Judged) -> PhoneNumber:
    if lead.verdict.phone is None:
        message = (
            f"the verdict on due call {lead.candidate.due_call_id} allows a call and names no phone"
        )
        raise RuntimeError(message)
    return lead.verdict.phone


def unless_line_taken(
    judged: Iterable[Judged], claimed: frozenset[int], *, now: datetime
) -> list[Judged]:
    """Return the verdicts as they came out: an allowed call that is not served awaits the line."""
    return [
        each
        if not each.allowed or each.candidate.due_call_id in claimed
        else Judged(candidate=each.candidate, verdict=_waits_for_the_line(each.verdict, now))
        for each in judged
    ]


def _waits_for_the_line(verdict: Verdict, now: datetime) -> Verdict:
    return Verdict(
        decision=Decision.DEFER,
        rule=Rule.LIVE_CALL,
        layer=Layer.SYSTEM,
        until=now + LIVE_CALL_PAUSE,
        phone=verdict.phone,
    )


def asked_again_at(verdict: Verdict, now: datetime) -> datetime:
    """Return when a due call that was refused is asked about again."""
    if verdict.until is not None:
        return verdict.until
    return now + (SWITCH_PAUSE if verdict.rule in _SWITCHES else DENIAL_PAUSE)


def ring_at_least_s(attempt: NewAttempt, packs: Packs) -> int:
    """Return how long the rule packs that apply want the phone to ring."""
    place = attempt.lead.facts.place
    applying = packs.applying(place.packs, place.region, attempt.phone.region)
    return conduct_under(applying).ring_at_least_s if applying else 0


def recording_consent(attempt: NewAttempt, packs: Packs) -> RecordingConsent:
    """Return what the rule packs want before the call is recorded."""
    places = [(each.facts.place.packs, each.facts.place.region) for each in attempt.served]
    return recording_under(packs, places, attempt.phone.region)
