"""The claim: one transaction pops what comes next, checks its reason, judges, commits an attempt.

Nothing rings here. What is refused keeps a verdict on file and the instant it may be asked again.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaigns
from callback.conduct import conduct_under
from callback.model import Decision, DueCallState
from callback.packs import Packs
from callback.tables import DueCall, VerdictRow
from callback.verdict import Layer, Rule, Verdict, judge
from core.columns import BIGINTS, table_of
from core.ids import IdSource
from core.phone import PhoneNumber
from customers.model import Purpose, Reason
from dialer.bridges.port import TrunkLimits
from dialer.call_facts import Candidate, SettingBasis, load_candidates
from dialer.model import AttemptState
from dialer.tables import Attempt, AttemptDueCall, ReadyCall

# One greeting carries so many matters and no more: calls are kept short (DOMAIN D12).
MOST_SECTIONS = 3

# A person or phone with a live call is asked about again so much later.
LIVE_CALL_PAUSE = timedelta(minutes=1)

# A refusal that no hour lifts is asked about again when a new day may have brought new facts.
DENIAL_PAUSE = timedelta(hours=24)

# A switch may be turned at any moment, so what only it holds back is asked about soon.
SWITCH_PAUSE = timedelta(minutes=1)
_SWITCHES = frozenset({Rule.STOPPED, Rule.NOT_ARMED, Rule.CAMPAIGN_PAUSED})

# A debt is never spoken of in one call with these (design decision 4).
_NEVER_WITH_DEBT = frozenset({Reason.SURVEY, Reason.GREETING, Reason.PROSPECT})


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """An attempt that is committed and must now ring, or be settled."""

    attempt_id: UUID
    to: PhoneNumber
    trunk: TrunkLimits
    campaign: str
    community: str
    synthetic: bool
    ring_at_least_s: int  # what the rule packs ask for
    due_call_ids: tuple[int, ...]


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
    """Claim at most one call a trunk token; the caller commits, then rings."""
    person_of = await _pop(session, batch=batch, now=now, paused=basis.paused_campaigns)
    if not person_of:
        return NOTHING_CLAIMED
    waiting = await _waiting_of(session, sorted(set(person_of.values())), now=now)
    loaded = await load_candidates(
        session, waiting, now=now, basis=basis, campaigns=campaigns, lock=True
    )
    by_person: dict[int, list[Candidate]] = {person_id: [] for person_id in person_of.values()}
    for candidate in loaded:
        by_person[candidate.person_id].append(candidate)

    verdicts: list[tuple[Candidate, Verdict]] = []
    calls: list[Claimed] = []
    free = list(trunks)
    for candidates in by_person.values():
        if not free:
            break  # the rest keep their place in the window
        judged = [(each, judge(now, each.facts, packs)) for each in _lead_first(candidates)]
        served = _served_together(judged)
        call = None
        if served:
            call = await _commit_attempt(
                session, served, trunk=free[0], bridge=bridge, now=now, ids=ids, packs=packs
            )
        if call is not None:
            calls.append(call)
            free.pop(0)
        verdicts += [_unless_line_taken(pair, call, now) for pair in judged]
    await _keep_verdicts(session, verdicts, now=now)
    await _put_off(session, verdicts, calls, now=now)
    return ClaimReport(calls=tuple(calls), looked_at=len(verdicts))


_POP = (
    sa.select(DueCall.due_call_id, DueCall.person_id)
    .join(ReadyCall, ReadyCall.due_call_id == DueCall.due_call_id)
    .where(
        DueCall.state == DueCallState.WAITING,
        DueCall.next_at <= sa.bindparam("now"),
        ReadyCall.campaign != sa.all_(sa.bindparam("paused", type_=ARRAY(sa.Text))),
    )
    .order_by(ReadyCall.score.desc(), ReadyCall.due_call_id)
    .limit(sa.bindparam("batch"))
    .with_for_update(of=DueCall, skip_locked=True)
)
_WAITING_OF = (
    sa.select(DueCall.due_call_id)
    .where(
        DueCall.person_id == sa.any_(sa.bindparam("person_ids", type_=BIGINTS)),
        DueCall.state == DueCallState.WAITING,
        DueCall.next_at <= sa.bindparam("now"),
    )
    .order_by(DueCall.due_call_id)
    .with_for_update(skip_locked=True)
)


async def _pop(
    session: AsyncSession, *, batch: int, now: datetime, paused: frozenset[str]
) -> dict[int, int]:
    """Return due_call_id → person_id of the next due calls, locked, best score first."""
    rows = await session.execute(_POP, {"now": now, "paused": sorted(paused), "batch": batch})
    return {row.due_call_id: row.person_id for row in rows}


async def _waiting_of(
    session: AsyncSession, person_ids: Sequence[int], *, now: datetime
) -> list[int]:
    """Return, locked, every due call these persons may be rung for now."""
    rows = await session.execute(_WAITING_OF, {"person_ids": list(person_ids), "now": now})
    return list(rows.scalars())


def _lead_first(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Order one person's due calls: an appointment, then the earliest deadline, then the oldest."""
    return sorted(
        candidates,
        key=lambda each: (
            not each.due_call.appointment,
            each.due_call.due_by,
            -each.due_call.priority,
            each.due_call_id,
        ),
    )


