"""Who rings, as far as the customer file knows the number; whom a caller's wish is for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.phone import PhoneNumber
from customers.model import Language
from customers.service import add_phone
from customers.tables import Community, Person

# Of people made for a caller's wish: nobody knows more of them than their number.
CALLER = "inbound"
_CALLED = {Language.MANDARIN: "来电客户", Language.ENGLISH: "the person who rang us"}
_LEAST_DIGITS = 3

_HOLDERS = sa.text("""
    SELECT person.person_id, person.language, person.source = :caller AS is_caller,
           phone.phone_id, coalesce(home.community_id, person.community_id) AS community_id,
           home.labels
    FROM phone
    JOIN person USING (person_id)
    LEFT JOIN LATERAL (
        SELECT (array_agg(unit.community_id ORDER BY o.occupancy_id))[1] AS community_id,
               array_agg(unit.label ORDER BY o.occupancy_id) AS labels
        FROM occupancy o
        JOIN unit USING (unit_id)
        JOIN community USING (community_id)
        WHERE o.person_id = person.person_id
          AND daterange(o.valid_from, o.valid_until)
              @> CAST(CAST(:now AS timestamptz) AT TIME ZONE community.time_zone AS date)
    ) AS home ON true
    WHERE phone.e164 = :e164 AND phone.dead_at IS NULL AND person.deceased_at IS NULL
      AND NOT (person.synthetic AND :is_real)
    ORDER BY person.person_id
""")
_OLDEST = sa.select(sa.func.min(Community.community_id))


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """A living person who has the number."""

    person_id: int
    phone_id: int
    language: Language
    community_id: int | None
    labels: tuple[str, ...]  # of their units
    is_caller: bool  # made for an earlier wish


async def holders(
    session: AsyncSession, phone: PhoneNumber | None, *, is_real: bool, now: datetime
) -> list[Holder]:
    """Return who has a number; invented people have none where calls are real.

    Who is known only by the number gives way to whoever has it by name.
    """
    if phone is None:
        return []
    rows = await session.execute(
        _HOLDERS, {"e164": phone.e164, "caller": CALLER, "is_real": is_real, "now": now}
    )
    found = [
        Holder(
            person_id=row.person_id,
            phone_id=row.phone_id,
            language=Language(row.language),
            community_id=row.community_id,
            labels=tuple(row.labels or ()),
            is_caller=row.is_caller,
        )
        for row in rows
    ]
    named = [each for each in found if not each.is_caller]
    return named or found


def holder_of_unit(found: Sequence[Holder], digits: str) -> Holder | None:
    """Return the one who lives where the digits of a unit say; None: nobody, or several."""
    there = [
        each
        for each in found
        if len(digits) >= _LEAST_DIGITS
        and any("".join(re.findall(r"\d", label)) == digits for label in each.labels)
    ]
    return there[0] if len(there) == 1 else None


async def person_to_ring(
    session: AsyncSession,
    number: PhoneNumber | None,
    *,
    caller: Holder | None,
    community_id: int | None,
    language: Language,
    is_real: bool,
    now: datetime,
) -> int | None:
    """Return whom to ring at a number, made new where nobody has it; None: there is no way to.

    Whoever rang need not be whom the number is known by: a number keyed in is not put on anybody's
    file but on that of a caller we know nothing else of.
    """
    found = await holders(session, number, is_real=is_real, now=now)
    if caller is not None and caller.person_id in {each.person_id for each in found}:
        return caller.person_id
    if len(found) == 1:
        return found[0].person_id
    place = community_id or await session.scalar(_OLDEST)
    if number is None or place is None:
        return None
    person = Person(name=_CALLED[language], language=language, source=CALLER, community_id=place)
    session.add(person)
    await session.flush()
    await add_phone(session, person_id=person.person_id, phone=number, source=CALLER)
    return person.person_id
