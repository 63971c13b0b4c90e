"""Everything on a person's or a unit's file in one line of time, newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import BIGINTS

# A day becomes the instant it begins in the community's zone. Amounts are in minor units.
_EVENTS = """
    WITH local AS NOT MATERIALIZED (
        SELECT u.unit_id, c.time_zone FROM unit u JOIN community c USING (community_id)
    ), events AS (
        SELECT CAST(h.due_on AS timestamp) AT TIME ZONE l.time_zone AS at, 'charge_due' AS what,
               h.liable_person_id AS person_id, h.unit_id,
               jsonb_build_object('charge_id', h.charge_id, 'reference', h.reference,
                   'kind', h.kind, 'amount_minor', h.amount_minor, 'paid_minor', h.paid_minor,
                   'late_fee_minor', h.late_fee_minor, 'currency', h.currency) AS facts
        FROM charge h JOIN local l USING (unit_id)
        UNION ALL
        SELECT h.disputed_at, 'charge_disputed', h.liable_person_id, h.unit_id,
               jsonb_build_object('charge_id', h.charge_id, 'reference', h.reference)
        FROM charge h WHERE h.disputed_at IS NOT NULL
        UNION ALL
        SELECT p.received_at, 'payment', h.liable_person_id, h.unit_id,
               jsonb_build_object('charge_id', h.charge_id, 'reference', h.reference,
                   'amount_minor', p.amount_minor, 'currency', h.currency, 'source', p.source)
        FROM payment p JOIN charge h USING (charge_id)
        UNION ALL
        SELECT p.made_at, 'promise', p.person_id, NULL,
               jsonb_build_object('promise_id', p.promise_id, 'amount_minor', p.amount_minor,
                   'currency', p.currency, 'promised_on', p.promised_on, 'state', p.state)
        FROM promise p
        UNION ALL
        SELECT e.asked_at, 'extension', e.person_id, h.unit_id,
               jsonb_build_object('charge_id', h.charge_id, 'reference', h.reference,
                   'until', e.until, 'state', e.state)
        FROM extension e JOIN charge h USING (charge_id)
        UNION ALL
        SELECT w.asked_at, 'waiver', w.person_id, h.unit_id,
               jsonb_build_object('charge_id', h.charge_id, 'reference', h.reference,
                   'amount_minor', coalesce(w.forgiven_minor, w.amount_minor),
                   'currency', w.currency, 'state', w.state, 'words', w.because)
        FROM waiver w JOIN charge h USING (charge_id)
        UNION ALL
        SELECT e.decided_at, 'extension_decided', e.person_id, h.unit_id,
               jsonb_build_object('charge_id', h.charge_id, 'reference', h.reference,
                   'until', e.until, 'state', e.state, 'written_by', e.decided_by)
        FROM extension e JOIN charge h USING (charge_id) WHERE e.decided_at IS NOT NULL
        UNION ALL
        SELECT w.decided_at, 'waiver_decided', w.person_id, h.unit_id,
               jsonb_build_object('charge_id', h.charge_id, 'reference', h.reference,
                   'amount_minor', coalesce(w.forgiven_minor, w.amount_minor),
                   'currency', w.currency, 'state', w.state, 'written_by', w.decided_by)
        FROM waiver w JOIN charge h USING (charge_id) WHERE w.decided_by <> w.asked_by
        UNION ALL
        SELECT CAST(w.reported_on AS timestamp) AT TIME ZONE l.time_zone, 'repair_reported',
               NULL, w.unit_id,
               jsonb_build_object('work_order_id', w.work_order_id, 'reference', w.reference,
                   'category', w.category)
        FROM work_order w JOIN local l USING (unit_id)
        UNION ALL
        SELECT CAST(w.completed_on AS timestamp) AT TIME ZONE l.time_zone, 'repair_completed',
               NULL, w.unit_id,
               jsonb_build_object('work_order_id', w.work_order_id, 'reference', w.reference,
                   'cycle', w.cycle)
        FROM work_order w JOIN local l USING (unit_id) WHERE w.completed_on IS NOT NULL
        UNION ALL
        SELECT r.issued_at, 'rework_notice', NULL, w.unit_id,
               jsonb_build_object('work_order_id', w.work_order_id, 'reference', w.reference,
                   'cycle', r.cycle, 'finding', r.finding)
        FROM rework_notice r JOIN work_order w USING (work_order_id)
        UNION ALL
        SELECT a.answered_at, 'survey_answer', t.person_id, t.unit_id,
               jsonb_build_object('survey_id', t.survey_id, 'question', a.question,
                   'score', a.score)
        FROM survey_answer a JOIN survey_target t USING (survey_target_id)
        UNION ALL
        SELECT b.asked_at, 'callback_requested', b.person_id, b.unit_id,
               jsonb_build_object('call_at', b.call_at, 'about', b.about)
        FROM callback_request b
        UNION ALL
        SELECT d.since, 'opted_out', d.person_id, NULL,
               jsonb_build_object('reason', d.reason, 'how', d.how, 'said_by', d.said_by)
        FROM do_not_call d
        UNION ALL
        SELECT d.lifted_at, 'opt_out_lifted', d.person_id, NULL,
               jsonb_build_object('reason', d.reason)
        FROM do_not_call d WHERE d.lifted_at IS NOT NULL
        UNION ALL
        SELECT ph.dead_at, 'phone_dead', ph.person_id, NULL,
               jsonb_build_object('phone_id', ph.phone_id, 'because', ph.dead_because)
        FROM phone ph WHERE ph.dead_at IS NOT NULL
        UNION ALL
        SELECT k.created_at, 'agent_task', k.person_id, NULL,
               jsonb_build_object('kind', k.kind, 'subject', k.subject, 'done_at', k.done_at)
        FROM agent_task k
        UNION ALL
        SELECT i.at, 'inbound_call', i.person_id, NULL,
               jsonb_build_object('call_id', i.call_id, 'result', i.result,
                   'seconds', i.seconds, 'wish_at', i.wish_at)
        FROM inbound_call i
        UNION ALL
        SELECT k.taken_at, 'complaint', k.person_id, k.unit_id,
               jsonb_build_object('complaint_id', k.complaint_id, 'complaint', k.category,
                   'words', k.words, 'taken_by', k.taken_by)
        FROM complaint k
        UNION ALL
        SELECT s.at, 'complaint_' || s.kind, k.person_id, k.unit_id,
               jsonb_build_object('complaint_id', k.complaint_id, 'complaint', k.category,
                   'words', s.words, 'written_by', s.by)
        FROM complaint_step s JOIN complaint k USING (complaint_id)
        UNION ALL
        SELECT n.at, 'note', n.person_id, n.unit_id,
               jsonb_build_object('text', n.text, 'written_by', n.written_by)
        FROM note n
    )
    SELECT at, what, person_id, unit_id, facts FROM events
