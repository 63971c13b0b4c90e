"""What a call about a complaint does to it: the owner was answered, was content, or was not."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.complaint_tables import Complaint, ComplaintStepKind
from customers.complaints import take_step
from customers.model import WrapUpCode

_Step = ComplaintStepKind
_ON_THE_CALL = "已在通话中答复 (answered on the call)"  # where nobody wrote down what was said


async def answered_by_call(
    session: AsyncSession,
    *,
    complaint_id: int,
    code: WrapUpCode,
    words: str,
    by: str,
    now: datetime,
) -> None:
    """Take the steps that follow from how a call about a complaint ended; none from most codes.

    Who is content with the answer has it closed; who is not keeps it open, or opens it again.
    """
    complaint = await session.scalar(
        sa.select(Complaint).where(Complaint.complaint_id == complaint_id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if complaint is None or complaint.satisfied_at is not None:
        return
    for kind in _steps(code, is_closed=complaint.closed_at is not None):
        await take_step(
            session,
            complaint_id=complaint_id,
            kind=kind,
            words=words or _ON_THE_CALL,
            by=by,
            now=now,
        )


def _steps(code: WrapUpCode, *, is_closed: bool) -> tuple[ComplaintStepKind, ...]:
    match code:
        case WrapUpCode.SATISFIED if is_closed:
            return (_Step.SATISFIED,)
        case WrapUpCode.SATISFIED:
            return (_Step.REPLIED, _Step.CLOSED, _Step.SATISFIED)
        case WrapUpCode.DISSATISFIED if is_closed:
            return (_Step.DISSATISFIED,)
        case WrapUpCode.INFORMATION_GIVEN | WrapUpCode.DISSATISFIED if not is_closed:
            return (_Step.REPLIED,)
        case _:
            return ()
