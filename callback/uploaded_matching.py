"""Whom the customer file means by the rows of a list, and the due calls made of them; set-based.

A row means who has one of its numbers (of several the one of that name, then who lives in the
community), else the person of that name at its unit, else the unit's owner when it names nobody.
Who is not on file and has a number is somebody new.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import UploadedCampaign
from callback.uploaded_model import OF_THE_FILE
from core.columns import AnyRow
from customers import listed
from customers.parsing.words import default_language

LAST_ROW = 2**31 - 1

_FORGET = sa.text("""
    UPDATE uploaded_row
    SET person_id = NULL, unit_id = NULL, match = NULL,
        refusal = CASE WHEN refusal = ANY (CAST(:of_the_file AS text[])) THEN NULL
                       ELSE refusal END,
        refusal_detail = CASE WHEN refusal = ANY (CAST(:of_the_file AS text[])) THEN NULL
                              ELSE refusal_detail END
    WHERE list_id = :list_id
      AND (match IS NOT NULL OR unit_id IS NOT NULL
           OR refusal = ANY (CAST(:of_the_file AS text[])))
""")
_UNITS = sa.text("""
    UPDATE uploaded_row r SET unit_id = u.unit_id
    FROM unit u
    WHERE r.list_id = :list_id AND r.refusal IS NULL
      AND u.community_id = :community_id AND u.label = r.unit
""")
_BY_PHONE = sa.text("""
    UPDATE uploaded_row r SET person_id = found.person_id, match = 'phone'
    FROM (
        SELECT DISTINCT ON (r.row_number) r.row_number, p.person_id
        FROM uploaded_row r
        CROSS JOIN LATERAL unnest(r.phones) AS given (e164)
        JOIN phone ph ON ph.e164 = given.e164
        JOIN person p ON p.person_id = ph.person_id
        WHERE r.list_id = :list_id AND r.refusal IS NULL
        ORDER BY r.row_number, (p.name = r.name) IS NOT TRUE,
                 NOT EXISTS (
                     SELECT FROM occupancy o JOIN unit u USING (unit_id)
                     WHERE o.person_id = p.person_id AND u.community_id = :community_id
                       AND (o.valid_until IS NULL OR o.valid_until > :today)
                 ),
                 p.person_id
    ) AS found
    WHERE r.list_id = :list_id AND r.row_number = found.row_number
""")
_BY_UNIT = sa.text("""
    UPDATE uploaded_row r SET person_id = found.person_id, match = 'unit'
    FROM (
        SELECT DISTINCT ON (r.row_number) r.row_number, o.person_id
        FROM uploaded_row r
        JOIN occupancy o ON o.unit_id = r.unit_id
                        AND (o.valid_from IS NULL OR o.valid_from <= :today)
                        AND (o.valid_until IS NULL OR o.valid_until > :today)
        JOIN person p ON p.person_id = o.person_id
        WHERE r.list_id = :list_id AND r.refusal IS NULL AND r.person_id IS NULL
          AND (p.name = r.name OR (r.name IS NULL AND r.phones = '{}'))
        ORDER BY r.row_number, o.role <> 'owner', o.person_id
    ) AS found
    WHERE r.list_id = :list_id AND r.row_number = found.row_number
""")
_NOBODY = sa.text("""
    UPDATE uploaded_row
    SET refusal = CASE WHEN phones <> '{}' THEN 'no_name'
                       WHEN unit_id IS NULL THEN 'unknown_unit'
                       ELSE 'nobody_there' END,
        refusal_detail = CASE WHEN phones = '{}' THEN unit END
    WHERE list_id = :list_id AND refusal IS NULL AND person_id IS NULL
      AND (phones = '{}' OR name IS NULL)
""")
_NEW = sa.text("""
    UPDATE uploaded_row SET match = 'new'
    WHERE list_id = :list_id AND refusal IS NULL AND person_id IS NULL
""")
# Somebody who holds units there is called about one of them, whatever the list leaves out.
_HOMES = sa.text("""
    UPDATE uploaded_row r SET unit_id = home.unit_id
    FROM (
        SELECT DISTINCT ON (r.row_number) r.row_number, o.unit_id
        FROM uploaded_row r
        JOIN occupancy o ON o.person_id = r.person_id
                        AND (o.valid_until IS NULL OR o.valid_until > :today)
        JOIN unit u ON u.unit_id = o.unit_id AND u.community_id = :community_id
        WHERE r.list_id = :list_id AND r.refusal IS NULL AND r.unit_id IS NULL
        ORDER BY r.row_number, o.role <> 'owner', u.label
    ) AS home
    WHERE r.list_id = :list_id AND r.row_number = home.row_number
""")
_NO_UNIT = sa.text("""
    UPDATE uploaded_row SET refusal = 'no_unit'
    WHERE list_id = :list_id AND refusal IS NULL AND unit_id IS NULL
""")
_DECEASED = sa.text("""
    UPDATE uploaded_row r SET refusal = 'deceased'
    FROM person p
    WHERE r.list_id = :list_id AND r.refusal IS NULL
      AND p.person_id = r.person_id AND p.deceased_at IS NOT NULL
""")
# A wish of the person, or one for every number the row could be rung on.
_OPTED_OUT = sa.text("""
    WITH wish AS (
        SELECT person_id, e164 FROM do_not_call
        WHERE lifted_at IS NULL AND (reason IS NULL OR reason = :reason)
    )
    UPDATE uploaded_row r SET refusal = 'opted_out'
    WHERE r.list_id = :list_id AND r.refusal IS NULL
      AND (r.person_id IN (SELECT person_id FROM wish WHERE person_id IS NOT NULL)
           OR (r.phones <> '{}' AND NOT EXISTS (
               SELECT FROM unnest(r.phones) AS given (e164)
               WHERE given.e164 NOT IN (SELECT e164 FROM wish WHERE e164 IS NOT NULL)
           )))
