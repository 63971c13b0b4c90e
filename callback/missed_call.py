"""Missed calls: whoever rang us and was not served is owed a call back, one a person.

Calls that came in are the dialer's rows (`inbound_call`); here they are read only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaign_changes import follow_changes
from callback.campaigns import Campaigns
from callback.changes import Changes, add, counts, withdrawing
from callback.places import may_build_now, places
from callback.rebuild import rebuild_soon
from callback.subject_facts import Head, SubjectFacts
from core.columns import AnyRow

# Owed until a talk with the person, or the due call for it is over. A wish to be rung is only met
# by that due call, or by an agent who took a later call of theirs.
_OWED = """
    SELECT i.callback_person_id AS person_id, i.community_id, i.call_id, i.at, i.wish_at,
           i.result IN ('wish', 'word') AS wished
    FROM inbound_call i
    JOIN person ON person.person_id = i.callback_person_id
    WHERE i.result IN ('missed', 'wish', 'word') AND person.deceased_at IS NULL
      AND {whose}
      AND NOT EXISTS (
          SELECT FROM due_call over
          WHERE over.person_id = i.callback_person_id AND over.reason = 'missed_call'
            AND over.state IN ('done', 'exhausted', 'expired') AND over.settled_at >= i.at
      )
      AND NOT EXISTS (
          SELECT FROM inbound_call later
          WHERE later.person_id = i.callback_person_id AND later.at > i.at
            AND (later.result = 'put_through' OR (later.result = 'told' AND i.result = 'missed'))
      )
      AND NOT (i.result = 'missed' AND EXISTS (
          SELECT FROM attempt talk
          JOIN attempt_due_call part USING (attempt_id)
          WHERE talk.person_id = i.callback_person_id AND talk.answered_at > i.at
            AND part.wrap_up_code NOT IN (
                'message_left', 'wrong_number', 'not_the_owner', 'no_reply', 'hung_up')
      ))
"""

# By person: since when we owe it, and what was wished last.
_SUMMED = """
    SELECT person_id, (array_agg(call_id ORDER BY at, call_id))[1] AS first_id,
           min(at) AS first_at, max(at) AS last_at, bool_or(wished) AS wished,
           max(at) FILTER (WHERE wished) AS asked_at,
           (array_agg(wish_at ORDER BY at DESC, call_id DESC) FILTER (WHERE wished))[1] AS wish_at,
           (array_agg(community_id ORDER BY at DESC, call_id DESC))[1] AS community_id
    FROM owed
    GROUP BY person_id
"""

_MAKE = sa.text(f"""
    CREATE TEMPORARY TABLE missed_owed ON COMMIT DROP AS
    WITH owed AS ({_OWED.format(whose="i.at > :since")}), summed AS ({_SUMMED})
    SELECT summed.person_id, summed.first_id, place.community_id, home.unit_id,
           coalesce(summed.wish_at, summed.asked_at, summed.first_at) AS not_before,
           CASE WHEN summed.wish_at IS NOT NULL
                THEN summed.wish_at + make_interval(mins => :wish_minutes)
                ELSE coalesce(summed.asked_at, summed.first_at)
                     + make_interval(hours => :within_hours) END AS due_by,
           summed.wish_at IS NOT NULL AS appointment,
           jsonb_build_object(
               'rang_at', summed.last_at, 'wished', summed.wished, 'rules', CAST(:version AS text)
           ) AS facts
    FROM summed
    JOIN person USING (person_id)
    LEFT JOIN LATERAL (
        SELECT o.unit_id, u.community_id
        FROM occupancy o
        JOIN unit u USING (unit_id)
        JOIN due_place there USING (community_id)
        WHERE o.person_id = summed.person_id
          AND daterange(o.valid_from, o.valid_until) @> there.today
        ORDER BY o.occupancy_id
        LIMIT 1
    ) AS home ON true
    JOIN due_place place
        ON place.community_id
           = coalesce(home.community_id, person.community_id, summed.community_id)
    WHERE place.listed
""")  # noqa: S608 - put together of constants

_WITHDRAW = withdrawing(f"""
    WITH owed AS ({_OWED.format(whose="true")}), gone AS (
        SELECT dc.due_call_id,
               CASE WHEN person.deceased_at IS NOT NULL THEN 'deceased' ELSE 'spoken_to' END
                   AS because
        FROM due_call dc
        JOIN due_place place USING (community_id)
        JOIN person USING (person_id)
        WHERE dc.reason = 'missed_call' AND dc.state = 'waiting' AND place.listed
          AND NOT EXISTS (SELECT FROM owed WHERE owed.person_id = dc.person_id)
        FOR UPDATE OF dc SKIP LOCKED
    )
