"""Why nobody is due a call about something on file: paid, held back, not yet, or not listed."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.campaigns import Campaigns, OverdueCampaign, shipped_campaigns
from callback.explain import NotDueBecause, NotDueStory
from callback.tables import DueCall, DueCallCharge, LadderProgress
from core.columns import AnyRow
from core.money import Money
from customers.account_tables import Charge, Extension, Payment, Promise, PromiseCharge, WorkOrder
from customers.model import ExtensionState, PromiseState, Reason
from customers.search import Found, FoundBy

# Of somebody's paid charges, those are told that were paid so recently; a query for one tells it.
RECENTLY = timedelta(days=60)


async def not_due_stories(
    session: AsyncSession,
    ties: Sequence[Found],
    *,
    now: datetime,
    zone: ZoneInfo,
    campaigns: Campaigns | None = None,
) -> list[NotDueStory]:
    """Return one story for each charge or open repair that makes nobody due a call now.

    `campaigns` have the ladder of reminders; None means the shipped ones.
    """
    by = ties[0].by
    ladder = (campaigns or shipped_campaigns()).overdue
    stories: list[NotDueStory] = []
    if by is not FoundBy.WORK_ORDER:
        stories += await _charges(session, ties, now=now, zone=zone, ladder=ladder)
    if by is not FoundBy.CHARGE:
        stories += await _repairs(session, ties)
    if stories or await _has_due_call(session, ties[0].person_id):
        return stories
    return [NotDueStory(because=NotDueBecause.NOTHING_ON_FILE, reference=ties[0].unit)]


async def _charges(
    session: AsyncSession,
    ties: Sequence[Found],
    *,
    now: datetime,
    zone: ZoneInfo,
    ladder: OverdueCampaign,
) -> list[NotDueStory]:
    listed = (
        sa.select(DueCallCharge.charge_id)
        .join(DueCall, DueCall.due_call_id == DueCallCharge.due_call_id)
        .where(DueCallCharge.charge_id == Charge.charge_id, DueCall.settled_at.is_(None))
    )
    paid_at = (
        sa.select(sa.func.max(Payment.received_at))
        .where(Payment.charge_id == Charge.charge_id)
        .scalar_subquery()
    )
    promised_on = (
        sa.select(sa.func.max(Promise.promised_on))
        .join(PromiseCharge, PromiseCharge.promise_id == Promise.promise_id)
        .where(PromiseCharge.charge_id == Charge.charge_id, Promise.state == PromiseState.OPEN)
        .scalar_subquery()
    )
    extended_until = (
        sa.select(sa.func.max(Extension.until))
        .where(
            Extension.charge_id == Charge.charge_id,
            Extension.state.in_([ExtensionState.REQUESTED, ExtensionState.APPROVED]),
            Extension.until >= now.astimezone(zone).date(),
        )
        .scalar_subquery()
    )
    reminded = sa.exists().where(
        DueCall.person_id == Charge.liable_person_id,
        DueCall.reason == Reason.OVERDUE,
        DueCall.settled_at.is_(None),
    )
    query = (
        sa.select(
            Charge,
            reminded.label("reminded"),
            LadderProgress.step,
            paid_at.label("paid_at"),
            promised_on.label("promised_on"),
            extended_until.label("extended_until"),
        )
        .outerjoin(LadderProgress, LadderProgress.charge_id == Charge.charge_id)
        .where(~listed.exists())
        .order_by(Charge.due_on, Charge.charge_id)
    )
    if ties[0].by is FoundBy.CHARGE:
        query = query.where(Charge.charge_id.in_([each.subject_id for each in ties]))
    else:
        query = query.where(
            Charge.liable_person_id == ties[0].person_id,
            sa.or_(Charge.paid_minor < Charge.amount_minor, paid_at >= now - RECENTLY),
        )
    today = now.astimezone(zone).date()
    return [
        _charge_story(row, today=today, zone=zone, ladder=ladder)
        for row in await session.execute(query)
    ]


def _charge_story(
    row: AnyRow, *, today: date, zone: ZoneInfo, ladder: OverdueCampaign
) -> NotDueStory:
    charge: Charge = row.Charge
    first_day = charge.due_on + timedelta(days=ladder.ladder[0].step)
    following = _next_step_on(charge.due_on, row.step, today, ladder)
    because, due_from = NotDueBecause.NOT_BUILT, None
    if charge.paid_minor >= charge.amount_minor:
        because = NotDueBecause.PAID
    elif charge.disputed_at is not None:
        because = NotDueBecause.DISPUTED
    elif charge.liable_person_id is None:
        because = NotDueBecause.NOBODY_LIABLE
    elif row.promised_on is not None:
        because, due_from = NotDueBecause.PROMISE_OPEN, row.promised_on
    elif row.extended_until is not None:
        because, due_from = NotDueBecause.EXTENSION, row.extended_until
    elif today < first_day:
        because, due_from = NotDueBecause.NOT_YET, first_day
    elif row.step is not None:
        because, due_from = NotDueBecause.STEP_DONE, following
    elif row.reminded:
        because = NotDueBecause.BEHIND_ANOTHER
    return NotDueStory(
        because=because,
        reference=charge.reference,
        paid_on=None if row.paid_at is None else row.paid_at.astimezone(zone).date(),
        open_amount=Money(
            amount_minor=charge.amount_minor - charge.paid_minor, currency=charge.currency
        ),
        due_from=due_from,
    )


def _next_step_on(
    due_on: date, done: int | None, today: date, ladder: OverdueCampaign
) -> date | None:
    """Return the day of the next step after the one done; None when it was the last."""
    days = [due_on + timedelta(days=step.step) for step in ladder.ladder if step.step > (done or 0)]
    return next((day for day in days if day > today), None)


async def _repairs(session: AsyncSession, ties: Sequence[Found]) -> list[NotDueStory]:
    query = sa.select(WorkOrder.reference).where(WorkOrder.completed_on.is_(None))
    if ties[0].by is FoundBy.WORK_ORDER:
        query = query.where(WorkOrder.work_order_id.in_([each.subject_id for each in ties]))
    else:
        query = query.where(WorkOrder.unit_id.in_([each.unit_id for each in ties]))
    references = await session.scalars(query.order_by(WorkOrder.work_order_id))
    return [
        NotDueStory(because=NotDueBecause.NOT_COMPLETED, reference=reference)
        for reference in references
    ]


async def _has_due_call(session: AsyncSession, person_id: int) -> bool:
    return bool(await session.scalar(sa.select(sa.exists().where(DueCall.person_id == person_id))))