def _served_together(
    judged: Sequence[tuple[Candidate, Verdict]],
) -> list[tuple[Candidate, Verdict]]:
    """Choose what one call serves: the first allowed, and what fits with it on the same phone."""
    allowed = [pair for pair in judged if pair[1].decision is Decision.ALLOW]
    if not allowed:
        return []
    lead, lead_verdict = allowed[0]
    served = [allowed[0]]
    for candidate, verdict in allowed[1:]:
        if (
            len(served) < MOST_SECTIONS
            and verdict.phone == lead_verdict.phone
            and candidate.due_call.mode == lead.due_call.mode
            and candidate.due_call.community_id == lead.due_call.community_id
            and all(_may_share(candidate, other) for other, _ in served)
        ):
            served.append((candidate, verdict))
    return served


def _may_share(one: Candidate, other: Candidate) -> bool:
    reasons = {one.due_call.reason, other.due_call.reason}
    purposes = {one.due_call.purpose, other.due_call.purpose}
    return not (
        Purpose.DEBT in purposes
        and (reasons & _NEVER_WITH_DEBT or purposes & {Purpose.SURVEY, Purpose.MARKETING})
    )


_IDS = sa.bindparam("ids", type_=BIGINTS)
_DUE_CALL, _READY = table_of(DueCall), table_of(ReadyCall)
_ADD_ATTEMPT = (
    insert(table_of(Attempt)).on_conflict_do_nothing().returning(table_of(Attempt).c.attempt_id)
)
_ADD_SERVED = insert(table_of(AttemptDueCall))
_CLAIM = (
    sa.update(_DUE_CALL)
    .where(_DUE_CALL.c.due_call_id == sa.any_(_IDS))
    .values(state=DueCallState.CLAIMED, attempts=_DUE_CALL.c.attempts + 1)
)
_TAKE_OUT = sa.delete(_READY).where(_READY.c.due_call_id == sa.any_(_IDS))
_LAST_VERDICTS = (
    sa.select(VerdictRow.due_call_id, VerdictRow.decision, VerdictRow.rule, VerdictRow.until)
    .where(VerdictRow.due_call_id == sa.any_(_IDS))
    .ext(distinct_on(VerdictRow.due_call_id))
    .order_by(VerdictRow.due_call_id, VerdictRow.verdict_id.desc())
)
_ADD_VERDICTS = insert(table_of(VerdictRow))
_PUT_OFF = sa.update(_DUE_CALL).where(_DUE_CALL.c.due_call_id == sa.bindparam("id"))


async def _commit_attempt(
    session: AsyncSession,
    served: Sequence[tuple[Candidate, Verdict]],
    *,
    trunk: TrunkLimits,
    bridge: str,
    now: datetime,
    ids: IdSource,
    packs: Packs,
) -> Claimed | None:
    """Write the attempt; None when the person or the phone has a live call already."""
    lead, verdict = served[0]
    if verdict.phone is None:
        message = f"the verdict on due call {lead.due_call_id} allows a call and names no phone"
        raise RuntimeError(message)
    attempt_id = ids.new()
    due_call_ids = tuple(candidate.due_call_id for candidate, _ in served)
    written = await session.execute(
        _ADD_ATTEMPT,
        {
            "attempt_id": attempt_id,
            "person_id": lead.person_id,
            "phone_id": lead.phone_ids[verdict.phone.e164],
            "e164": verdict.phone.e164,
            "bridge": bridge,
            "trunk": trunk.name,
            "mode": lead.due_call.mode,
            "campaign": lead.due_call.campaign,
            "state": AttemptState.CLAIMED,
            "started_at": now,
        },
    )
    if written.first() is None:
        return None
    await session.execute(
        _ADD_SERVED,
        [
            {"attempt_id": attempt_id, "due_call_id": due_call_id, "position": position}
            for position, due_call_id in enumerate(due_call_ids)
        ],
    )
    await session.execute(_CLAIM, {"ids": list(due_call_ids)})
    return Claimed(
        attempt_id=attempt_id,
        to=verdict.phone,
        trunk=trunk,
        campaign=lead.due_call.campaign,
        community=lead.due_call.community,
        synthetic=lead.due_call.synthetic,
        ring_at_least_s=_ring_at_least_s(lead, verdict.phone, packs),
        due_call_ids=due_call_ids,
    )


