"""Which calls are placed ahead of agents, and their commit."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.conduct import conduct_under
from callback.packs import Packs
from core.ids import IdSource
from customers.model import CallMode, Language
from dialer.agents.desk import Desk
from dialer.bridges.port import TrunkLimits
from dialer.call_facts import Candidate
from dialer.claim import Claimed, commit_in_rounds
from dialer.claim_plan import NewAttempt, plan_in_rounds, recording_consent, ring_at_least_s
from dialer.claim_writes import keep_verdicts, load_waiting, put_off
from dialer.control import Switches
from dialer.replay.model import LookKind
from dialer.replay.writing import Look

# A few more than the calls: rules refuse some.
_MORE = 10

# What was promised at a time or by an agent is no campaign call: it waits for an agent of its own.
_NEXT = sa.text("""
    SELECT dc.person_id
    FROM due_call dc
    JOIN person USING (person_id)
    WHERE dc.state = 'waiting' AND dc.mode = 'agent' AND dc.next_at <= :now
      AND dc.campaign = :campaign AND dc.agent_id IS NULL AND NOT dc.appointment
      AND (cardinality(CAST(:languages AS text[])) = 0
           OR person.language = ANY (CAST(:languages AS text[])))
      AND NOT EXISTS (
          SELECT FROM attempt live WHERE live.person_id = dc.person_id AND live.state <> 'ended'
      )
      AND NOT EXISTS (
          SELECT FROM agent colleague
          JOIN due_call shown ON shown.due_call_id = colleague.due_call_id
          WHERE shown.person_id = dc.person_id
      )
    ORDER BY dc.priority DESC, dc.due_by, dc.due_call_id
    LIMIT :most
    FOR NO KEY UPDATE OF dc SKIP LOCKED
""")


async def place(
    session: AsyncSession,
    campaign: str,
    tokens: Sequence[TrunkLimits],
    *,
    languages: Sequence[Language],
    desk: Desk,
    turned: Switches,
    ids: IdSource,
    now: datetime,
) -> list[Claimed]:
    """Commit calls of a campaign, one a token at most; the caller commits, then rings.

    Args:
        session: its transaction.
        campaign: whose due calls come next.
        tokens: a trunk for each call that may be placed.
        languages: that the agents speak; none: all of them.
        desk: campaigns and packs.
        turned: how the switches stand.
        ids: of the attempts.
        now: aware.
    """
    if not tokens:
        return []
    found = await session.execute(
        _NEXT,
        {
            "now": now,
            "campaign": campaign,
            "languages": [each.value for each in languages],
            "most": len(tokens) + _MORE,
        },
    )
    person_ids = list(dict.fromkeys(found.scalars()))
    if not person_ids:
        return []
    people = await load_waiting(
        session,
        person_ids,
        now=now,
        mode=CallMode.AGENT,
        basis=desk.basis(turned),
        campaigns=desk.campaigns,
    )
    own = (_of_campaign(each, campaign) for each in people)
    rounds = plan_in_rounds(
        (each for each in own if each), tokens, now=now, packs=desk.packs, ids=ids
    )
    done = await commit_in_rounds(session, rounds, bridge=desk.bridge, now=now)
    look = Look(
        kind=LookKind.QUEUE,
        packs=desk.packs,
        bridge=desk.bridge,
        trunks=tokens,
        placed=done.committed,
        lost=done.lost,
    )
    await keep_verdicts(session, done.outcome, look, now=now)
    await put_off(session, done.outcome, done.served, now=now)
    return [_claimed(each, desk.packs) for each in done.committed]


def _of_campaign(candidates: Sequence[Candidate], campaign: str) -> list[Candidate]:
    """Return what of a person's due calls may be rung without an agent in mind."""
    return [
        each
        for each in candidates
        if each.due_call.campaign == campaign
        and each.due_call.agent_id is None
        and not each.due_call.appointment
    ]


def _claimed(attempt: NewAttempt, packs: Packs) -> Claimed:
    lead, facts = attempt.lead.due_call, attempt.lead.facts
    applying = packs.applying(facts.place.packs, facts.place.region, attempt.phone.region)
    return Claimed(
        attempt_id=attempt.attempt_id,
        to=attempt.phone,
        trunk=attempt.trunk,
        campaign=lead.campaign,
        community=lead.community,
        synthetic=lead.synthetic,
        language=facts.person.language or Language.MANDARIN,
        ring_at_least_s=ring_at_least_s(attempt, packs),
        recording=recording_consent(attempt, packs),
        due_call_ids=attempt.due_call_ids,
        detect_machine=applying is not None and conduct_under(applying).amd_on_agent_campaigns,
    )
