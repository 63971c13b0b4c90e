"""A change of accounts: what waits and lost its reason goes in the same transaction."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import sqlalchemy as sa

from api.work import Work
from callback.rebuild import rebuild_soon
from callback.withdrawing import charges_changing
from core.live import Topic, tell_all

_CONCERNED = sa.text("""
    SELECT liable_person_id AS person_id, community_id FROM charge
    WHERE charge_id = ANY (CAST(:charge_ids AS bigint[]))
""")


@asynccontextmanager
async def charges_change(work: Work, charge_ids: Collection[int]) -> AsyncIterator[set[int]]:
    """Hold the calls that wait about the charges, and withdraw those that lose their reason.

    Calls that ring already are cut by the dialers, who hear of the account at the commit; the
    lists of the communities are built a moment later. Yields the charges; new ones are put there.
    """
    concerned = set(charge_ids)
    async with charges_changing(work.session, charge_ids, now=work.now):
        yield concerned
    rows = (await work.session.execute(_CONCERNED, {"charge_ids": sorted(concerned)})).all()
    await tell_all(
        work.session,
        Topic.ACCOUNT,
        sorted({row.person_id for row in rows if row.person_id is not None}),
    )
    await rebuild_soon(work.session, {row.community_id for row in rows}, now=work.now)
