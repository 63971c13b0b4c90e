"""What must hold of the database at every moment, as one statement that lists what breaks it."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

_BROKEN = sa.text("""
    SELECT 'two live attempts to a person' AS law, CAST(person_id AS text) AS who
    FROM attempt WHERE state <> 'ended' GROUP BY person_id HAVING count(*) > 1
    UNION ALL
    SELECT 'two live attempts to a phone', e164
    FROM attempt WHERE state <> 'ended' GROUP BY e164 HAVING count(*) > 1
    UNION ALL
    SELECT 'an ended attempt has a result and its instant', CAST(attempt_id AS text)
    FROM attempt
    WHERE (state = 'ended') <> (telephony_result IS NOT NULL AND ended_at IS NOT NULL)
    UNION ALL
    SELECT 'an ended attempt has one outcome a due call, a live one none', CAST(attempt_id AS text)
    FROM attempt JOIN attempt_due_call adc USING (attempt_id)
    WHERE (state = 'ended' AND NOT EXISTS (
        SELECT FROM agent WHERE agent.attempt_id = attempt.attempt_id AND agent.state = 'wrap_up'
    )) <> (adc.settled_at IS NOT NULL AND adc.telephony_result IS NOT NULL)
    UNION ALL
    SELECT 'an attempt serves something, unless a restore has lost what', CAST(attempt_id AS text)
    FROM attempt
    WHERE campaign <> 'unknown' AND NOT EXISTS (
        SELECT FROM attempt_due_call adc WHERE adc.attempt_id = attempt.attempt_id
    )
    UNION ALL
    SELECT 'claimed means a live attempt or an open wrap-up serves it', CAST(dc.due_call_id AS text)
    FROM due_call dc
    WHERE (dc.state = 'claimed') <> EXISTS (
        SELECT FROM attempt_due_call adc JOIN attempt a USING (attempt_id)
        WHERE adc.due_call_id = dc.due_call_id AND adc.settled_at IS NULL
          AND (a.state <> 'ended' OR EXISTS (
              SELECT FROM agent WHERE agent.attempt_id = a.attempt_id AND agent.state = 'wrap_up'
          ))
    )
    UNION ALL
    SELECT 'what is final says why', CAST(due_call_id AS text)
    FROM due_call
    WHERE state NOT IN ('waiting', 'claimed') AND COALESCE(settled_because, '') = ''
    UNION ALL
    SELECT 'what was put off says why', CAST(dc.due_call_id AS text)
    FROM due_call dc
    WHERE dc.state = 'waiting' AND dc.next_at > dc.not_before
      AND NOT EXISTS (SELECT FROM verdict v WHERE v.due_call_id = dc.due_call_id)
      AND NOT EXISTS (SELECT FROM attempt_due_call adc WHERE adc.due_call_id = dc.due_call_id)
    UNION ALL
    SELECT 'attempts are counted', CAST(dc.due_call_id AS text)
    FROM due_call dc
    WHERE dc.attempts <> (
        SELECT count(*) FROM attempt_due_call adc JOIN attempt a USING (attempt_id)
        WHERE adc.due_call_id = dc.due_call_id
          AND (a.submitted_at IS NOT NULL OR a.state <> 'ended')
    )
    UNION ALL
    SELECT 'paid is the sum of the payments', CAST(c.charge_id AS text)
    FROM charge c
    WHERE c.paid_minor <> COALESCE(
        (SELECT sum(p.amount_minor) FROM payment p WHERE p.charge_id = c.charge_id), 0
    )
    UNION ALL
    SELECT 'a promise to pay on a call is on file', CAST(adc.attempt_id AS text)
    FROM attempt_due_call adc
    WHERE adc.wrap_up_code = 'promise_to_pay'
      AND NOT EXISTS (SELECT FROM promise p WHERE p.attempt_id = adc.attempt_id)
      AND NOT EXISTS (SELECT FROM note n JOIN attempt a USING (person_id)
                      WHERE a.attempt_id = adc.attempt_id)
    UNION ALL
    SELECT 'an opt-out on a call stands', CAST(adc.attempt_id AS text)
    FROM attempt_due_call adc JOIN attempt a USING (attempt_id)
    WHERE adc.wrap_up_code = 'opted_out'
      AND NOT EXISTS (SELECT FROM do_not_call w WHERE w.person_id = a.person_id)
    UNION ALL
    SELECT 'a dissatisfied owner makes a rework notice', CAST(adc.attempt_id AS text)
    FROM attempt_due_call adc JOIN attempt a USING (attempt_id)
    WHERE adc.wrap_up_code = 'dissatisfied'
      AND NOT EXISTS (SELECT FROM rework_notice r WHERE r.attempt_id = adc.attempt_id)
      AND NOT EXISTS (SELECT FROM note n WHERE n.person_id = a.person_id)
