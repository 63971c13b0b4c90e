"""A person's numbers as a file states them.

A file that names every unit a person holds restates all numbers that came by import: their order,
and which are no longer there. A file that names only some of the units adds numbers and takes
none away. Numbers an agent took down stay in either case.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from customers.importing.staging import analyze, run

_STATED = """
    CREATE TEMP TABLE stage_phone ON COMMIT DROP AS
    SELECT person_id, e164, whole,
           row_number() OVER (PARTITION BY person_id ORDER BY first_seq, first_nth) AS position
    FROM (SELECT DISTINCT ON (s.person_id, given.e164)
                 s.person_id, given.e164, s.seq AS first_seq, given.nth AS first_nth
          FROM stage_contact s
          CROSS JOIN LATERAL unnest(s.phones) WITH ORDINALITY AS given (e164, nth)
          WHERE NOT s.repeat AND NOT s.rejected
          ORDER BY s.person_id, given.e164, s.seq, given.nth) firsts
    JOIN (SELECT held.person_id, bool_and(EXISTS (
                     SELECT FROM stage_contact named
                     WHERE named.unit_id = held.unit_id AND named.person_id = held.person_id
                       AND named.role = held.role AND NOT named.repeat)) AS whole
          FROM occupancy held
          WHERE held.valid_until IS NULL
            AND held.person_id IN (SELECT person_id FROM stage_contact)
          GROUP BY held.person_id) wholes USING (person_id)
"""
# A number that died on a call comes back by a file that was not imported before its death; one
# that a file left out comes back by any file that states it.
_KNOWN = """
    WITH stated AS (
        SELECT ph.phone_id, CASE WHEN st.whole THEN st.position ELSE ph.position END AS position,
               ph.dead_at IS NOT NULL AND (ph.dead_because = 'replaced' OR NOT EXISTS (
                   SELECT FROM imported_file f
                   WHERE f.sha256 = :sha256 AND f.imported_at <= ph.dead_at)) AS revived
        FROM stage_phone st JOIN phone ph USING (person_id, e164)
    ), updated AS (
        UPDATE phone ph
        SET position = stated.position,
            dead_at = CASE WHEN stated.revived THEN NULL ELSE ph.dead_at END,
            dead_because = CASE WHEN stated.revived THEN NULL ELSE ph.dead_because END
        FROM stated
        WHERE stated.phone_id = ph.phone_id
          AND (stated.revived OR stated.position <> ph.position)
        RETURNING ph.person_id)
    UPDATE stage_contact s SET changed = true FROM updated
    WHERE updated.person_id = s.person_id AND NOT s.repeat
"""
_NEW = """
    WITH added AS (
        INSERT INTO phone (person_id, e164, position, source)
        SELECT person_id, e164,
               CASE WHEN whole THEN position ELSE position + coalesce(
                   (SELECT max(ph.position) FROM phone ph
                    WHERE ph.person_id = stage_phone.person_id), 0) END,
               'import'
        FROM stage_phone ORDER BY person_id, position
        ON CONFLICT (person_id, e164) DO NOTHING
        RETURNING person_id, e164)
    UPDATE stage_contact s SET changed = true FROM added
    WHERE added.person_id = s.person_id AND added.e164 = ANY(s.phones) AND NOT s.repeat
"""
_REPLACED = """
    WITH replaced AS (
        UPDATE phone ph SET dead_at = CAST(:now AS timestamptz), dead_because = 'replaced'
        WHERE ph.dead_at IS NULL AND ph.source = 'import'
          AND ph.person_id IN (SELECT person_id FROM stage_phone WHERE whole)
          AND NOT EXISTS (SELECT FROM stage_phone st
                          WHERE st.person_id = ph.person_id AND st.e164 = ph.e164)
        RETURNING ph.person_id)
    UPDATE stage_contact s SET changed = true FROM replaced
    WHERE replaced.person_id = s.person_id AND NOT s.repeat
"""


async def restate_phones(session: AsyncSession, *, sha256: str, now: datetime) -> None:
    """Bring each person's numbers to what the file states."""
    await run(session, _STATED)
    await analyze(session, "stage_phone")
    await run(session, _KNOWN, sha256=sha256)
    await run(session, _NEW)
    await run(session, _REPLACED, now=now)
