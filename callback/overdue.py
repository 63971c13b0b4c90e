"""Overdue: one reminder a person, at the highest ladder step reached and not yet done."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import OverdueCampaign
from callback.changes import Changes, add, counts

# A promise is kept as soon as enough was paid since it was made, or nothing is left to pay; it is
# broken on the day after its date. The zone is that of the debts; of several, the latest to turn.
_SETTLE_PROMISES = sa.text("""
    UPDATE promise
    SET state = CASE WHEN account.paid_enough THEN 'kept' ELSE 'broken' END, settled_at = :now
    FROM (
        SELECT p.promise_id, min(place.today) AS today,
               sum(c.paid_minor - pc.paid_minor_before) >= p.amount_minor
                   OR bool_and(c.paid_minor >= c.amount_minor) AS paid_enough
        FROM promise p
        JOIN promise_charge pc USING (promise_id)
        JOIN charge c USING (charge_id)
        JOIN due_place place USING (community_id)
        WHERE p.state = 'open'
        GROUP BY p.promise_id
        HAVING bool_or(place.listed)
    ) AS account
    WHERE promise.promise_id = account.promise_id
      AND (account.paid_enough OR promise.promised_on < account.today)
""")

_UNLISTED = sa.text("SELECT EXISTS (SELECT FROM due_place WHERE NOT listed)")

# What holds a debt back, by charge. A promised call about a debt is the next word on it.
_HOLDS = sa.text("""
    CREATE TEMPORARY TABLE held_charge ON COMMIT DROP AS
    SELECT charge_id, min(because) AS because
    FROM (
        SELECT pc.charge_id, 'promise_open' AS because
        FROM promise JOIN promise_charge pc USING (promise_id)
        WHERE promise.state = 'open'
        UNION ALL
        SELECT e.charge_id, 'extension'
        FROM extension e
        JOIN charge c USING (charge_id)
        JOIN due_place place USING (community_id)
        WHERE e.state IN ('requested', 'approved') AND e.until >= place.today
        UNION ALL
        SELECT dcc.charge_id, 'appointment'
        FROM due_call dc JOIN due_call_charge dcc USING (due_call_id)
        WHERE dc.reason = 'promised' AND dc.settled_at IS NULL
    ) AS hold
    GROUP BY charge_id
""")

# Every debt that may be spoken of today with the step it has reached, in one pass over the open
# charges. Persons with a debt in a listed community are taken with all their debts.
_OWED = sa.text("""
    CREATE TEMPORARY TABLE owed ON COMMIT DROP AS
    SELECT c.liable_person_id AS person_id, c.charge_id, c.community_id, c.unit_id, c.currency,
           c.amount_minor - c.paid_minor AS open_minor, c.due_on, place.listed,
           place.today - c.due_on AS days_past_due,
           width_bucket(place.today - c.due_on, CAST(:steps AS int[])) AS rung,
           COALESCE(width_bucket(progress.step, CAST(:steps AS int[])), 0) AS done_rung
    FROM charge c
    JOIN due_place place USING (community_id)
    LEFT JOIN ladder_progress progress USING (charge_id)
    LEFT JOIN held_charge held USING (charge_id)
    WHERE c.amount_minor > c.paid_minor
      AND c.liable_person_id IS NOT NULL
      AND c.disputed_at IS NULL
      AND c.due_on <= place.today - CAST(:first_step AS int)
      AND held.charge_id IS NULL
      AND (CAST(:everywhere AS boolean) OR c.liable_person_id IN (
          SELECT near.liable_person_id
          FROM charge near
          JOIN due_place place USING (community_id)
          WHERE place.listed AND near.amount_minor > near.paid_minor
      ))
