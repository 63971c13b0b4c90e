"""Promised: calls at the time an owner named, going on with what they were about."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaign, Campaigns
from callback.changes import Changes, add, counts, withdrawing
from customers.model import Purpose, Reason

# The debts a request goes on with: those of the call it was made in; of a request made elsewhere,
# all that the person owes. `settled` says why nothing is left to speak of.
_DEBTS = sa.text("""
    CREATE TEMPORARY TABLE promised_debt ON COMMIT DROP AS
    SELECT cr.callback_request_id, c.charge_id, COALESCE(dcc.step, 0) AS step,
           c.amount_minor > c.paid_minor AS is_open, c.disputed_at IS NOT NULL AS is_disputed
    FROM callback_request cr
    JOIN charge c ON c.liable_person_id = cr.person_id
    JOIN due_place place ON place.community_id = c.community_id
    LEFT JOIN due_call_charge dcc
        ON dcc.due_call_id = cr.about_due_call_id AND dcc.charge_id = c.charge_id
    WHERE cr.about = 'overdue' AND cr.cancelled_at IS NULL
      AND (dcc.charge_id IS NOT NULL OR cr.about_due_call_id IS NULL)
      AND (dcc.charge_id IS NOT NULL OR (c.amount_minor > c.paid_minor AND c.due_on <= place.today))
      AND NOT EXISTS (
          SELECT FROM due_call dc
          WHERE dc.reason = 'promised'
            AND dc.subject = 'callback_request:' || cr.callback_request_id
            AND dc.state NOT IN ('waiting', 'withdrawn')
      )
""")

_WITHDRAW = withdrawing("""
    WITH debt AS (
        SELECT callback_request_id, bool_or(is_open) AS is_open
        FROM promised_debt
        GROUP BY callback_request_id
        HAVING NOT bool_or(is_open AND NOT is_disputed)
    ), gone AS (
        SELECT dc.due_call_id,
               CASE WHEN cr.cancelled_at IS NOT NULL THEN 'cancelled'
                    WHEN person.deceased_at IS NOT NULL THEN 'deceased'
                    WHEN debt.is_open THEN 'disputed'
                    ELSE 'paid' END AS because
        FROM due_call dc
        JOIN due_place place USING (community_id)
        JOIN callback_request cr
            ON cr.callback_request_id = CAST(substring(dc.subject FROM '[0-9]+$') AS bigint)
        JOIN person ON person.person_id = dc.person_id
        LEFT JOIN debt ON debt.callback_request_id = cr.callback_request_id
        WHERE dc.reason = 'promised' AND dc.state = 'waiting' AND place.listed
          AND (cr.cancelled_at IS NOT NULL OR person.deceased_at IS NOT NULL
               OR debt.callback_request_id IS NOT NULL
               OR (cr.about = 'overdue' AND NOT EXISTS (
                   SELECT FROM promised_debt
                   WHERE promised_debt.callback_request_id = cr.callback_request_id)))
        FOR UPDATE OF dc SKIP LOCKED
    )
