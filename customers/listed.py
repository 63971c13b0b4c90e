"""People and numbers that an uploaded list brings into the customer file.

The list fills the table `listed_person`; each step here is one statement over all of its rows.
Somebody known only by a list counts to the list's community until an import gives them a unit; a
number comes behind those on file and brings no dead one back.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from customers.spelled_names import spell

SOURCE = "list"

_TABLE = text("""
    CREATE TEMPORARY TABLE listed_person (
        row_number int PRIMARY KEY, person_id bigint NOT NULL, is_new boolean NOT NULL,
        name text, honorific text, language text, phones text[] NOT NULL
    ) ON COMMIT DROP
""")
_DROP = text("DROP TABLE IF EXISTS listed_person")
_ANALYZE = text("ANALYZE listed_person")
_PEOPLE = text("""
    INSERT INTO person (person_id, name, honorific, language, source, community_id, name_keys)
    SELECT person_id, name, honorific, language, :source, :community_id, name_keys
    FROM listed_person LEFT JOIN spelled_name USING (name)
    WHERE is_new
    ORDER BY row_number
""")
_NEW_NAMES = "SELECT DISTINCT name FROM listed_person WHERE is_new"
_PHONES = text("""
    INSERT INTO phone (person_id, e164, position, source)
    SELECT listed.person_id, given.e164,
           COALESCE((SELECT max(ph.position) FROM phone ph
                     WHERE ph.person_id = listed.person_id), 0) + given.nth,
           :source
    FROM listed_person listed
    CROSS JOIN LATERAL unnest(listed.phones) WITH ORDINALITY AS given (e164, nth)
    ORDER BY listed.row_number, given.nth
    ON CONFLICT (person_id, e164) DO NOTHING
""")


async def prepare(session: AsyncSession) -> None:
    """Make the table `listed_person` anew in this transaction."""
    await session.execute(text("SET LOCAL client_min_messages = error"))
    await session.execute(_DROP)
    await session.execute(_TABLE)


async def take_in(session: AsyncSession, *, community_id: int) -> None:
    """Write the new people of `listed_person`, and every number not on file yet."""
    await session.execute(_ANALYZE)
    await spell(session, _NEW_NAMES)
    await session.execute(_PEOPLE, {"source": SOURCE, "community_id": community_id})
    await session.execute(_PHONES, {"source": SOURCE})