""")

# One debt leads a person's call: the highest step not done, then the one that leads the waiting
# call already, then the longest past due. A broken promise brings its person back whatever the
# ladder says: of several the newest, until a call about it has come to an end.
_TARGETS = sa.text("""
    CREATE TEMPORARY TABLE overdue_target ON COMMIT DROP AS
    WITH broken AS (
        SELECT DISTINCT ON (person_id) person_id, promise_id
        FROM promise
        WHERE state = 'broken'
        ORDER BY person_id, promise_id DESC
    ), brought_back AS (
        SELECT owed.person_id, owed.charge_id, broken.promise_id
        FROM broken
        JOIN promise_charge USING (promise_id)
        JOIN owed USING (person_id, charge_id)
        WHERE NOT EXISTS (
            SELECT FROM due_call dc
            WHERE dc.reason = 'overdue'
              AND dc.subject = 'person:' || broken.person_id
              AND dc.cycle = 'promise:' || broken.promise_id
              AND dc.state IN ('done', 'exhausted', 'expired')
        )
    )
    SELECT DISTINCT ON (owed.person_id)
           owed.*, person_back.promise_id,
           COALESCE('promise:' || person_back.promise_id,
                    owed.charge_id || ':' || (CAST(:steps AS int[]))[owed.rung]) AS cycle
    FROM owed
    LEFT JOIN brought_back USING (person_id, charge_id)
    LEFT JOIN (SELECT DISTINCT person_id, promise_id FROM brought_back) AS person_back
        USING (person_id)
    LEFT JOIN (
        SELECT person_id, CAST(facts->>'leading_charge_id' AS bigint) AS charge_id
        FROM due_call
        WHERE reason = 'overdue' AND settled_at IS NULL
    ) AS present USING (person_id, charge_id)
    WHERE (owed.rung > owed.done_rung OR brought_back.promise_id IS NOT NULL)
      AND NOT EXISTS (
          SELECT FROM person p
          WHERE p.person_id = owed.person_id AND p.deceased_at IS NOT NULL
      )
    ORDER BY owed.person_id, owed.rung DESC, present.charge_id IS NULL, owed.due_on, owed.charge_id
""")

# A call that is being claimed at this very moment is left alone: its claim asks the reason again.
_WITHDRAW = sa.text("""
    WITH gone AS (
        SELECT dc.due_call_id, dc.person_id,
               CAST(dc.facts->>'leading_charge_id' AS bigint) AS charge_id
        FROM due_call dc
        JOIN due_place place USING (community_id)
        WHERE dc.reason = 'overdue' AND dc.state = 'waiting' AND place.listed
          AND NOT EXISTS (
              SELECT FROM overdue_target target
              WHERE target.person_id = dc.person_id AND target.cycle = dc.cycle
          )
        FOR UPDATE OF dc SKIP LOCKED
    ), withdrawn AS (
        UPDATE due_call
        SET state = 'withdrawn', settled_at = :now,
            settled_because = CASE
                WHEN person.deceased_at IS NOT NULL THEN 'deceased'
                WHEN c.liable_person_id IS DISTINCT FROM gone.person_id THEN 'not_liable'
                WHEN c.paid_minor >= c.amount_minor THEN 'paid'
                WHEN c.disputed_at IS NOT NULL THEN 'disputed'
                WHEN held.because IS NOT NULL THEN held.because
                WHEN c.due_on > place.today - CAST(:first_step AS int) THEN 'not_due'
                ELSE 'superseded'
            END
        FROM gone
        JOIN person USING (person_id)
        JOIN charge c USING (charge_id)
        JOIN due_place place ON place.community_id = c.community_id
        LEFT JOIN held_charge held USING (charge_id)
        WHERE due_call.due_call_id = gone.due_call_id
        RETURNING due_call.settled_because
    )
    SELECT settled_because, count(*) FROM withdrawn GROUP BY settled_because
""")

# Debts not yet due are no part of an overdue total, nor debts in another currency.
# xmax is zero in a row just inserted, and not in one that was withdrawn and is owed again.
_INSERT = sa.text("""
    WITH step AS (
        SELECT ladder.rung, ladder.script, ladder.mode, ladder.priority, ladder.deadline_days,
               done.rung AS done_rung,
               jsonb_build_object(
                   'step', ladder.step,
                   'skipped_steps', (CAST(:steps AS int[]))[done.rung + 1 : ladder.rung - 1],
                   'skipped_because', 'higher_step_reached',
                   'rules', CAST(:version AS text)
               ) AS facts
        FROM unnest(
            CAST(:rungs AS int[]), CAST(:steps AS int[]), CAST(:scripts AS text[]),
            CAST(:modes AS text[]), CAST(:priorities AS int[]), CAST(:deadline_days AS int[])
        ) AS ladder(rung, step, script, mode, priority, deadline_days)
        CROSS JOIN generate_series(0, cardinality(CAST(:rungs AS int[]))) AS done(rung)
    ), total AS (
        SELECT target.person_id, sum(owed.open_minor) AS total_minor, count(*) AS charge_count
        FROM overdue_target target
        JOIN owed ON owed.person_id = target.person_id AND owed.currency = target.currency
                 AND (owed.days_past_due > 0) = (target.days_past_due > 0)
        GROUP BY target.person_id
    ), made AS (
        INSERT INTO due_call (
            person_id, community_id, unit_id, reason, purpose, mode, campaign, script,
            subject, cycle, facts, not_before, due_by, next_at, priority, created_at
        )
        SELECT target.person_id, target.community_id, target.unit_id,
               'overdue', :purpose, step.mode, :campaign, step.script,
               'person:' || target.person_id, target.cycle,
               step.facts || jsonb_build_object(
                   'leading_charge_id', target.charge_id,
                   'days_past_due', target.days_past_due,
                   'total_minor', total.total_minor,
                   'currency', target.currency,
                   'charge_count', total.charge_count,
                   'broken_promise_id', target.promise_id
               ),
               place.today_start,
               (place.today + step.deadline_days + 1)::timestamp AT TIME ZONE place.time_zone,
               place.today_start, step.priority, :now
        FROM overdue_target target
        JOIN total USING (person_id)
        JOIN due_place place USING (community_id)
        JOIN step USING (rung, done_rung)
        WHERE target.listed
          AND NOT EXISTS (
              SELECT FROM due_call present
              WHERE present.person_id = target.person_id
                AND present.reason = 'overdue' AND present.settled_at IS NULL
          )
        ORDER BY target.person_id
        ON CONFLICT (reason, subject, cycle) DO UPDATE
        SET community_id = excluded.community_id, unit_id = excluded.unit_id,
            mode = excluded.mode, script = excluded.script, facts = excluded.facts,
            not_before = excluded.not_before, due_by = excluded.due_by,
            next_at = greatest(due_call.next_at, excluded.next_at),
            priority = excluded.priority,
            state = 'waiting', settled_at = NULL, settled_because = NULL
        WHERE due_call.state = 'withdrawn'
        RETURNING xmax = 0 AS is_new
    )
    SELECT is_new, count(*) FROM made GROUP BY is_new
