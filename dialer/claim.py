"""The claim: one transaction pops what comes next, checks its reason, judges, commits attempts.

Nothing rings here. What is refused keeps a verdict on file and the instant it may be asked again.
"""

from collections.abc import Sequence
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
    Judged,
    NewAttempt,
    plan_calls,
    recording_consent,
    ring_at_least_s,
    unless_line_taken,
)
from dialer.claim_writes import commit_attempts, keep_verdicts, load_waiting, pop_people, put_off


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
    person_ids = await pop_people(session, batch=batch, now=now, paused=basis.paused_campaigns)
    if not person_ids:
        return NOTHING_CLAIMED
    people = iter(
        await load_waiting(
            session,
            person_ids,
            now=now,
            mode=CallMode.AUTOMATIC,
            basis=basis,
            campaigns=campaigns,
        )
    )
    free = list(trunks)
    committed: list[NewAttempt] = []
    judged: list[Judged] = []
    while free:
        planned = plan_calls(
            people,
            free,
            now=now,
            packs=packs,
            ids=ids,
            taken=(each.phone.e164 for each in committed),
        )
        judged += planned.judged
        written = await commit_attempts(session, planned.attempts, bridge=bridge, now=now)
        committed += [each for each in planned.attempts if each.attempt_id in written]
        if len(written) == len(planned.attempts):
            break
        # A line was taken meanwhile: its token goes to who comes next.
        free = [each.trunk for each in planned.attempts if each.attempt_id not in written] + free[
            len(planned.attempts) :
        ]
    served = frozenset(due for each in committed for due in each.due_call_ids)
    outcome = unless_line_taken(judged, served, now=now)
    await keep_verdicts(session, outcome, now=now)
    await put_off(session, outcome, served, now=now)
    _measure(committed, outcome, now=now)
    return ClaimReport(
        calls=tuple(_claimed(each, packs) for each in committed), looked_at=len(outcome)
    )


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
