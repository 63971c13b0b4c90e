"""A change of an account takes the calls that lost their reason off the lists, in one transaction.

The waiting calls are held before the account is changed, as a claim does it: due calls first, then
account rows. A claim in flight is so waited for; what it took is cut by the news of the account.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.subjects import load_subjects

_RESTING_ON_CHARGES = sa.text("""
    SELECT due_call_id FROM due_call
    WHERE state = 'waiting' AND reason IN ('overdue', 'promised')
      AND due_call_id IN (
          SELECT due_call_id FROM due_call_charge
          WHERE charge_id = ANY (CAST(:charge_ids AS bigint[])))
    ORDER BY due_call_id
    FOR UPDATE
""")
_RESTING_ON_ORDERS = sa.text("""
    SELECT due_call_id FROM due_call
    WHERE state = 'waiting' AND reason = 'repair'
      AND subject = ANY (CAST(:subjects AS text[]))
    ORDER BY due_call_id
    FOR UPDATE
""")
_WITHDRAW = sa.text("""
    UPDATE due_call
    SET state = 'withdrawn', settled_at = :now, settled_because = gone.because
    FROM unnest(CAST(:ids AS bigint[]), CAST(:because AS text[])) AS gone(due_call_id, because)
    WHERE due_call.due_call_id = gone.due_call_id AND due_call.state = 'waiting'
""")


@asynccontextmanager
async def charges_changing(
    session: AsyncSession, charge_ids: Collection[int], *, now: datetime
) -> AsyncIterator[None]:
    """Withdraw, at the block's end, the waiting calls whose debts leave nothing to speak of."""
    held = await session.scalars(_RESTING_ON_CHARGES, {"charge_ids": sorted(charge_ids)})
    due_call_ids = held.all()
    yield
    await _withdraw(session, due_call_ids, now=now)


@asynccontextmanager
async def work_orders_changing(
    session: AsyncSession, subjects: Collection[str], *, now: datetime
) -> AsyncIterator[None]:
    """Withdraw, at the block's end, the waiting callbacks about orders that are open again."""
    held = await session.scalars(_RESTING_ON_ORDERS, {"subjects": sorted(subjects)})
    due_call_ids = held.all()
    yield
    await _withdraw(session, due_call_ids, now=now)


async def _withdraw(session: AsyncSession, due_call_ids: Sequence[int], *, now: datetime) -> None:
    if not due_call_ids:
        return
    facts = await load_subjects(session, due_call_ids, now=now, lock=False)
    gone = {
        due_call_id: each.reason_gone
        for due_call_id, each in facts.items()
        if not each.reason_holds
    }
    if gone:
        await session.execute(
            _WITHDRAW, {"ids": list(gone), "because": list(gone.values()), "now": now}
        )
