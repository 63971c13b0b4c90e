"""Kinds of phones on file: read from the numbers' plans, a bounded batch after the other."""

import sqlalchemy as sa
from phonenumbers import NumberParseException
from sqlalchemy.ext.asyncio import AsyncSession

from core.phone import PhoneKind, PhoneNumber

_BATCH = 5_000

# The batches walk along the primary key, so that the file is read once however long it is.
_UNREAD = sa.text("""
    SELECT phone_id, e164 FROM phone
    WHERE kind IS NULL AND phone_id > :after
    ORDER BY phone_id
    LIMIT :batch
""")
_READ = sa.text("""
    UPDATE phone SET kind = read.kind
    FROM unnest(CAST(:phone_ids AS bigint[]), CAST(:kinds AS text[])) AS read (phone_id, kind)
    WHERE phone.phone_id = read.phone_id
""")


async def learn_phone_kinds(session: AsyncSession) -> int:
    """Write down the kind of each phone whose number was not read yet; return of how many.

    The caller commits.
    """
    learned, after = 0, 0
    while True:
        unread = (await session.execute(_UNREAD, {"after": after, "batch": _BATCH})).all()
        if not unread:
            return learned
        kinds = [_kind(row.e164) for row in unread]
        phone_ids = [row.phone_id for row in unread]
        await session.execute(_READ, {"phone_ids": phone_ids, "kinds": kinds})
        learned, after = learned + len(unread), phone_ids[-1]


def _kind(e164: str) -> PhoneKind:
    """Return a number's kind; of digits that begin with no country's code, `unknown`."""
    try:
        return PhoneNumber(e164).kind
    except NumberParseException:
        return PhoneKind.UNKNOWN
