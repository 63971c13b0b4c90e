"""Complaint: who complained and has had no answer is owed a call by the complaint's own deadline.

A call promised in its stead comes first; while that one waits nobody is rung twice about the same.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback import subject_names
from callback.campaigns import Campaigns
from callback.changes import Changes, add, counts, withdrawing
from callback.subject_facts import Head, SubjectFacts
from callback.subject_readers import Holdable
from core.columns import BIGINTS
from customers.complaint_tables import Complaint

# The appointment that stands in for the answer, if one does.
_PROMISED = """
    EXISTS (
        SELECT FROM due_call promised
        WHERE promised.reason = 'promised' AND promised.cycle = '1'
          AND promised.subject = 'callback_request:' || k.callback_request_id
          AND promised.state IN ('waiting', 'claimed')
    )
"""

_WITHDRAW = withdrawing(f"""
    WITH gone AS (
        SELECT dc.due_call_id,
               CASE WHEN person.deceased_at IS NOT NULL THEN 'deceased'
                    WHEN k.closed_at IS NOT NULL THEN 'closed'
                    WHEN k.replied_at IS NOT NULL OR CAST(k.cycle AS text) <> dc.cycle
                         THEN 'replied'
                    ELSE 'appointment' END AS because
        FROM due_call dc
        JOIN due_place place USING (community_id)
        JOIN person USING (person_id)
        JOIN complaint k
            ON k.complaint_id = CAST(substring(dc.subject FROM '[0-9]+$') AS bigint)
        WHERE dc.reason = 'complaint' AND dc.state = 'waiting' AND place.listed
          AND (person.deceased_at IS NOT NULL OR k.closed_at IS NOT NULL
               OR k.replied_at IS NOT NULL OR CAST(k.cycle AS text) <> dc.cycle OR {_PROMISED})
        FOR UPDATE OF dc SKIP LOCKED
    )
""")  # noqa: S608 - put together of constants

# Who is accountable has it first, where that is an agent; it may be handed over while it waits.
_HAND_OVER = sa.text("""
    UPDATE due_call dc
    SET agent_id = k.agent_id,
        facts = dc.facts || jsonb_build_object('accountable_agent_id', k.agent_id)
    FROM complaint k, due_place place
    WHERE dc.due_call_id IN (
        SELECT due_call_id FROM due_call
        WHERE reason = 'complaint' AND state = 'waiting' AND settled_at IS NULL
        FOR UPDATE SKIP LOCKED
    ) AND k.complaint_id = CAST(substring(dc.subject FROM '[0-9]+$') AS bigint)
      AND place.community_id = dc.community_id AND place.listed
      AND dc.facts->>'accountable_agent_id' IS DISTINCT FROM CAST(k.agent_id AS text)
""")

# xmax is zero in a row just inserted, and not in one withdrawn that is owed again.
_INSERT = sa.text(f"""
    WITH made AS (
        INSERT INTO due_call (
            person_id, community_id, unit_id, reason, purpose, mode, campaign, script,
            subject, cycle, facts, not_before, due_by, next_at, priority, agent_id, created_at
        )
        SELECT k.person_id, k.community_id, k.unit_id, 'complaint', :purpose, :mode, :campaign,
               :script, 'complaint:' || k.complaint_id, CAST(k.cycle AS text),
               jsonb_build_object(
                   'complaint_id', k.complaint_id,
                   'category', k.category,
                   'taken_at', k.taken_at,
                   'accountable_agent_id', k.agent_id,
                   'rules', CAST(:version AS text)
               ),
               first.at, k.reply_by, first.at, :priority, k.agent_id, :now
        FROM complaint k
        JOIN due_place place USING (community_id)
        JOIN person ON person.person_id = k.person_id AND person.deceased_at IS NULL
        CROSS JOIN LATERAL (
            SELECT greatest(k.taken_at, k.reply_by - make_interval(hours => :lead_hours)) AS at
        ) AS first
        WHERE place.listed AND k.closed_at IS NULL AND k.replied_at IS NULL
          AND NOT {_PROMISED}
          AND NOT EXISTS (
              SELECT FROM due_call dc
              WHERE dc.reason = 'complaint' AND dc.subject = 'complaint:' || k.complaint_id
                AND dc.cycle = CAST(k.cycle AS text) AND dc.state <> 'withdrawn'
          )
        ORDER BY k.complaint_id
        ON CONFLICT (reason, subject, cycle) DO UPDATE
        SET not_before = excluded.not_before, due_by = excluded.due_by,
            next_at = greatest(due_call.next_at, excluded.next_at), facts = excluded.facts,
            priority = excluded.priority, agent_id = excluded.agent_id,
            state = 'waiting', settled_at = NULL, settled_because = NULL
        WHERE due_call.state = 'withdrawn'
        RETURNING xmax = 0 AS is_new
    )
    SELECT is_new, count(*) FROM made GROUP BY is_new
""")  # noqa: S608 - put together of constants


async def build_complaints(
    session: AsyncSession, campaigns: Campaigns, *, now: datetime
) -> Changes:
    """Bring the answers that are owed in line with the register; needs `due_place`.

    Appointments must have been built: they go before.
    """
    campaign = campaigns.complaint
    parameters: dict[str, Any] = {
        "campaign": campaign.name,
        "purpose": campaign.purpose.value,
        "mode": campaign.mode.value,
        "script": campaign.script,
        "priority": campaign.priority,
        "lead_hours": campaign.lead_hours,
        "version": campaigns.version,
        "now": now,
    }
    withdrawn = await counts(session, _WITHDRAW, parameters)
    await session.execute(_HAND_OVER)
    created, restored = await add(session, _INSERT, parameters)
    return Changes(created=created, restored=restored, withdrawn=withdrawn)


_COMPLAINTS = Holdable(
    sa.select(
        Complaint.complaint_id,
        Complaint.category,
        Complaint.cycle,
        Complaint.taken_at,
        Complaint.replied_at,
        Complaint.closed_at,
    )
    .where(Complaint.complaint_id == sa.any_(sa.bindparam("ids", type_=BIGINTS)))
    .order_by(Complaint.complaint_id),
    Complaint,
)


async def read_complaints(
    session: AsyncSession, heads: Mapping[int, Head], *, lock: bool
) -> dict[int, SubjectFacts]:
    """Read complaints that wait for their answer; those not on file are left out."""
    asked = {subject_names.number_in(head.subject) for head in heads.values() if head.subject}
    rows = await _COMPLAINTS.read(session, sorted(asked), lock=lock)
    found = {subject_names.complaint(row.complaint_id): row for row in rows}
    facts: dict[int, SubjectFacts] = {}
    for due_call_id, head in heads.items():
        row = found.get(head.subject)
        if row is None:
            continue
        if row.closed_at is not None:
            facts[due_call_id] = head.gone("closed")
        elif row.replied_at is not None or str(row.cycle) != head.cycle:
            facts[due_call_id] = head.gone("replied")
        else:
            facts[due_call_id] = head.holds(
                complaint=str(row.complaint_id),
                complained_on=row.taken_at.astimezone(head.zone).date().isoformat(),
                complaint_about=subject_names.complaint_about(row.category),
            )
    return facts