""")  # noqa: S608 - put together of constants

# Who rings again, and wishes otherwise, changes the call that waits.
_REFRESH = sa.text("""
    UPDATE due_call dc
    SET not_before = owed.not_before, due_by = owed.due_by, appointment = owed.appointment,
        next_at = CASE WHEN dc.attempts = 0 OR owed.appointment THEN owed.not_before
                       ELSE dc.next_at END,
        facts = owed.facts
    FROM missed_owed owed
    WHERE dc.due_call_id IN (
        SELECT due_call_id FROM due_call
        WHERE reason = 'missed_call' AND state = 'waiting'
          AND person_id IN (SELECT person_id FROM missed_owed)
        FOR UPDATE SKIP LOCKED
    ) AND dc.person_id = owed.person_id AND dc.facts <> owed.facts
""")

# xmax is zero in a row just inserted, and not in one withdrawn that is owed again.
_INSERT = sa.text("""
    WITH made AS (
        INSERT INTO due_call (
            person_id, community_id, unit_id, reason, purpose, mode, campaign, script,
            subject, cycle, facts, appointment, not_before, due_by, next_at, priority, created_at
        )
        SELECT owed.person_id, owed.community_id, owed.unit_id, 'missed_call', :purpose, :mode,
               :campaign, :script, 'person:' || owed.person_id, CAST(owed.first_id AS text),
               owed.facts, owed.appointment, owed.not_before, owed.due_by, owed.not_before,
               :priority, :now
        FROM missed_owed owed
        WHERE NOT EXISTS (
            SELECT FROM due_call dc
            WHERE dc.person_id = owed.person_id AND dc.reason = 'missed_call'
              AND dc.state IN ('waiting', 'claimed')
        )
        ORDER BY owed.person_id
        ON CONFLICT (reason, subject, cycle) DO UPDATE
        SET not_before = excluded.not_before, due_by = excluded.due_by,
            next_at = greatest(due_call.next_at, excluded.next_at), facts = excluded.facts,
            appointment = excluded.appointment, priority = excluded.priority,
            state = 'waiting', settled_at = NULL, settled_because = NULL
        WHERE due_call.state = 'withdrawn'
        RETURNING xmax = 0 AS is_new
    )
    SELECT is_new, count(*) FROM made GROUP BY is_new
""")

_DROP = sa.text("DROP TABLE missed_owed")


async def build_missed_calls(
    session: AsyncSession, campaigns: Campaigns, *, now: datetime
) -> Changes:
    """Bring the calls back in line with the calls that came in; needs `due_place`."""
    campaign = campaigns.missed_call
    parameters: dict[str, Any] = {
        "campaign": campaign.name,
        "purpose": campaign.purpose.value,
        "mode": campaign.mode.value,
        "script": campaign.script,
        "priority": campaign.priority,
        "wish_minutes": campaign.wish_minutes,
        "within_hours": campaign.within_hours,
        "since": now - timedelta(days=campaign.forget_days),
        "version": campaigns.version,
        "now": now,
    }
    await session.execute(_MAKE, parameters)
    withdrawn = await counts(session, _WITHDRAW, parameters)
    await session.execute(_REFRESH)
    created, restored = await add(session, _INSERT, parameters)
    await session.execute(_DROP)
    return Changes(created=created, restored=restored, withdrawn=withdrawn)


async def list_missed_calls(
    session: AsyncSession, community_ids: Sequence[int], campaigns: Campaigns, *, now: datetime
) -> None:
    """Let what is owed now be on the lists at once, or a moment after the present build."""
    if not await may_build_now(session):
        await rebuild_soon(session, community_ids, now=now)
        return
    await follow_changes(session, campaigns)
    async with places(session, now=now, day=None, community_ids=community_ids):
        await build_missed_calls(session, campaigns, now=now)


_OF_PERSONS = sa.text(f"""
    WITH owed AS ({_OWED.format(whose="i.callback_person_id = ANY (CAST(:ids AS bigint[]))")})
    SELECT * FROM ({_SUMMED}) AS summed
""")  # noqa: S608 - put together of constants


async def read_missed_calls(
    session: AsyncSession, heads: Mapping[int, Head], *, lock: bool
) -> dict[int, SubjectFacts]:
    """Read who is still owed a call back.

    Nothing is held: what ends the reason is a talk, and the person's live call keeps that apart.
    """
    del lock
    person_ids = sorted({head.person_id for head in heads.values()})
    rows = await session.execute(_OF_PERSONS, {"ids": person_ids})
    owed = {row.person_id: row for row in rows}
    return {
        due_call_id: _facts(head, owed.get(head.person_id)) for due_call_id, head in heads.items()
    }


def _facts(head: Head, row: AnyRow | None) -> SubjectFacts:
    if row is None:
        return head.gone("spoken_to")
    rang_at = row.last_at.astimezone(head.zone).replace(tzinfo=None)
    facts = head.holds(rang_at=rang_at.isoformat(timespec="minutes"), wished=row.wished)
    return replace(facts, asked_at=row.asked_at)
