"""Repair: every completion of a work order owes one callback, within days set by its category."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import RepairCampaign
from callback.changes import Changes, add, counts, withdrawing

# Reopened, or whom we meant to ask has left; if somebody else lives there, the call comes back for
# them below. A call that is being claimed at this very moment is left alone.
_WITHDRAW = withdrawing("""
    WITH gone AS (
        SELECT dc.due_call_id,
               CASE WHEN w.completed_on IS NULL OR w.reopened_at IS NOT NULL
                         OR CAST(w.cycle AS text) <> dc.cycle THEN 'reopened'
                    WHEN person.deceased_at IS NOT NULL THEN 'deceased'
                    ELSE 'nobody_there' END AS because
        FROM due_call dc
        JOIN due_place place USING (community_id)
        JOIN person USING (person_id)
        JOIN work_order w
            ON w.work_order_id = CAST(substring(dc.subject FROM '[0-9]+$') AS bigint)
        WHERE dc.reason = 'repair' AND dc.state = 'waiting' AND place.listed
          AND (w.completed_on IS NULL OR w.reopened_at IS NOT NULL
               OR CAST(w.cycle AS text) <> dc.cycle
               OR person.deceased_at IS NOT NULL
               OR NOT EXISTS (
                   SELECT FROM occupancy o
                   WHERE o.unit_id = w.unit_id AND o.person_id = dc.person_id
                     AND daterange(o.valid_from, o.valid_until) @> place.today
               ))
        FOR UPDATE OF dc SKIP LOCKED
    )
""")

# Asked is who lives there now: first somebody who did on the day of completion, tenant before
# owner. xmax is zero in a row just inserted, and not in one withdrawn that is owed again.
_INSERT = sa.text("""
    WITH owing AS MATERIALIZED (
        SELECT w.work_order_id, w.community_id, w.unit_id, w.category, w.completed_on, w.cycle,
               place.today, place.time_zone
        FROM work_order w
        JOIN due_place place USING (community_id)
        WHERE place.listed AND w.completed_on <= place.today AND w.reopened_at IS NULL
          AND NOT EXISTS (
              SELECT FROM due_call dc
              WHERE dc.reason = 'repair' AND dc.subject = 'work_order:' || w.work_order_id
                AND dc.cycle = CAST(w.cycle AS text) AND dc.state <> 'withdrawn'
          )
    ), asked AS (
        SELECT DISTINCT ON (owing.work_order_id) owing.*, o.person_id
        FROM owing
        JOIN occupancy o ON o.unit_id = owing.unit_id AND o.role IN ('owner', 'tenant')
                        AND daterange(o.valid_from, o.valid_until) @> owing.today
        JOIN person ON person.person_id = o.person_id AND person.deceased_at IS NULL
        ORDER BY owing.work_order_id,
                 daterange(o.valid_from, o.valid_until) @> owing.completed_on DESC,
                 o.role = 'tenant' DESC, o.occupancy_id
    ), term AS (
        SELECT * FROM unnest(CAST(:categories AS text[]), CAST(:days AS int[]))
            AS term(category, days)
    ), made AS (
        INSERT INTO due_call (
            person_id, community_id, unit_id, reason, purpose, mode, campaign, script,
            subject, cycle, facts, not_before, due_by, next_at, priority, created_at
        )
        SELECT asked.person_id, asked.community_id, asked.unit_id,
               'repair', :purpose, :mode, :campaign, :script,
               'work_order:' || asked.work_order_id, CAST(asked.cycle AS text),
               jsonb_build_object(
                   'work_order_id', asked.work_order_id,
                   'category', asked.category,
                   'completed_on', asked.completed_on,
                   'callback_by', asked.completed_on + term.days,
                   'rules', CAST(:version AS text)
               ),
               asked.completed_on::timestamp AT TIME ZONE asked.time_zone,
               (asked.completed_on + term.days + 1)::timestamp AT TIME ZONE asked.time_zone,
               asked.completed_on::timestamp AT TIME ZONE asked.time_zone,
               :priority, :now
        FROM asked
        JOIN term USING (category)
        ORDER BY asked.work_order_id
        ON CONFLICT (reason, subject, cycle) DO UPDATE
        SET person_id = excluded.person_id, facts = excluded.facts,
            not_before = excluded.not_before, due_by = excluded.due_by,
            next_at = greatest(due_call.next_at, excluded.next_at),
            priority = excluded.priority,
            state = 'waiting', settled_at = NULL, settled_because = NULL
        WHERE due_call.state = 'withdrawn'
        RETURNING xmax = 0 AS is_new
    )
    SELECT is_new, count(*) FROM made GROUP BY is_new
""")


async def build_repair(
    session: AsyncSession, campaign: RepairCampaign, *, version: str, now: datetime
) -> Changes:
    """Bring the callbacks in line with the work orders; needs `due_place`."""
    parameters: dict[str, Any] = {
        "campaign": campaign.name,
        "purpose": campaign.purpose.value,
        "mode": campaign.mode.value,
        "script": campaign.script,
        "priority": campaign.priority,
        "categories": [category.value for category in campaign.days],
        "days": list(campaign.days.values()),
        "version": version,
        "now": now,
    }
    withdrawn = await counts(session, _WITHDRAW, parameters)
    created, restored = await add(session, _INSERT, parameters)
    return Changes(created=created, restored=restored, withdrawn=withdrawn)