""")

# The debts of every waiting call, those that joined or climbed since it was made among them.
_COVER = sa.text("""
    INSERT INTO due_call_charge (due_call_id, charge_id, step)
    SELECT dc.due_call_id, owed.charge_id, (CAST(:steps AS int[]))[owed.rung]
    FROM overdue_target target
    JOIN due_call dc ON dc.person_id = target.person_id AND dc.cycle = target.cycle
                    AND dc.reason = 'overdue' AND dc.state = 'waiting'
    JOIN owed ON owed.person_id = target.person_id AND owed.currency = target.currency
             AND (owed.days_past_due > 0) = (target.days_past_due > 0)
    WHERE target.listed
    ORDER BY dc.due_call_id, owed.charge_id
    ON CONFLICT (due_call_id, charge_id) DO UPDATE SET step = excluded.step
    WHERE due_call_charge.step <> excluded.step
""")

# Fresh tables have no statistics, and plans made without them took twice as long.
_ANALYZE = sa.text("ANALYZE owed, overdue_target")

_DROP = sa.text("DROP TABLE held_charge, owed, overdue_target")

_SETTLE_PROGRESS = sa.text("""
    INSERT INTO ladder_progress (charge_id, step, due_call_id, done_at)
    SELECT charge_id, step, due_call_id, :now
    FROM due_call_charge
    WHERE due_call_id = :due_call_id
    ORDER BY charge_id
    ON CONFLICT (charge_id) DO UPDATE
    SET step = excluded.step, due_call_id = excluded.due_call_id, done_at = excluded.done_at
    WHERE ladder_progress.step < excluded.step
""")


async def build_overdue(
    session: AsyncSession, campaign: OverdueCampaign, *, version: str, now: datetime
) -> Changes:
    """Bring the reminders in line with the accounts; needs `due_place`."""
    parameters = _parameters(campaign) | {"version": version, "now": now}
    await session.execute(_SETTLE_PROMISES, {"now": now})
    await session.execute(_HOLDS)
    everywhere = not (await session.execute(_UNLISTED)).scalar_one()
    await session.execute(_OWED, parameters | {"everywhere": everywhere})
    await session.execute(_TARGETS, parameters)
    await session.execute(_ANALYZE)
    withdrawn = await counts(session, _WITHDRAW, parameters)
    created, restored = await add(session, _INSERT, parameters)
    await session.execute(_COVER, parameters)
    await session.execute(_DROP)
    return Changes(created=created, restored=restored, withdrawn=withdrawn)


async def settle_progress(session: AsyncSession, due_call_id: int, *, now: datetime) -> None:
    """Write down that the call's debts had the steps it spoke of; for a call done or exhausted."""
    await session.execute(_SETTLE_PROGRESS, {"due_call_id": due_call_id, "now": now})


def _parameters(campaign: OverdueCampaign) -> dict[str, Any]:
    ladder = campaign.ladder
    return {
        "campaign": campaign.name,
        "purpose": campaign.purpose.value,
        "first_step": ladder[0].step,
        "rungs": list(range(1, len(ladder) + 1)),
        "steps": [step.step for step in ladder],
        "scripts": [step.script for step in ladder],
        "modes": [(step.mode or campaign.mode).value for step in ladder],
        "priorities": [step.priority for step in ladder],
        "deadline_days": [step.deadline_days for step in ladder],
    }
