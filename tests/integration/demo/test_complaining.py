"""The demo's register of complaints: some of everything, and a call for each that waits."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from customers.complaint_list import list_complaints
from customers.model import Reason
from ownerline.demo.complaining import complain
from tests.integration.callback.customer_file import NOON, CustomerFile


async def test_the_register_has_what_waits_is_late_answered_and_closed(
    database: AsyncEngine,
) -> None:
    async with AsyncSession(database) as session:
        file = CustomerFile(session)
        place = await file.community()
        for _ in range(6):
            await file.home(place)
        await complain(session, now=NOON)

        async def count(standing: str) -> int:
            return (
                await list_complaints(session, standing=standing, category="", limit=9, now=NOON)
            )[0]

        assert [await count(each) for each in ("", "open", "overdue", "closed")] == [6, 5, 1, 1]
        await file.build()
        waiting = await file.waiting(Reason.COMPLAINT)
        assert len(waiting) == 4
        assert sum(each.due_by < NOON for each in waiting) == 1
        cycles = await session.scalars(sa.text("SELECT cycle FROM complaint ORDER BY 1"))
        assert cycles.all() == [1] * 5 + [2]


async def test_a_house_of_two_owners_has_two_complaints(database: AsyncEngine) -> None:
    async with AsyncSession(database) as session:
        file = CustomerFile(session)
        for _ in range(2):
            await file.home()
        await complain(session, now=NOON)
        assert await session.scalar(sa.text("SELECT count(*) FROM complaint")) == 2
