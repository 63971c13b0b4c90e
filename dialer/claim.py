"""The claim: one transaction pops what comes next, checks its reason, judges, commits attempts.

Nothing rings here. What is refused keeps a verdict on file and the instant it may be asked again.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaigns
from callback.packs import Packs
from core import metrics
from core.ids import IdSource
from core.phone import PhoneNumber
from customers.model import CallMode, Language, RecordingConsent
from dialer.bridges.port import TrunkLimits
from dialer.call_facts import SettingBasis
from dialer.claim_plan import (
    Claiming,
    Judged,
    NewAttempt,
    plan_in_rounds,
    recording_consent,
    ring_at_least_s,
)
from dialer.claim_writes import commit_attempts, keep_verdicts, load_waiting, pop_people, put_off
from dialer.replay.model import LookKind
from dialer.replay.writing import Look


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """An attempt that is committed and must now ring, or be settled."""

    attempt_id: UUID
    to: PhoneNumber
    trunk: TrunkLimits
    campaign: str
    community: str
    synthetic: bool
    language: Language  # of the person
    ring_at_least_s: int  # what the rule packs ask for
    due_call_ids: tuple[int, ...]
    room: str | None = None  # of the agent who speaks; None: the script alone does
    room_within_s: float = 2.0  # after the answer, as the rule packs ask for
    detect_machine: bool = True
    recording: RecordingConsent = RecordingConsent.NEVER  # what the rule packs want before it


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimReport:
    """What one claim transaction did: the calls to ring, and how many due calls it looked at."""

    calls: tuple[Claimed, ...]
    looked_at: int


NOTHING_CLAIMED = ClaimReport(calls=(), looked_at=0)


async def claim(
    session: AsyncSession,
    trunks: Sequence[TrunkLimits],
    *,
    bridge: str,
    now: datetime,
    basis: SettingBasis,
    campaigns: Campaigns,
    packs: Packs,
    ids: IdSource,
    batch: int,
) -> ClaimReport:
    """Claim at most one call a trunk token from the automatic queue; the caller commits, rings.

    Whoever was popped when the tokens run out keeps their place in the window.
    """
    popped = await pop_people(session, batch=batch, now=now, paused=basis.paused_campaigns)
    if not popped:
        return NOTHING_CLAIMED
    people = iter(
        await load_waiting(
            session,
            list(popped),
            now=now,
            mode=CallMode.AUTOMATIC,
            basis=basis,
            campaigns=campaigns,
        )
    )
    rounds = plan_in_rounds(people, trunks, now=now, packs=packs, ids=ids)
    done = await commit_in_rounds(session, rounds, bridge=bridge, now=now)
    look = Look(
        kind=LookKind.QUEUE,
        packs=packs,
        bridge=bridge,
        trunks=trunks,
        placed=done.committed,
        lost=done.lost,
        scores=popped,
    )
    await keep_verdicts(session, done.outcome, look, now=now)
    await put_off(session, done.outcome, done.served, now=now)
    _measure(done.committed, done.outcome, now=now)
    return ClaimReport(
        calls=tuple(_claimed(each, packs) for each in done.committed), looked_at=len(done.outcome)
    )


async def commit_in_rounds(
    session: AsyncSession,
    rounds: Generator[list[NewAttempt], frozenset[UUID], Claiming],
    *,
    bridge: str,
    now: datetime,
) -> Claiming:
    """Commit what is planned, round by round."""
    try:
        wanted = next(rounds)
        while True:
            wanted = rounds.send(await commit_attempts(session, wanted, bridge=bridge, now=now))
    except StopIteration as done:
        claiming: Claiming = done.value
        return claiming


def _measure(committed: Sequence[NewAttempt], judged: Sequence[Judged], *, now: datetime) -> None:
    """Count what was looked at, also where the transaction fails later: it was done."""
    metrics.CLAIMS.inc(len(committed))
    for attempt in committed:
        metrics.DUE_TO_CLAIM_S.observe((now - attempt.lead.due_call.next_at).total_seconds())
    for each in judged:
        metrics.VERDICTS.labels(each.verdict.decision.value, each.verdict.rule.value).inc()


def _claimed(attempt: NewAttempt, packs: Packs) -> Claimed:
    lead = attempt.lead.due_call
    return Claimed(
        attempt_id=attempt.attempt_id,
        to=attempt.phone,
        trunk=attempt.trunk,
        campaign=lead.campaign,
        community=lead.community,
        synthetic=lead.synthetic,
        language=attempt.lead.facts.person.language or Language.MANDARIN,
        ring_at_least_s=ring_at_least_s(attempt, packs),
        recording=recording_consent(attempt, packs),
        due_call_ids=attempt.due_call_ids,
    )
