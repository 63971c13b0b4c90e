"""What a claim reads under locks and writes, one statement for a whole batch each.

Nobody waits here for another claim: what another holds is left to it. A claim waits only for who
is changing the account behind a call (design decision 5), or for a call to the same number that is
being committed at this moment.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaigns
from callback.model import DueCallState
from callback.verdict import Rule
from customers.model import CallMode
from dialer.answering.reading import PART, USUAL_ODDS, learned_of, local_at, own_chance
from dialer.call_facts import Candidate, SettingBasis, load_candidates
from dialer.claim_plan import Judged, NewAttempt, asked_again_at
from dialer.replay.writing import Look, record_of
from dialer.scoring import shipped_scoring

# Not `FOR UPDATE`: foreign keys to what a claim holds need not wait for it.
_POP = sa.text("""
    SELECT dc.person_id, ready.score
    FROM ready_call ready
    JOIN due_call dc USING (due_call_id)
    WHERE dc.state = 'waiting' AND dc.mode = 'automatic' AND dc.next_at <= :now
      AND ready.campaign <> ALL (CAST(:paused AS text[]))
    ORDER BY ready.score DESC, ready.due_call_id
    LIMIT :batch
    FOR NO KEY UPDATE OF dc SKIP LOCKED
""")

# Two claims that popped different due calls of one person at once: the second leaves the person.
_WAITING_OF = sa.text("""
    WITH held AS MATERIALIZED (
        SELECT person_id, place
        FROM unnest(CAST(:person_ids AS bigint[])) WITH ORDINALITY AS given (person_id, place)
        WHERE pg_try_advisory_xact_lock(hashtextextended('ownerline claim of a person', person_id))
    )
    SELECT dc.due_call_id
    FROM held
    JOIN due_call dc USING (person_id)
    WHERE dc.state = 'waiting' AND dc.mode = :mode AND dc.next_at <= :now
    ORDER BY held.place, dc.due_call_id
    FOR NO KEY UPDATE OF dc SKIP LOCKED
""")

# In the order of the numbers, so that two claims that want the same numbers come one after the
# other. What is foretold is of the phone that rings.
_COMMIT = sa.text(f"""
    WITH wanted AS MATERIALIZED (
        SELECT *
        FROM jsonb_to_recordset(CAST(:attempts AS jsonb)) AS wanted (
            attempt_id uuid, person_id bigint, phone_id bigint, e164 text, trunk text, mode text,
            campaign text, agent_id bigint, due_call_ids bigint[]
        )
    ), told AS (
        SELECT wanted.*, {own_chance(USUAL_ODDS, PART)} AS foretold
        FROM wanted
        JOIN due_call dc ON dc.due_call_id = wanted.due_call_ids[1]
        JOIN community USING (community_id)
        {local_at("CAST(:now AS timestamptz)")}
        JOIN phone ON phone.phone_id = wanted.phone_id
        {learned_of(person="wanted.person_id", kind="phone.kind")}
    ), added AS (
        INSERT INTO attempt (
            attempt_id, person_id, phone_id, e164, bridge, trunk, mode, campaign, agent_id, state,
            started_at, foretold
        )
        SELECT attempt_id, person_id, phone_id, e164, :bridge, trunk, mode, campaign, agent_id,
               'claimed', :now, foretold
        FROM told
        ORDER BY e164
        ON CONFLICT DO NOTHING
        RETURNING attempt_id
    ), served AS (
        INSERT INTO attempt_due_call (attempt_id, due_call_id, position)
        SELECT attempt_id, due_call_id, place - 1
        FROM added
        JOIN wanted USING (attempt_id)
        CROSS JOIN LATERAL unnest(due_call_ids) WITH ORDINALITY AS serves (due_call_id, place)
        RETURNING due_call_id
    ), claimed AS (
        UPDATE due_call SET state = 'claimed', attempts = attempts + 1
        WHERE due_call_id = ANY (ARRAY(SELECT due_call_id FROM served))
    )
    SELECT attempt_id FROM added
""")  # noqa: S608 - the parts are constants of ours

_KEEP = sa.text("""
    WITH record AS (
        INSERT INTO claim_record (at, kind, bridge, agent_id, looked_at, refused, placed, record)
        VALUES (:now, :kind, :bridge, :agent_id, :looked_at, :refused, :placed, :record)
        RETURNING claim_record_id
    )
    INSERT INTO verdict (at, due_call_id, person_id, e164, decision, rule, layer, pack,
                         pack_version, until, facts, claim_record_id)
    SELECT :now, new.due_call_id, new.person_id, new.e164, new.decision, new.rule, new.layer,
           new.pack, new.pack_version, new.until, new.facts,
           (SELECT claim_record_id FROM record)
    FROM jsonb_to_recordset(CAST(:verdicts AS jsonb)) AS new (
        place int, due_call_id bigint, person_id bigint, e164 text, decision text, rule text,
        layer text, pack text, pack_version text, until timestamptz, facts jsonb
    )
    LEFT JOIN LATERAL (
        SELECT v.decision, v.rule, v.until
        FROM verdict v
        WHERE v.due_call_id = new.due_call_id
        ORDER BY v.verdict_id DESC
        LIMIT 1
    ) AS last ON true
    WHERE (last.decision, last.rule, last.until)
          IS DISTINCT FROM (new.decision, new.rule, new.until)
    ORDER BY new.place
