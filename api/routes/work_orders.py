"""Work orders: written, changed, completed; a completed one owes a callback."""

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi import Query, Response
from pydantic import Field

from api.fields import Day, Given, IdQuery, LongText, PathId, Shown, Text, Yes
from api.model import Right, needs
from api.paging import Asked, Page, page_of
from api.reading import narrowed, row_of
from api.records import UNCHANGED, Imported, RecordsResult, ids_of, import_many, import_one
from api.routing import router as router_of
from api.work import Here, Work
from callback import subject_names
from callback.rebuild import rebuild_soon
from callback.withdrawing import work_orders_changing
from core.columns import table_of
from customers.account_tables import WorkOrder
from customers.headers import SheetKind
from customers.model import WorkOrderCategory
from customers.service import reopen_work_order
from customers.tables import Community
from customers.work_orders import change_work_order, complete_work_order

router = router_of("repairs")

_ORDER, _COMMUNITY = table_of(WorkOrder), table_of(Community)


class WorkOrderShown(Shown):
    """A repair; each completion starts a cycle that owes one callback."""

    work_order_id: int
    community_id: int
    unit_id: int
    reference: str
    category: WorkOrderCategory
    category_as_given: str
    reported_on: date
    completed_on: date | None
    previous_completed_on: date | None
    reopened_at: datetime | None
    cycle: int
    contractor: str | None
    in_warranty: bool | None
    description: str | None


class WorkOrderGiven(Given):
    """A repair, as a work-orders sheet has one."""

    community: Text = Field(examples=["翠湖花园"])
    unit: Text = Field(examples=["3-2-1201"])
    reference: Text = Field(examples=["WO-0001"])
    category: Text = Field(
        examples=["漏水"], description="Any word; safety, leak or other is read from it."
    )
    reported_on: Day
    completed_on: Day | None = None
    contractor: Text | None = None
    in_warranty: Yes | None = None
    description: LongText | None = None


class WorkOrdersGiven(Given):
    """Several work orders, in one transaction."""

    items: list[WorkOrderGiven] = Field(min_length=1, max_length=1000)


class WorkOrderChange(Given):
    """What to change; what is left out stays."""

    category: WorkOrderCategory | None = None
    contractor: Text | None = None
    in_warranty: Yes | None = None
    description: LongText | None = None


class CompletionGiven(Given):
    """The day the repair was completed, not in the future."""

    completed_on: Day


class ReopeningGiven(Given):
    """What was found wanting."""

    finding: LongText


@router.get("/work-orders", openapi_extra=needs(Right.READ_WORK_ORDERS))
async def list_work_orders(
    work: Here,
    asked: Asked,
    community_id: Annotated[IdQuery | None, Query()] = None,
    unit_id: Annotated[IdQuery | None, Query()] = None,
    reference: Annotated[Text | None, Query()] = None,
) -> Page[WorkOrderShown]:
    """Return work orders."""
    query = narrowed(
        sa.select(_ORDER),
        community=(_ORDER.c.community_id, community_id),
        unit=(_ORDER.c.unit_id, unit_id),
        reference=(_ORDER.c.reference, reference),
    )
    return await page_of(work, query, _ORDER.c.work_order_id, WorkOrderShown.model_validate, asked)


@router.post(
    "/work-orders",
    status_code=201,
    responses=UNCHANGED,
    openapi_extra=needs(Right.WRITE_WORK_ORDERS),
)
async def put_work_order(work: Here, given: WorkOrderGiven, response: Response) -> Imported:
    """Write a work order; one of that community and reference is updated (200)."""
    result = await import_one(work, SheetKind.WORK_ORDERS, given.model_dump(), response)
    await _rebuild(work, [result])
    return result


@router.post("/bulk/work-orders", openapi_extra=needs(Right.WRITE_WORK_ORDERS))
async def put_work_orders(work: Here, given: WorkOrdersGiven) -> RecordsResult:
    """Write up to 1000 work orders in one transaction; each is told what became of it."""
    result = await import_many(
        work, SheetKind.WORK_ORDERS, [each.model_dump() for each in given.items]
    )
    await _rebuild(work, result.items)
    return result


@router.get("/work-orders/{work_order_id}", openapi_extra=needs(Right.READ_WORK_ORDERS))
async def show_work_order(work: Here, work_order_id: PathId) -> WorkOrderShown:
    """Return a work order."""
    return await _order(work, work_order_id)


@router.patch("/work-orders/{work_order_id}", openapi_extra=needs(Right.WRITE_WORK_ORDERS))
async def change_order(work: Here, work_order_id: PathId, given: WorkOrderChange) -> WorkOrderShown:
    """Change a work order."""
    await change_work_order(
        work.session, work_order_id=work_order_id, changes=given.model_dump(exclude_none=True)
    )
    await work.note("work_order_changed", f"work_order:{work_order_id}")
    return await _order(work, work_order_id)


@router.post(
    "/work-orders/{work_order_id}/completion", openapi_extra=needs(Right.WRITE_WORK_ORDERS)
)
async def complete(work: Here, work_order_id: PathId, given: CompletionGiven) -> WorkOrderShown:
    """Note that a repair was completed; its callback is on the list a moment later."""
    known = await _order(work, work_order_id)
    zone = await work.session.scalar(
        sa.select(_COMMUNITY.c.time_zone).where(_COMMUNITY.c.community_id == known.community_id)
    )
    await complete_work_order(
        work.session,
        work_order_id=work_order_id,
        completed_on=given.completed_on,
        today=work.now.astimezone(ZoneInfo(str(zone))).date(),
    )
    await work.note("work_order_completed", f"work_order:{work_order_id}")
    shown = await _order(work, work_order_id)
    await rebuild_soon(work.session, [known.community_id], now=work.now)
    return shown


@router.post("/work-orders/{work_order_id}/reopening", openapi_extra=needs(Right.WRITE_WORK_ORDERS))
async def reopen(work: Here, work_order_id: PathId, given: ReopeningGiven) -> WorkOrderShown:
    """Reopen a completed repair and issue the rework notice; a waiting callback is withdrawn."""
    subject = subject_names.work_order(work_order_id)
    async with work_orders_changing(work.session, [subject], now=work.now):
        await reopen_work_order(
            work.session,
            work_order_id=work_order_id,
            attempt_id=None,
            finding=given.finding,
            now=work.now,
        )
    await work.note("work_order_reopened", f"work_order:{work_order_id}")
    return await _order(work, work_order_id)


async def _order(work: Work, work_order_id: int) -> WorkOrderShown:
    row = await row_of(work, sa.select(_ORDER), _ORDER.c.work_order_id, work_order_id, "work order")
    return WorkOrderShown.model_validate(row)


async def _rebuild(work: Work, items: list[Imported]) -> None:
    places = await work.session.scalars(
        sa.select(_ORDER.c.community_id).where(_ORDER.c.work_order_id.in_(ids_of(items))).distinct()
    )
    await rebuild_soon(work.session, places.all(), now=work.now)
