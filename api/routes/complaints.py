"""Complaints: taken down, replied to, closed, judged by the owner; none is ever deleted."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

import sqlalchemy as sa
from fastapi import Query, Response
from pydantic import Field

from api.fields import Given, Id, IdQuery, Instant, LongText, PathId, Shown, Text, Yes
from api.model import Right, needs
from api.paging import Asked, Page, page_of
from api.problems import ProblemError
from api.reading import narrowed, row_of
from api.routing import router as router_of
from api.work import Here, Work
from callback.rebuild import rebuild_soon
from core.columns import table_of
from customers.complaint_tables import (
    Complaint,
    ComplaintCategory,
    ComplaintChannel,
    ComplaintStepKind,
)
from customers.complaints import (
    ComplaintGiven,
    ComplaintStateError,
    register_complaint,
    take_step,
)
from dialer.agents.tables import Agent

router = router_of("complaints")

_COMPLAINT, _AGENT = table_of(Complaint), table_of(Agent)


class ComplaintShown(Shown):
    """A complaint and where it stands; each dissatisfied answer begins a cycle."""

    complaint_id: int
    community_id: int
    unit_id: int | None
    person_id: int
    category: ComplaintCategory
    channel: ComplaintChannel
    words: str
    serious: bool
    taken_at: datetime
    taken_by: str
    accountable: str
    agent_id: int | None
    rules: str
    cycle: int
    reply_by: datetime
    replied_at: datetime | None
    manager_by: datetime | None
    manager_told_at: datetime | None
    closed_at: datetime | None
    done: str | None
    satisfied_at: datetime | None
    callback_request_id: int | None


class ComplaintTaken(Given):
    """What somebody complains of; without `accountable` and `agent_id` it is who took it."""

    person_id: Id
    unit_id: Id | None = None
    category: ComplaintCategory
    channel: ComplaintChannel
    words: LongText = Field(examples=["楼道没人打扫"])
    serious: Yes = False
    accountable: Text | None = None
    agent_id: Id | None = None
    reply: LongText | None = Field(default=None, description="What was answered on the spot.")
    call_at: Instant | None = Field(
        default=None, description="When a call with the answer is promised, before the deadline."
    )


class ComplaintStepGiven(Given):
    """What was done or said, or to whom it went."""

    step: ComplaintStepKind
    words: LongText
    call_at: Instant | None = Field(
        default=None, description="When a call about it is promised, say on how it turned out."
    )
    agent_id: Id | None = Field(default=None, description="Whom it is handed over to.")


@router.get("/complaints", openapi_extra=needs(Right.READ_FILE))
async def list_complaints(
    work: Here,
    asked: Asked,
    person_id: Annotated[IdQuery | None, Query()] = None,
    community_id: Annotated[IdQuery | None, Query()] = None,
    category: Annotated[ComplaintCategory | None, Query()] = None,
) -> Page[ComplaintShown]:
    """Return complaints; the look is on the audit."""
    query = narrowed(
        sa.select(_COMPLAINT),
        person=(_COMPLAINT.c.person_id, person_id),
        community=(_COMPLAINT.c.community_id, community_id),
        category=(_COMPLAINT.c.category, category),
    )
    await work.note("complaints_listed", "complaints", person_id=person_id, category=category)
    return await page_of(
        work, query, _COMPLAINT.c.complaint_id, ComplaintShown.model_validate, asked
    )


@router.post(
    "/complaints",
    status_code=201,
    responses={200: {"model": ComplaintShown, "description": "It is on file and open already."}},
    openapi_extra=needs(Right.WRITE_FILE),
)
async def take_complaint(work: Here, given: ComplaintTaken, response: Response) -> ComplaintShown:
    """Take a complaint down; its deadlines follow from how it came in and how serious it is."""
    accountable = given.accountable or work.caller.name
    if given.agent_id is not None:
        agent = await row_of(work, sa.select(_AGENT), _AGENT.c.agent_id, given.agent_id, "agent")
        accountable = given.accountable or agent.name
    complaint_id, is_new = await register_complaint(
        work.session,
        ComplaintGiven(
            **given.model_dump(exclude={"accountable", "reply"}),
            accountable=accountable,
            reply=given.reply or "",
        ),
        taken_by=work.caller.actor,
        now=work.now,
    )
    if not is_new:
        response.status_code = HTTPStatus.OK
    await work.note(
        "complaint_taken", f"person:{given.person_id}", complaint_id=complaint_id, new=is_new
    )
    shown = await _complaint(work, complaint_id)
    await _rebuild(work, shown)
    return shown


@router.get("/complaints/{complaint_id}", openapi_extra=needs(Right.READ_FILE))
async def show_complaint(work: Here, complaint_id: PathId) -> ComplaintShown:
    """Return a complaint; the look is on the audit."""
    shown = await _complaint(work, complaint_id)
    await work.note("looked_at", f"person:{shown.person_id}", complaint_id=complaint_id)
    return shown


@router.post("/complaints/{complaint_id}/steps", openapi_extra=needs(Right.WRITE_FILE))
async def take_complaint_step(
    work: Here, complaint_id: PathId, given: ComplaintStepGiven
) -> ComplaintShown:
    """Note a reply, a closing, what the owner thinks of it, who knows of it, who has it now."""
    if given.agent_id is not None:
        await row_of(work, sa.select(_AGENT), _AGENT.c.agent_id, given.agent_id, "agent")
    try:
        await take_step(
            work.session,
            complaint_id=complaint_id,
            kind=given.step,
            words=given.words,
            by=work.caller.actor,
            call_at=given.call_at,
            agent_id=given.agent_id,
            now=work.now,
        )
    except ComplaintStateError as err:
        raise ProblemError(HTTPStatus.CONFLICT, str(err), kind="complaint-state") from err
    shown = await _complaint(work, complaint_id)
    await work.note(
        "complaint_step",
        f"person:{shown.person_id}",
        complaint_id=complaint_id,
        step=given.step.value,
    )
    await _rebuild(work, shown)
    return shown


async def _complaint(work: Work, complaint_id: int) -> ComplaintShown:
    row = await row_of(
        work, sa.select(_COMPLAINT), _COMPLAINT.c.complaint_id, complaint_id, "complaint"
    )
    return ComplaintShown.model_validate(row)


async def _rebuild(work: Work, complaint: ComplaintShown) -> None:
    """Bring a call that was promised, or is needless now, to the lists."""
    await rebuild_soon(work.session, [complaint.community_id], now=work.now)
