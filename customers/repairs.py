"""What becomes of repairs and surveys after a callback: reopened orders, notices, answers."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.announcements import Kind, announce
from core.errors import OwnerlineError
from core.live import Topic, tell_all
from customers.account_tables import ReworkNotice, SurveyAnswer, WorkOrder
from customers.desk import UnknownSubjectError
from customers.tables import Occupancy

# The departments' figure (D2): a rework notice within 24 hours of the finding.
REWORK_NOTICE_WITHIN = timedelta(hours=24)


class NotCompletedError(OwnerlineError):
    """Only a completed work order can be reopened."""


async def reopen_work_order(
    session: AsyncSession,
    *,
    work_order_id: int,
    attempt_id: UUID | None,
    finding: str | None,
    now: datetime,
) -> int:
    """Reopen a completed order and issue the rework notice; returns the new cycle.

    The completion that was found wanting is kept as the previous one: only a later one closes
    the order again and owes a new callback.

    Raises:
        UnknownSubjectError: no such work order.
        NotCompletedError: it is open already.
    """
    order = await session.scalar(
        sa.select(WorkOrder).where(WorkOrder.work_order_id == work_order_id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if order is None:
        raise UnknownSubjectError(what="work order", subject_id=work_order_id)
    if order.completed_on is None:
        message = f"work order {work_order_id} is not completed; there is nothing to reopen"
        raise NotCompletedError(message)
    issue_by = now + REWORK_NOTICE_WITHIN
    session.add(
        ReworkNotice(
            work_order_id=work_order_id,
            cycle=order.cycle,
            attempt_id=attempt_id,
            found_at=now,
            issue_by=issue_by,
            issued_at=now,
            finding=finding,
        )
    )
    order.previous_completed_on, order.completed_on = order.completed_on, None
    order.reopened_at = now
    order.cycle += 1
    await session.flush()
    there = sa.select(Occupancy.person_id).where(Occupancy.unit_id == order.unit_id)
    await tell_all(session, Topic.ACCOUNT, await session.scalars(there))
    await announce(
        session,
        Kind.WORK_ORDER_REOPENED,
        {
            "work_order_id": work_order_id,
            "cycle": order.cycle,
            "issue_by": issue_by.isoformat(),
            "attempt_id": None if attempt_id is None else str(attempt_id),
        },
        now=now,
    )
    return order.cycle


async def record_survey_answers(
    session: AsyncSession,
    *,
    survey_target_id: int,
    scores: Mapping[str, int],
    recordings: Mapping[str, str],
    now: datetime,
) -> None:
    """Write down a drawn owner's answers by question, 1-5 or a recording's name."""
    answers = [
        {"question": question, "score": score, "recording": None}
        for question, score in scores.items()
    ] + [
        {"question": question, "score": None, "recording": name}
        for question, name in recordings.items()
        if question not in scores
    ]
    if not answers:
        return
    statement = insert(SurveyAnswer).values(
        [{"survey_target_id": survey_target_id, "answered_at": now, **a} for a in answers]
    )
    given = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["survey_target_id", "question"],
            set_={
                "score": given.score,
                "recording": given.recording,
                "answered_at": given.answered_at,
            },
        )
    )
