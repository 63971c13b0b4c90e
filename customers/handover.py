"""Who leaves a unit: an occupancy ends on a day, and the bills from that day on are theirs no more.

Who comes is written by the same rules as a contact of a workbook (`customers.importing.records`):
the one before ends on the day the new one moves in, and nobody's time overlaps.
"""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import OwnerlineError
from core.live import Topic, tell
from customers.desk import UnknownSubjectError
from customers.importing import staging
from customers.importing.charges import assign_liable
from customers.people import lock_person
from customers.tables import Occupancy, Unit


class ImpossibleEndError(OwnerlineError):
    """An occupancy ends after it began, and once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """Whose time at which unit has ended."""

    person_id: int
    unit_id: int
    community_id: int


_CHARGES = sa.text("""
    INSERT INTO stage_liability (charge_id)
    SELECT charge_id FROM charge WHERE unit_id = :unit_id AND due_on >= :ends_on
    ON CONFLICT DO NOTHING
""")


async def end_occupancy(
    session: AsyncSession, *, occupancy_id: int, person_id: int, ends_on: date
) -> Ended:
    """End a person's time at a unit: the day is the first that is not theirs any more.

    Raises:
        UnknownSubjectError: the person has no such occupancy.
        ImpossibleEndError: it ended by then, or began later.
    """
    await lock_person(session, person_id)
    tie = await session.scalar(
        sa.select(Occupancy).where(
            Occupancy.occupancy_id == occupancy_id, Occupancy.person_id == person_id
        ),
        execution_options={"populate_existing": True},
    )
    if tie is None:
        raise UnknownSubjectError(what="occupancy", subject_id=occupancy_id)
    if tie.valid_until is not None and tie.valid_until <= ends_on:
        message = f"this ended on {tie.valid_until} already"
        raise ImpossibleEndError(message)
    if tie.valid_from is not None and ends_on <= tie.valid_from:
        message = f"this began on {tie.valid_from}; it cannot end on {ends_on}"
        raise ImpossibleEndError(message)
    tie.valid_until = ends_on
    await session.flush()
    await staging.create(session)
    await session.execute(_CHARGES, {"unit_id": tie.unit_id, "ends_on": ends_on})
    await assign_liable(session)
    await staging.drop(session)
    community_id = await session.scalar(
        sa.select(Unit.community_id).where(Unit.unit_id == tie.unit_id)
    )
    await tell(session, Topic.ACCOUNT, person_id)
    return Ended(person_id=person_id, unit_id=tie.unit_id, community_id=community_id or 0)