""")

# A row of the window that a refill holds stays: it says nothing without a waiting due call.
_PUT_AWAY = sa.text("""
    WITH later AS MATERIALIZED (
        SELECT *
        FROM jsonb_to_recordset(CAST(:changes AS jsonb)) AS later (
            due_call_id bigint, state text, next_at timestamptz, because text
        )
    ), put_off AS (
        UPDATE due_call
        SET state = later.state,
            next_at = coalesce(later.next_at, due_call.next_at),
            settled_at = CASE WHEN later.because IS NOT NULL THEN CAST(:now AS timestamptz) END,
            settled_because = later.because
        FROM later
        WHERE due_call.due_call_id = later.due_call_id
    )
    DELETE FROM ready_call
    WHERE due_call_id IN (
        SELECT due_call_id
        FROM ready_call
        WHERE due_call_id = ANY (CAST(:looked_at AS bigint[]))
        FOR UPDATE SKIP LOCKED
    )
""")


async def pop_people(
    session: AsyncSession, *, batch: int, now: datetime, paused: Iterable[str]
) -> dict[int, float]:
    """Return who comes next in the automatic queue, best score first, with their best score.

    Their due calls in the window are locked.
    """
    popped = await session.execute(_POP, {"now": now, "paused": sorted(paused), "batch": batch})
    scores: dict[int, float] = {}
    for person_id, score in popped:
        scores.setdefault(person_id, score)
    return scores


async def load_waiting(
    session: AsyncSession,
    person_ids: Sequence[int],
    *,
    now: datetime,
    mode: CallMode,
    basis: SettingBasis,
    campaigns: Campaigns,
) -> list[list[Candidate]]:
    """Return every due call of a mode these persons may be rung for now, a list for each person.

    The due calls, and the account rows that their reasons rest on, are held to the end of the
    transaction. A person whom another claim holds is left out; the order stays.
    """
    waiting = await session.execute(
        _WAITING_OF, {"person_ids": list(person_ids), "mode": mode, "now": now}
    )
    loaded = await load_candidates(
        session,
        list(waiting.scalars()),
        now=now,
        basis=basis,
        campaigns=campaigns,
        lock=True,
    )
    by_person: dict[int, list[Candidate]] = {}
    for candidate in loaded:
        by_person.setdefault(candidate.person_id, []).append(candidate)
    return list(by_person.values())


async def commit_attempts(
    session: AsyncSession, attempts: Sequence[NewAttempt], *, bridge: str, now: datetime
) -> frozenset[UUID]:
    """Write the attempts and claim what they serve; return the ids of those written.

    Left out is who has a live call already, as a person or by the number. The caller commits, then
    rings.
    """
    if not attempts:
        return frozenset()
    wanted = [
        {
            "attempt_id": str(each.attempt_id),
            "person_id": each.lead.person_id,
            "phone_id": each.lead.phone_ids[each.phone.e164],
            "e164": each.phone.e164,
            "trunk": each.trunk.name,
            "mode": each.mode,
            "campaign": each.lead.due_call.campaign,
            "agent_id": each.agent_id,
            "due_call_ids": each.due_call_ids,
        }
        for each in attempts
    ]
    written = await session.execute(
        _COMMIT,
        {
            "attempts": json.dumps(wanted),
            "bridge": bridge,
            "now": now,
            "answer_chance": shipped_scoring().answer_chance,
        },
    )
    return frozenset(written.scalars())


async def keep_verdicts(
    session: AsyncSession, judged: Sequence[Judged], look: Look, *, now: datetime
) -> None:
    """Write the verdicts that differ from the last one on file of their due call.

    All that was judged is recorded beside them, so that it can be judged once more.
    """
    if not judged:
        return
    rows = [_verdict_row(place, each) for place, each in enumerate(judged)]
    await session.execute(
        _KEEP,
        {
            "verdicts": json.dumps(rows, default=str),
            "now": now,
            "kind": look.kind,
            "bridge": look.bridge,
            "agent_id": look.agent_id,
            "looked_at": len(judged),
            "refused": sum(not each.allowed for each in judged),
            "placed": len(look.placed),
            "record": record_of(judged, look),
        },
    )


def _verdict_row(place: int, judged: Judged) -> dict[str, Any]:
    verdict = judged.verdict
    return {
        "place": place,
        "due_call_id": judged.candidate.due_call_id,
        "person_id": judged.candidate.person_id,
        "e164": None if verdict.phone is None else verdict.phone.e164,
        "decision": verdict.decision,
        "rule": verdict.rule,
        "layer": verdict.layer,
        "pack": verdict.pack,
        "pack_version": verdict.pack_version,
        "until": verdict.until,
        "facts": dict(verdict.facts),
    }


async def put_off(
    session: AsyncSession, judged: Sequence[Judged], claimed: frozenset[int], *, now: datetime
) -> None:
    """Withdraw what has lost its reason, put the rest off; all that was judged leaves the window.

    `claimed` are the due calls among them that a committed attempt serves.
    """
    if not judged:
        return
    changes = [_change(each, now) for each in judged if each.candidate.due_call_id not in claimed]
    await session.execute(
        _PUT_AWAY,
        {
            "changes": json.dumps(changes, default=str),
            "looked_at": [each.candidate.due_call_id for each in judged],
            "now": now,
        },
    )


def _change(judged: Judged, now: datetime) -> dict[str, Any]:
    gone = judged.verdict.rule is Rule.REASON_GONE
    return {
        "due_call_id": judged.candidate.due_call_id,
        "state": DueCallState.WITHDRAWN if gone else DueCallState.WAITING,
        "next_at": None if gone else asked_again_at(judged.verdict, now),
        "because": judged.candidate.subject.reason_gone if gone else None,
    }