""")

# A request made in a promised call is about what that call was about. xmax is zero in a row just
# inserted, and not in one withdrawn that is owed again.
_INSERT = sa.text("""
    WITH purpose AS (
        SELECT * FROM unnest(CAST(:about AS text[]), CAST(:purposes AS text[]))
            AS purpose(about, purpose)
    ), made AS (
        INSERT INTO due_call (
            person_id, community_id, unit_id, reason, purpose, mode, campaign, script,
            subject, cycle, facts, appointment, not_before, due_by, next_at, priority, agent_id,
            created_at
        )
        SELECT cr.person_id, cr.community_id, place_called.unit_id,
               'promised', COALESCE(original.purpose, purpose.purpose),
               COALESCE(cr.mode, :mode), :campaign, :script,
               'callback_request:' || cr.callback_request_id, '1',
               jsonb_build_object(
                   'callback_request_id', cr.callback_request_id,
                   'about', cr.about,
                   'about_due_call_id',
                       COALESCE(CAST(original.facts->>'about_due_call_id' AS bigint),
                                original.due_call_id),
                   'asked_at', cr.asked_at,
                   'rules', CAST(:version AS text)
               ),
               true, cr.call_at, cr.call_at + make_interval(mins => :window_minutes),
               cr.call_at, :priority, cr.agent_id, :now
        FROM callback_request cr
        JOIN due_place place USING (community_id)
        JOIN purpose USING (about)
        JOIN person ON person.person_id = cr.person_id AND person.deceased_at IS NULL
        LEFT JOIN due_call original ON original.due_call_id = cr.about_due_call_id
        JOIN LATERAL (
            SELECT COALESCE(cr.unit_id, original.unit_id, min(o.unit_id)) AS unit_id
            FROM occupancy o
            WHERE o.person_id = cr.person_id
        ) AS place_called ON true
        WHERE place.listed AND cr.cancelled_at IS NULL
          AND (cr.about <> 'overdue' OR EXISTS (
              SELECT FROM promised_debt debt
              WHERE debt.callback_request_id = cr.callback_request_id
                AND debt.is_open AND NOT debt.is_disputed
          ))
          AND NOT EXISTS (
              SELECT FROM due_call dc
              WHERE dc.reason = 'promised'
                AND dc.subject = 'callback_request:' || cr.callback_request_id
                AND dc.state <> 'withdrawn'
          )
        ORDER BY cr.callback_request_id
        ON CONFLICT (reason, subject, cycle) DO UPDATE
        SET not_before = excluded.not_before, due_by = excluded.due_by,
            next_at = greatest(due_call.next_at, excluded.next_at),
            priority = excluded.priority, facts = excluded.facts,
            mode = excluded.mode, agent_id = excluded.agent_id,
            state = 'waiting', settled_at = NULL, settled_because = NULL
        WHERE due_call.state = 'withdrawn'
        RETURNING xmax = 0 AS is_new
    )
    SELECT is_new, count(*) FROM made GROUP BY is_new
""")

_COVER = sa.text("""
    INSERT INTO due_call_charge (due_call_id, charge_id, step)
    SELECT dc.due_call_id, debt.charge_id, debt.step
    FROM promised_debt debt
    JOIN due_call dc ON dc.reason = 'promised' AND dc.state = 'waiting'
                    AND dc.subject = 'callback_request:' || debt.callback_request_id
    JOIN due_place place ON place.community_id = dc.community_id AND place.listed
    WHERE debt.is_open
    ORDER BY dc.due_call_id, debt.charge_id
    ON CONFLICT DO NOTHING
""")

_DROP = sa.text("DROP TABLE promised_debt")


async def build_promised(session: AsyncSession, campaigns: Campaigns, *, now: datetime) -> Changes:
    """Bring the appointments in line with what owners asked for; needs `due_place`."""
    campaign = campaigns.promised
    parameters: dict[str, Any] = {
        "campaign": campaign.name,
        "mode": campaign.mode.value,
        "script": campaign.script,
        "priority": campaign.priority,
        "window_minutes": campaign.window_minutes,
        "about": [reason.value for reason in Reason],
        "purposes": [purpose_of(reason, campaigns).value for reason in Reason],
        "version": campaigns.version,
        "now": now,
    }
    await session.execute(_DEBTS)
    withdrawn = await counts(session, _WITHDRAW, parameters)
    created, restored = await add(session, _INSERT, parameters)
    await session.execute(_COVER)
    await session.execute(_DROP)
    return Changes(created=created, restored=restored, withdrawn=withdrawn)


def purpose_of(about: Reason, campaigns: Campaigns) -> Purpose:
    """Return what consent is asked by in a call about something: what that call itself asks."""
    of_reason: dict[Reason, Campaign] = {each.reason: each for each in campaigns.all}
    return of_reason.get(about, campaigns.promised).purpose
