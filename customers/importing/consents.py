"""Consent to automatic calls as a contacts sheet states it, for each number of the row."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from customers.importing.staging import run

# A yes is new only where nothing is known: a stale file gives back no consent that was withdrawn.
# A no counts whenever the last word was not a no already. Of two rows about a number the no wins.
_STATED = """
    SELECT said.e164, said.purpose, said.granted
    FROM (
        SELECT phone.e164, purpose.purpose, bool_and(s.automatic_calls) AS granted
        FROM stage_contact s
        CROSS JOIN LATERAL unnest(s.phones) AS phone (e164)
        CROSS JOIN unnest(ARRAY['debt', 'service', 'survey']) AS purpose (purpose)
        WHERE s.automatic_calls IS NOT NULL AND NOT s.repeat AND NOT s.rejected
        GROUP BY phone.e164, purpose.purpose
    ) AS said
    LEFT JOIN LATERAL (
        SELECT c.granted FROM consent c
        WHERE c.e164 = said.e164 AND c.purpose = said.purpose AND c.mode = 'automatic'
        ORDER BY c.consent_id DESC LIMIT 1
    ) AS last ON true
    WHERE last.granted IS NULL OR (last.granted AND NOT said.granted)
"""
_LOCK = f"""
    SELECT person_id FROM person
    WHERE person_id IN (
        SELECT person_id FROM phone
        WHERE e164 IN (SELECT e164 FROM ({_STATED}) stated WHERE NOT granted))
    ORDER BY person_id FOR UPDATE
"""  # noqa: S608 - joined of our own parts
_INSERT = f"""
    WITH given AS (
        INSERT INTO consent (e164, purpose, mode, granted, given_at, given_by, how)
        SELECT e164, purpose, 'automatic', granted, CAST(:now AS timestamptz), :file, 'import'
        FROM ({_STATED}) stated
        ORDER BY e164, purpose
        RETURNING e164)
    UPDATE stage_contact s SET changed = true FROM given
    WHERE given.e164 = ANY(s.phones) AND s.automatic_calls IS NOT NULL
      AND NOT s.repeat AND NOT s.rejected
"""  # noqa: S608 - joined of our own parts


async def state_consents(session: AsyncSession, *, file: str, now: datetime) -> None:
    """Write the consents the staged contacts state."""
    await run(session, _LOCK)
    await run(session, _INSERT, now=now, file=file)