"""
_OF_PERSON = _EVENTS + " WHERE person_id = :subject_id ORDER BY at DESC, what LIMIT :limit"
_OF_UNITS = (
    _EVENTS + " WHERE unit_id = ANY(:units) AND person_id IS NULL ORDER BY at DESC, what"
    " LIMIT :limit"
)
_OF_UNIT = _EVENTS + " WHERE unit_id = :subject_id ORDER BY at DESC, what LIMIT :limit"


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineEvent:
    """One fact of the file: when, what, of whom, and what more is known of it."""

    at: datetime
    what: str
    person_id: int | None
    unit_id: int | None
    facts: Mapping[str, object]


async def person_timeline(
    session: AsyncSession, *, person_id: int, limit: int = 200
) -> Sequence[TimelineEvent]:
    """Return what is on a person's file, newest first."""
    return await _timeline(session, _OF_PERSON, {"subject_id": person_id, "limit": limit})


async def household_timeline(
    session: AsyncSession, *, person_id: int, unit_ids: Sequence[int], limit: int = 200
) -> Sequence[TimelineEvent]:
    """Return what is on a person's file, and on their units' of nobody, newest first.

    What others owe or owed at a unit is not among it.
    """
    own = await _timeline(session, _OF_PERSON, {"subject_id": person_id, "limit": limit})
    units = await _timeline(session, _OF_UNITS, {"units": list(unit_ids), "limit": limit})
    return sorted((*own, *units), key=lambda event: event.at, reverse=True)[:limit]


async def unit_timeline(
    session: AsyncSession, *, unit_id: int, limit: int = 200
) -> Sequence[TimelineEvent]:
    """Return what is on a unit's file, newest first."""
    return await _timeline(session, _OF_UNIT, {"subject_id": unit_id, "limit": limit})


async def _timeline(
    session: AsyncSession, statement: str, facts: Mapping[str, object]
) -> Sequence[TimelineEvent]:
    query = sa.text(statement)
    if "units" in facts:
        query = query.bindparams(sa.bindparam("units", type_=BIGINTS))
    rows = await session.execute(query, facts)
    return [
        TimelineEvent(
            at=row.at, what=row.what, person_id=row.person_id, unit_id=row.unit_id, facts=row.facts
        )
        for row in rows
    ]
