"""Invented people behind the numbers of the customer file, for the simulated carrier."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from customers.tables import Community, Occupancy, Person, Phone, Unit
from dialer.bridges.simulated.people import Behaviour
from dialer.plan import identity_of


async def population_of(session: AsyncSession) -> dict[str, Behaviour]:
    """Return who holds each number on file: they know their own unit, as its owner would.

    Who holds no unit knows none.
    """
    rows = await session.execute(
        sa.select(
            Phone.e164,
            Phone.person_id,
            Person.identity_digits,
            Unit.label,
            Community.time_zone,
        )
        .join(Person, Person.person_id == Phone.person_id)
        .outerjoin(Occupancy, Occupancy.person_id == Person.person_id)
        .outerjoin(Unit, Unit.unit_id == Occupancy.unit_id)
        .join(
            Community,
            Community.community_id == sa.func.coalesce(Unit.community_id, Person.community_id),
        )
        .ext(distinct_on(Phone.e164))
        .order_by(Phone.e164, Phone.person_id, Occupancy.occupancy_id)
    )
    return {
        row.e164: Behaviour(
            person=str(row.person_id),
            time_zone=row.time_zone,
            identity=identity_of(row.identity_digits, row.label)[0],
        )
        for row in rows
    }
