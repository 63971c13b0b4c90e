"""Whom the customer file means by a unit, a phone number or a reference, however it is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import OwnerlineError
from customers.parsing.phones import read_phones
from customers.parsing.text import as_text
from customers.parsing.units import read_unit


class NothingFoundError(OwnerlineError):
    """The customer file has no unit, phone or reference like that."""


class FoundBy(StrEnum):
    """What of the file a query named."""

    UNIT = "unit"
    PHONE = "phone"
    CHARGE = "charge"
    WORK_ORDER = "work_order"


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A person a query means, at a unit; `subject_id` is the charge's or the work order's.

    Who is known by a list alone has no unit.
    """

    by: FoundBy
    person_id: int
    name: str
    unit_id: int | None
    unit: str
    community_id: int
    community: str
    subject_id: int | None


# Who holds a unit comes before who will and who did; each person once.
_HOLDERS = """
    SELECT DISTINCT ON (u.community_id, u.unit_id, p.person_id)
           p.person_id, p.name, u.unit_id, u.label AS unit, c.community_id, c.name AS community
    FROM unit u JOIN community c USING (community_id)
    JOIN occupancy o USING (unit_id) JOIN person p USING (person_id)
"""
_BY_UNIT = f"""
    SELECT 'unit' AS by, held.*, CAST(NULL AS bigint) AS subject_id FROM ({_HOLDERS}
    WHERE u.label = ANY(:labels) AND (CAST(:community AS text) IS NULL OR c.name = :community)
      AND o.valid_until IS NULL) held
    ORDER BY community_id, unit_id, person_id
"""  # noqa: S608 - joined of our own parts
_BY_PHONE = f"""
    SELECT 'phone' AS by, held.*, CAST(NULL AS bigint) AS subject_id FROM ({_HOLDERS}
    WHERE p.person_id IN (SELECT person_id FROM phone WHERE e164 = ANY(:phones))
      AND (CAST(:community AS text) IS NULL OR c.name = :community)) held
    ORDER BY community_id, unit_id, person_id
"""  # noqa: S608 - joined of our own parts
_BY_PHONE_ALONE = """
    SELECT 'phone' AS by, p.person_id, p.name, CAST(NULL AS bigint) AS unit_id, '' AS unit,
           c.community_id, c.name AS community, CAST(NULL AS bigint) AS subject_id
    FROM person p JOIN community c ON c.community_id = p.community_id
    WHERE p.person_id IN (SELECT person_id FROM phone WHERE e164 = ANY(:phones))
      AND (CAST(:community AS text) IS NULL OR c.name = :community)
    ORDER BY p.person_id
"""
_TIES = f"""
    SELECT 'unit' AS by, held.*, CAST(NULL AS bigint) AS subject_id FROM ({_HOLDERS}
    WHERE p.person_id = :person_id
    ORDER BY u.community_id, u.unit_id, p.person_id, o.valid_until DESC NULLS FIRST) held
"""  # noqa: S608 - joined of our own parts
_TIED_TO_NONE = """
    SELECT 'phone' AS by, p.person_id, p.name, CAST(NULL AS bigint) AS unit_id, '' AS unit,
           c.community_id, c.name AS community, CAST(NULL AS bigint) AS subject_id
    FROM person p JOIN community c ON c.community_id = p.community_id
    WHERE p.person_id = :person_id
"""
_BY_CHARGE = """
    SELECT 'charge' AS by, p.person_id, p.name, u.unit_id, u.label AS unit, c.community_id,
           c.name AS community, h.charge_id AS subject_id
    FROM charge h JOIN unit u USING (unit_id) JOIN community c ON c.community_id = h.community_id
    JOIN person p ON p.person_id = h.liable_person_id
    WHERE upper(h.reference) = upper(:text)
      AND (CAST(:community AS text) IS NULL OR c.name = :community)
    ORDER BY h.charge_id
"""
_BY_WORK_ORDER = """
    SELECT 'work_order' AS by, p.person_id, p.name, u.unit_id, u.label AS unit, c.community_id,
           c.name AS community, w.work_order_id AS subject_id
    FROM work_order w JOIN unit u USING (unit_id)
    JOIN community c ON c.community_id = w.community_id
    JOIN occupancy o ON o.unit_id = u.unit_id AND o.valid_until IS NULL
    JOIN person p USING (person_id)
    WHERE upper(w.reference) = upper(:text)
      AND (CAST(:community AS text) IS NULL OR c.name = :community)
    ORDER BY w.work_order_id, o.role <> 'owner', p.person_id
"""


async def find_people(
    session: AsyncSession, query: str, *, community: str | None = None
) -> Sequence[Found]:
    """Return the people meant by a unit, a phone or a reference, within a community if given.

    A unit is read as workbooks write it (`3栋2单元1201`), a phone in the region of any community;
    a unit comes before a reference, and a reference before a phone.

    Raises:
        NothingFoundError: nobody is meant.
    """
    text = as_text(query)
    facts = {
        "community": None if community is None else as_text(community),
        "labels": list({read_unit(query), text}),
        "phones": await phones_meant(session, query),
        "text": text,
    }
    for statement in (_BY_UNIT, _BY_CHARGE, _BY_WORK_ORDER, _BY_PHONE, _BY_PHONE_ALONE):
        rows = (await session.execute(sa.text(statement), facts)).all()
        if rows:
            return [_found(row) for row in rows]
    where = "" if community is None else f" in {community}"
    message = (
        f"nobody is known by {query!r}{where}; give a unit (3-2-1201), a phone number,"
        " or the reference of a charge or work order"
    )
    raise NothingFoundError(message)


async def ties_of(session: AsyncSession, person_id: int) -> Sequence[Found]:
    """Return a person at each unit they hold, will or did; who never held one, alone.

    Raises:
        NothingFoundError: there is no such person, or they belong to no community.
    """
    for statement in (_TIES, _TIED_TO_NONE):
        rows = (await session.execute(sa.text(statement), {"person_id": person_id})).all()
        if rows:
            return [_found(row) for row in rows]
    message = f"person {person_id} belongs to no community"
    raise NothingFoundError(message)


async def phones_meant(session: AsyncSession, query: str) -> list[str]:
    """Return the numbers a text means in the region of any community, in E.164."""
    regions = await session.scalars(sa.text("SELECT DISTINCT region FROM community"))
    return sorted({phone.e164 for region in regions for phone in read_phones(query, region).phones})


def _found(row: sa.Row[Any]) -> Found:
    return Found(
        by=FoundBy(row.by),
        person_id=row.person_id,
        name=row.name,
        unit_id=row.unit_id,
        unit=row.unit,
        community_id=row.community_id,
        community=row.community,
        subject_id=row.subject_id,
    )
