"""Units: found or made by their label, however it is written."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import OwnerlineError
from customers.desk import UnknownSubjectError
from customers.parsing.units import read_unit
from customers.tables import Community, Unit


class UnitLabelError(OwnerlineError):
    """The text names no unit."""


async def add_unit(session: AsyncSession, *, community_id: int, label: str) -> tuple[bool, int]:
    """Return whether a unit of that label had to be made, and its id.

    Raises:
        UnknownSubjectError: no such community.
        UnitLabelError: nothing is left of the label once it is read.
    """
    read = read_unit(label)
    if not read:
        message = f"{label!r} names no unit; write it like 3-2-1201"
        raise UnitLabelError(message)
    held = await session.scalar(
        sa.select(Community.community_id)
        .where(Community.community_id == community_id)
        .with_for_update(read=True, key_share=True)
    )
    if held is None:
        raise UnknownSubjectError(what="community", subject_id=community_id)
    made = await session.scalar(
        insert(Unit)
        .values(community_id=community_id, label=read)
        .on_conflict_do_nothing(index_elements=["community_id", "label"])
        .returning(Unit.unit_id)
    )
    if made is not None:
        return True, made
    known = await session.execute(
        sa.select(Unit.unit_id).where(Unit.community_id == community_id, Unit.label == read)
    )
    return False, known.scalar_one()
