"""What due calls rest on, read afresh: does the reason still hold, and what may the script say.

Asked in the transaction that claims a call, with the rows locked, and again when it is answered.
"""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from callback import subject_names
from callback.complaint import read_complaints
from callback.missed_call import read_missed_calls
from callback.subject_facts import Head, SubjectFacts
from callback.subject_readers import Holdable, read_overdue, read_repair, read_survey
from callback.tables import DueCall
from callback.uploaded_subjects import read_uploaded
from core.columns import BIGINTS, AnyRow
from customers.complaint_tables import Complaint
from customers.model import Reason
from customers.tables import CallbackRequest, Community

__all__ = ["SubjectFacts", "load_subjects"]


class _Reader(Protocol):
    def __call__(
        self, session: AsyncSession, heads: Mapping[int, Head], *, lock: bool
    ) -> Awaitable[dict[int, SubjectFacts]]: ...


_READERS: Mapping[Reason, _Reader] = {
    Reason.OVERDUE: read_overdue,
    Reason.REPAIR: read_repair,
    Reason.SURVEY: read_survey,
    Reason.UPLOADED: read_uploaded,
    Reason.PROSPECT: read_uploaded,
    Reason.MISSED_CALL: read_missed_calls,
    Reason.COMPLAINT: read_complaints,
}


async def load_subjects(
    session: AsyncSession, due_call_ids: Sequence[int], *, now: datetime, lock: bool
) -> dict[int, SubjectFacts]:
    """Return the facts of each due call that exists.

    With `lock` the charges, work orders, survey targets and requests are held `FOR SHARE` to the
    end of the transaction, in the order of their ids.
    """
    heads = await _heads(session, due_call_ids, now=now, lock=lock)
    facts: dict[int, SubjectFacts] = {}
    for reason, read in _READERS.items():
        about_it = {head.due_call_id: head for head in heads if head.about is reason}
        if about_it:
            facts |= await read(session, about_it, lock=lock)
    return {
        head.due_call_id: _as_promised(head, facts.get(head.due_call_id, head.gone("not_on_file")))
        for head in heads
    }


def _as_promised(head: Head, facts: SubjectFacts) -> SubjectFacts:
    """Give a promised call its own words; only a debt that is settled ends it."""
    if head.reason is not Reason.PROMISED:
        return facts
    if head.cancelled:
        return head.gone("cancelled")
    if head.asked_at is None:
        message = f"due call {head.due_call_id} is promised and no callback request is on file"
        raise LookupError(message)
    known = bool(facts.script_variables)
    asked_at = head.asked_at.astimezone(head.zone).replace(tzinfo=None)
    return replace(
        facts,
        reason_holds=facts.reason_holds or head.about is not Reason.OVERDUE,
        reason_gone=facts.reason_gone if head.about is Reason.OVERDUE else None,
        script_variables={
            **facts.script_variables,
            # The script has a way on for anything; for what is not on file it is a colleague.
            "about": head.about.value if known else "other",
            "asked_at": asked_at.isoformat(timespec="minutes"),
        },
    )


_HEADS = (
    sa.select(
        DueCall.due_call_id,
        DueCall.person_id,
        DueCall.unit_id,
        DueCall.reason,
        DueCall.subject,
        DueCall.cycle,
        DueCall.facts,
        Community.time_zone,
    )
    .join(Community, Community.community_id == DueCall.community_id)
    .where(DueCall.due_call_id == sa.any_(sa.bindparam("ids", type_=BIGINTS)))
    .order_by(DueCall.due_call_id)
)


async def _heads(
    session: AsyncSession, due_call_ids: Sequence[int], *, now: datetime, lock: bool
) -> list[Head]:
    rows = (await session.execute(_HEADS, {"ids": list(due_call_ids)})).all()
    promised = [
        subject_names.number_in(row.subject) for row in rows if row.reason is Reason.PROMISED
    ]
    requests = await _requests(session, promised, lock=lock) if promised else {}
    return [_head(row, requests, now=now) for row in rows]


_ORIGINAL, _ROOT = aliased(DueCall), aliased(DueCall)
_REQUESTS = Holdable(
    sa.select(
        CallbackRequest.callback_request_id,
        CallbackRequest.about,
        CallbackRequest.asked_at,
        CallbackRequest.cancelled_at,
        sa.func.coalesce(
            _ROOT.subject,
            _ORIGINAL.subject,
            "complaint:" + sa.cast(Complaint.complaint_id, sa.Text),
        ).label("subject"),
        sa.func.coalesce(_ROOT.cycle, _ORIGINAL.cycle, sa.cast(Complaint.cycle, sa.Text)).label(
            "cycle"
        ),
    )
    .outerjoin(_ORIGINAL, _ORIGINAL.due_call_id == CallbackRequest.about_due_call_id)
    .outerjoin(
        _ROOT,
        _ROOT.due_call_id == _ORIGINAL.facts["about_due_call_id"].astext.cast(sa.BigInteger),
    )
    .outerjoin(  # promised in the register
        Complaint, Complaint.callback_request_id == CallbackRequest.callback_request_id
    )
    .where(CallbackRequest.callback_request_id == sa.any_(sa.bindparam("ids", type_=BIGINTS)))
    .order_by(CallbackRequest.callback_request_id),
    CallbackRequest,
)


async def _requests(
    session: AsyncSession, request_ids: Sequence[int], *, lock: bool
) -> dict[str, AnyRow]:
    found = await _REQUESTS.read(session, request_ids, lock=lock)
    return {subject_names.callback_request(row.callback_request_id): row for row in found}


def _head(row: AnyRow, requests: Mapping[str, AnyRow], *, now: datetime) -> Head:
    zone = ZoneInfo(row.time_zone)
    request = requests.get(row.subject)
    return Head(
        due_call_id=row.due_call_id,
        person_id=row.person_id,
        unit_id=row.unit_id,
        reason=row.reason,
        about=row.reason if request is None else request.about,
        subject=row.subject if request is None else request.subject or "",
        cycle=row.cycle if request is None else request.cycle or "",
        step=row.facts.get("step"),
        zone=zone,
        today=now.astimezone(zone).date(),
        asked_at=None if request is None else request.asked_at,
        cancelled=request is not None and request.cancelled_at is not None,
    )
