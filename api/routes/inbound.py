"""Calls that came in: who rang, what became of it, and what we owe them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from fastapi import Query

from api.fields import IdQuery, Shown
from api.model import Right, needs
from api.paging import Asked, Page, page_of
from api.reading import narrowed, row_of
from api.routing import router as router_of
from api.work import Here
from core.columns import table_of
from dialer.inbound.model import InboundResult
from dialer.inbound.tables import InboundRow

router = router_of("inbound")

_CALL = table_of(InboundRow)


class InboundCallShown(Shown):
    """A call that came in; `result` is null while it is up."""

    call_id: UUID
    bridge: str
    trunk: str
    e164: str | None  # null: withheld
    dialled: str
    community_id: int | None
    person_id: int | None  # null: nobody, or more than one, has the number
    attempt_id: UUID | None  # of a talk about what they were due
    agent_id: int | None  # who took it
    at: datetime
    ended_at: datetime | None
    seconds: float | None
    result: InboundResult | None
    wish_at: datetime | None
    wish_e164: str | None
    message: str | None  # the recording of the word they left
    message_s: float | None
    callback_person_id: int | None  # whom we ring back


@router.get("/inbound-calls", openapi_extra=needs(Right.READ_FILE))
async def list_inbound_calls(
    work: Here,
    asked: Asked,
    *,
    person_id: Annotated[IdQuery | None, Query()] = None,
    community_id: Annotated[IdQuery | None, Query()] = None,
    result: Annotated[InboundResult | None, Query()] = None,
) -> Page[InboundCallShown]:
    """Return calls that came in, the newest first; the query goes on the audit."""
    await work.note("inbound_calls_listed", "inbound_calls", person_id=person_id)
    query = narrowed(
        sa.select(_CALL),
        person=(_CALL.c.person_id, person_id),
        community=(_CALL.c.community_id, community_id),
        result=(_CALL.c.result, result),
    )
    show = InboundCallShown.model_validate
    return await page_of(work, query, _CALL.c.call_id, show, asked, newest_first=True)


@router.get("/inbound-calls/{call_id}", openapi_extra=needs(Right.READ_FILE))
async def show_inbound_call(work: Here, call_id: UUID) -> InboundCallShown:
    """Return a call that came in; the look goes on the audit."""
    row = await row_of(work, sa.select(_CALL), _CALL.c.call_id, call_id, "inbound call")
    await work.note("looked_at", f"inbound_call:{call_id}", person_id=row.person_id)
    return InboundCallShown.model_validate(row)