""")

_STUCK = sa.text("""
    SELECT 'an agent is stuck' AS law, CAST(agent_id AS text) AS who
    FROM agent WHERE state NOT IN ('ready', 'break', 'offline')
    UNION ALL
    SELECT 'a due call is stuck', CAST(due_call_id AS text)
    FROM due_call WHERE state = 'claimed'
    UNION ALL
    SELECT 'a call has no outcome', CAST(attempt_id AS text)
    FROM attempt_due_call WHERE settled_at IS NULL
""")

# The list as the customer file asks for it, told without the builders.
_MISSING = sa.text("""
    SELECT 'a completed repair owes a callback' AS law, w.work_order_id AS subject
    FROM work_order w JOIN community c USING (community_id)
    WHERE w.completed_on <= CAST(CAST(:now AS timestamptz) AT TIME ZONE c.time_zone AS date)
      AND w.reopened_at IS NULL
      AND EXISTS (
          SELECT FROM occupancy o JOIN person p USING (person_id)
          WHERE o.unit_id = w.unit_id AND p.deceased_at IS NULL
            AND daterange(o.valid_from, o.valid_until)
                @> CAST(CAST(:now AS timestamptz) AT TIME ZONE c.time_zone AS date)
      )
      AND NOT EXISTS (
          SELECT FROM due_call dc
          WHERE dc.reason = 'repair' AND dc.subject = 'work_order:' || w.work_order_id
            AND dc.cycle = CAST(w.cycle AS text) AND dc.state <> 'withdrawn'
      )
    UNION ALL
    SELECT 'a debt past due is spoken of, or was', ch.charge_id
    FROM charge ch JOIN community c USING (community_id)
    JOIN person p ON p.person_id = ch.liable_person_id
    WHERE ch.amount_minor > ch.paid_minor AND ch.disputed_at IS NULL AND p.deceased_at IS NULL
      AND ch.due_on < CAST(CAST(:now AS timestamptz) AT TIME ZONE c.time_zone AS date)
      AND NOT EXISTS (
          SELECT FROM promise JOIN promise_charge pc USING (promise_id)
          WHERE pc.charge_id = ch.charge_id AND promise.state = 'open'
      )
      AND NOT EXISTS (
          SELECT FROM extension e
          WHERE e.charge_id = ch.charge_id AND e.state IN ('requested', 'approved')
            AND e.until >= CAST(CAST(:now AS timestamptz) AT TIME ZONE c.time_zone AS date)
      )
      AND NOT EXISTS (SELECT FROM ladder_progress lp WHERE lp.charge_id = ch.charge_id)
      AND NOT EXISTS (
          SELECT FROM due_call dc
          WHERE dc.person_id = ch.liable_person_id AND dc.settled_at IS NULL
            AND (dc.reason = 'overdue' OR dc.facts->>'about' = 'overdue')
      )
""")

_DUE_CALLS = sa.text("""
    SELECT due_call_id, person_id, state, next_at, not_before, due_by, priority, script, facts,
           settled_because
    FROM due_call ORDER BY due_call_id
""")
_STEPS = sa.text("SELECT charge_id, step FROM ladder_progress")


async def broken(session: AsyncSession) -> Sequence[Any]:
    """Return what breaks a law of the tables, with whom."""
    return (await session.execute(_BROKEN)).all()


async def stuck(session: AsyncSession) -> Sequence[Any]:
    """Return what should have come to rest and has not."""
    return (await session.execute(_STUCK)).all()


async def missing(session: AsyncSession, now: object) -> Sequence[Any]:
    """Return what is owed a call and has none, right after a build."""
    return (await session.execute(_MISSING, {"now": now})).all()


async def due_calls(session: AsyncSession) -> Sequence[Any]:
    """Return every due call as it stands."""
    return (await session.execute(_DUE_CALLS)).all()


async def ladder_steps(session: AsyncSession) -> dict[int, int]:
    """Return the highest step done by charge."""
    return {row.charge_id: row.step for row in await session.execute(_STEPS)}
