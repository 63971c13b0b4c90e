"""What becomes of a work order between its report and its callback: changed, completed."""

from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import OwnerlineError
from customers.account_tables import WorkOrder
from customers.desk import UnknownSubjectError


class ImpossibleCompletionError(OwnerlineError):
    """A repair cannot be completed on that day."""


async def complete_work_order(
    session: AsyncSession, *, work_order_id: int, completed_on: date, today: date
) -> int:
    """Note that a repair was completed, which owes a callback; returns its cycle.

    A day that is noted already changes nothing.

    Raises:
        UnknownSubjectError: no such work order.
        ImpossibleCompletionError: before its report, in the future, or not after the completion
            that was found wanting.
    """
    order = await _locked(session, work_order_id)
    if completed_on < order.reported_on or completed_on > today:
        message = (
            f"work order {work_order_id} was reported on {order.reported_on} and today is {today};"
            f" it cannot be completed on {completed_on}"
        )
        raise ImpossibleCompletionError(message)
    before = order.previous_completed_on
    if order.completed_on is None and before is not None and completed_on <= before:
        message = (
            f"work order {work_order_id} was reopened after its completion on {before};"
            f" {completed_on} is no new completion"
        )
        raise ImpossibleCompletionError(message)
    order.completed_on, order.reopened_at = completed_on, None
    await session.flush()
    return order.cycle


async def change_work_order(
    session: AsyncSession, *, work_order_id: int, changes: Mapping[str, object]
) -> None:
    """Write other values of category, contractor, warranty or description on a work order.

    Raises:
        UnknownSubjectError: no such work order.
    """
    order = await _locked(session, work_order_id)
    for name, value in changes.items():
        setattr(order, name, value)
    await session.flush()


async def _locked(session: AsyncSession, work_order_id: int) -> WorkOrder:
    order = await session.scalar(
        sa.select(WorkOrder).where(WorkOrder.work_order_id == work_order_id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if order is None:
        raise UnknownSubjectError(what="work order", subject_id=work_order_id)
    return order