""")
_SAME_PERSON = sa.text("""
    UPDATE uploaded_row r
    SET refusal = 'same_person', refusal_detail = CAST(firsts.row_number AS text)
    FROM (
        SELECT person_id, min(row_number) AS row_number
        FROM uploaded_row
        WHERE list_id = :list_id AND refusal IS NULL AND person_id IS NOT NULL
        GROUP BY person_id
        HAVING count(*) > 1
    ) AS firsts
    WHERE r.list_id = :list_id AND r.refusal IS NULL
      AND r.person_id = firsts.person_id AND r.row_number > firsts.row_number
""")
_ANALYZE = sa.text("ANALYZE uploaded_row")

_LISTED = sa.text("""
    INSERT INTO listed_person (
        row_number, person_id, is_new, name, honorific, language, phones
    )
    SELECT row_number,
           COALESCE(person_id, nextval(pg_get_serial_sequence('person', 'person_id'))),
           person_id IS NULL, name, honorific, COALESCE(language, :language), phones
    FROM uploaded_row
    WHERE list_id = :list_id AND refusal IS NULL AND withdrawn_at IS NULL
      AND row_number BETWEEN :first AND :last
    ORDER BY row_number
""")
_NEW_PEOPLE = sa.text("""
    UPDATE uploaded_row r SET person_id = listed.person_id
    FROM listed_person listed
    WHERE r.list_id = :list_id AND listed.row_number = r.row_number AND listed.is_new
""")
_DUE_CALLS = sa.text("""
    INSERT INTO due_call (
        person_id, community_id, unit_id, reason, purpose, mode, campaign, script,
        subject, cycle, facts, not_before, due_by, next_at, priority, created_at
    )
    SELECT r.person_id, :community_id, r.unit_id, :reason, :purpose, :mode, :campaign, :script,
           'list:' || r.list_id || ':' || r.row_number, '1',
           jsonb_build_object('list', CAST(:name AS text), 'row', r.row_number),
           CAST(:now AS timestamptz), CAST(:due_by AS timestamptz), CAST(:now AS timestamptz),
           :priority, :now
    FROM uploaded_row r
    WHERE r.list_id = :list_id AND r.refusal IS NULL AND r.withdrawn_at IS NULL
      AND r.row_number BETWEEN :first AND :last
    ORDER BY r.row_number
    ON CONFLICT (reason, subject, cycle) DO NOTHING
""")


async def match_rows(
    session: AsyncSession, uploaded: AnyRow, *, now: datetime, needs_unit: bool
) -> None:
    """Find everybody the list means, as the customer file stands now, and refuse what it must.

    `uploaded` is the list with its community; `needs_unit` says that its script speaks of a unit.
    """
    of_list = {"list_id": uploaded.list_id}
    there = {**of_list, "community_id": uploaded.community_id}
    today = {"today": now.astimezone(ZoneInfo(uploaded.time_zone)).date()}
    await session.execute(_ANALYZE)
    await session.execute(_FORGET, {**of_list, "of_the_file": [each.value for each in OF_THE_FILE]})
    await session.execute(_UNITS, there)
    await session.execute(_BY_PHONE, there | today)
    await session.execute(_BY_UNIT, of_list | today)
    await session.execute(_NOBODY, of_list)
    await session.execute(_NEW, of_list)
    await session.execute(_HOMES, there | today)
    if needs_unit:
        await session.execute(_NO_UNIT, of_list)
    await session.execute(_DECEASED, of_list)
    await session.execute(_OPTED_OUT, {**of_list, "reason": uploaded.reason.value})
    await session.execute(_SAME_PERSON, of_list)
    await session.execute(_ANALYZE)


async def make_due_calls(
    session: AsyncSession,
    uploaded: AnyRow,
    campaign: UploadedCampaign,
    *,
    first: int = 0,
    last: int = LAST_ROW,
    now: datetime,
) -> int:
    """Write the new people and the due calls of matched rows; return how many are new.

    Only rows numbered from `first` to `last`, both among them.
    """
    rows = {"list_id": uploaded.list_id, "first": first, "last": last}
    await listed.prepare(session)
    language = default_language(uploaded.region).value
    await session.execute(_LISTED, {**rows, "language": language})
    await listed.take_in(session, community_id=uploaded.community_id)
    await session.execute(_NEW_PEOPLE, {"list_id": uploaded.list_id})
    made = await session.execute(
        _DUE_CALLS,
        {
            **rows,
            "community_id": uploaded.community_id,
            "reason": campaign.reason.value,
            "purpose": campaign.purpose.value,
            "mode": campaign.mode.value,
            "campaign": campaign.name,
            "script": campaign.script,
            "priority": campaign.priority,
            "name": uploaded.name,
            "due_by": due_by(campaign, now=now, zone=ZoneInfo(uploaded.time_zone)),
            "now": now,
        },
    )
    return max(0, int(made.rowcount)) if isinstance(made, sa.CursorResult) else 0


def due_by(campaign: UploadedCampaign, *, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the end of the last local day on which the calls are on time."""
    last = now.astimezone(zone).date() + timedelta(days=campaign.deadline_days)
    if campaign.ends_on is not None:
        last = min(last, campaign.ends_on)
    return datetime.combine(last + timedelta(days=1), time(0), zone).astimezone(UTC)