def _ring_at_least_s(lead: Candidate, phone: PhoneNumber, packs: Packs) -> int:
    place = lead.facts.place
    applying = packs.applying(place.packs, place.region, phone.region)
    return conduct_under(applying).ring_at_least_s if applying else 0


async def _keep_verdicts(
    session: AsyncSession, verdicts: Sequence[tuple[Candidate, Verdict]], *, now: datetime
) -> None:
    """Write the verdicts that differ from the last one on file of their due call."""
    if not verdicts:
        return
    due_call_ids = [candidate.due_call_id for candidate, _ in verdicts]
    last = {
        row.due_call_id: (row.decision, row.rule, row.until)
        for row in await session.execute(_LAST_VERDICTS, {"ids": due_call_ids})
    }
    changed = [
        (candidate, verdict)
        for candidate, verdict in verdicts
        if last.get(candidate.due_call_id) != (verdict.decision, verdict.rule.value, verdict.until)
    ]
    if changed:
        await session.execute(
            _ADD_VERDICTS,
            [_verdict_row(candidate, verdict, now) for candidate, verdict in changed],
        )


def _verdict_row(candidate: Candidate, verdict: Verdict, now: datetime) -> dict[str, Any]:
    return {
        "at": now,
        "due_call_id": candidate.due_call_id,
        "person_id": candidate.person_id,
        "e164": None if verdict.phone is None else verdict.phone.e164,
        "decision": verdict.decision,
        "rule": verdict.rule.value,
        "layer": verdict.layer.value,
        "pack": verdict.pack,
        "pack_version": verdict.pack_version,
        "until": verdict.until,
        "facts": json.loads(json.dumps(dict(verdict.facts), default=str)),
    }


async def _put_off(
    session: AsyncSession,
    verdicts: Sequence[tuple[Candidate, Verdict]],
    calls: Sequence[Claimed],
    *,
    now: datetime,
) -> None:
    """Withdraw what has lost its reason; take the rest out of the window until its time comes."""
    claimed = {due_call_id for call in calls for due_call_id in call.due_call_ids}
    left = [pair for pair in verdicts if pair[0].due_call_id not in claimed]
    gone = [
        {
            "id": candidate.due_call_id,
            "state": DueCallState.WITHDRAWN,
            "settled_at": now,
            "settled_because": candidate.subject.reason_gone,
        }
        for candidate, verdict in left
        if verdict.rule is Rule.REASON_GONE
    ]
    later = [
        {"id": candidate.due_call_id, "next_at": _asked_again_at(verdict, now)}
        for candidate, verdict in left
        if verdict.rule is not Rule.REASON_GONE
    ]
    for changes in (gone, later):
        if changes:
            await session.execute(_PUT_OFF, changes)
    if verdicts:  # what was looked at, claimed or not, has left the window
        out = [candidate.due_call_id for candidate, _ in verdicts]
        await session.execute(_TAKE_OUT, {"ids": out})


def _unless_line_taken(
    pair: tuple[Candidate, Verdict], call: Claimed | None, now: datetime
) -> tuple[Candidate, Verdict]:
    """Return the verdict as it came out: an allowed call that is not served waits for the line."""
    candidate, verdict = pair
    if verdict.decision is not Decision.ALLOW or (
        call is not None and candidate.due_call_id in call.due_call_ids
    ):
        return pair
    waits = Verdict(
        decision=Decision.DEFER,
        rule=Rule.LIVE_CALL,
        layer=Layer.SYSTEM,
        until=now + LIVE_CALL_PAUSE,
        phone=verdict.phone,
    )
    return candidate, waits


def _asked_again_at(verdict: Verdict, now: datetime) -> datetime:
    if verdict.until is not None:
        return verdict.until
    return now + (SWITCH_PAUSE if verdict.rule in _SWITCHES else DENIAL_PAUSE)
