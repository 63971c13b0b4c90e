"""Due calls, attempts, outcomes and verdicts, and why somebody was, or was not, called."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import Query

from api.fields import Day, IdQuery, PathId, Shown, Text, Word
from api.model import Right, needs
from api.paging import Asked, Page, page_of
from api.reading import narrowed, row_of
from api.routing import router as router_of
from api.work import Here
from callback.model import Decision, DueCallState
from callback.tables import DueCall, VerdictRow
from core.columns import table_of
from customers.model import CallMode, Language, Purpose, Reason, WrapUpCode
from dialer.explaining import explain as explain_query
from dialer.model import AnsweredBy, AttemptState, Direction, TelephonyResult
from dialer.tables import Attempt, AttemptDueCall

router = router_of("calls")

_DUE_CALL, _VERDICT = table_of(DueCall), table_of(VerdictRow)
_ATTEMPT, _SERVED = table_of(Attempt), table_of(AttemptDueCall)


class DueCallShown(Shown):
    """One person, one reason, one deadline."""

    due_call_id: int
    person_id: int
    community_id: int
    unit_id: int | None
    reason: Reason
    purpose: Purpose
    mode: CallMode
    campaign: str
    subject: str
    appointment: bool
    not_before: datetime
    due_by: datetime
    next_at: datetime
    priority: int
    attempts: int
    state: DueCallState
    created_at: datetime
    settled_at: datetime | None
    settled_because: str | None


class DueCallWithFacts(DueCallShown):
    """A due call with the facts that made it due."""

    facts: dict[str, Any]


class AttemptShown(Shown):
    """One try at placing due calls of one person."""

    attempt_id: UUID
    person_id: int
    phone_id: int
    e164: str
    bridge: str
    trunk: str
    mode: CallMode
    campaign: str
    state: AttemptState
    started_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    answered_by: AnsweredBy | None
    direction: Direction
    telephony_result: TelephonyResult | None
    hangup_cause: int | None
    sip_code: int | None
    recording: str | None  # its id
    due_call_ids: list[int]


class OutcomeShown(Shown):
    """What an attempt came to for one due call."""

    attempt_id: UUID
    due_call_id: int
    person_id: int
    settled_at: datetime | None
    telephony_result: TelephonyResult | None
    wrap_up_code: WrapUpCode | None
    outcome: dict[str, Any] | None
    retry_at: datetime | None


class VerdictShown(Shown):
    """What the rules said of a due call, kept whenever it changed."""

    verdict_id: int
    at: datetime
    due_call_id: int
    person_id: int
    e164: str | None
    decision: Decision
    rule: str
    layer: str
    pack: str | None
    pack_version: str | None
    until: datetime | None
    facts: dict[str, Any]


class Explained(Shown):
    """The story of everybody a query means."""

    query: str
    date: date | None
    language: Language
    persons: list[dict[str, Any]]


@router.get("/due-calls", openapi_extra=needs(Right.READ_CALLS))
async def list_due_calls(
    work: Here,
    asked: Asked,
    *,
    community_id: Annotated[IdQuery | None, Query()] = None,
    person_id: Annotated[IdQuery | None, Query()] = None,
    reason: Annotated[Reason | None, Query()] = None,
    state: Annotated[DueCallState | None, Query()] = None,
    campaign: Annotated[Word | None, Query()] = None,
) -> Page[DueCallShown]:
    """Return due calls."""
    query = narrowed(
        sa.select(_DUE_CALL),
        community=(_DUE_CALL.c.community_id, community_id),
        person=(_DUE_CALL.c.person_id, person_id),
        reason=(_DUE_CALL.c.reason, reason),
        state=(_DUE_CALL.c.state, state),
        campaign=(_DUE_CALL.c.campaign, campaign),
    )
    return await page_of(work, query, _DUE_CALL.c.due_call_id, DueCallShown.model_validate, asked)


@router.get("/due-calls/{due_call_id}", openapi_extra=needs(Right.READ_CALLS))
async def show_due_call(work: Here, due_call_id: PathId) -> DueCallWithFacts:
    """Return a due call with the facts that made it due."""
    row = await row_of(work, sa.select(_DUE_CALL), _DUE_CALL.c.due_call_id, due_call_id, "due call")
    return DueCallWithFacts.model_validate(row)


@router.get("/attempts", openapi_extra=needs(Right.READ_CALLS))
async def list_attempts(
    work: Here,
    asked: Asked,
    *,
    person_id: Annotated[IdQuery | None, Query()] = None,
    due_call_id: Annotated[IdQuery | None, Query()] = None,
    state: Annotated[AttemptState | None, Query()] = None,
    campaign: Annotated[Word | None, Query()] = None,
) -> Page[AttemptShown]:
    """Return attempts with the numbers they rang, oldest first; the query goes on the audit."""
    await work.note("attempts_listed", "attempts", person_id=person_id, due_call_id=due_call_id)
    query = narrowed(
        _attempts(),
        person=(_ATTEMPT.c.person_id, person_id),
        state=(_ATTEMPT.c.state, state),
        campaign=(_ATTEMPT.c.campaign, campaign),
    )
    if due_call_id is not None:
        query = query.where(
            _ATTEMPT.c.attempt_id.in_(
                sa.select(_SERVED.c.attempt_id).where(_SERVED.c.due_call_id == due_call_id)
            )
        )
    return await page_of(work, query, _ATTEMPT.c.attempt_id, AttemptShown.model_validate, asked)


@router.get("/attempts/{attempt_id}", openapi_extra=needs(Right.READ_CALLS))
async def show_attempt(work: Here, attempt_id: UUID) -> AttemptShown:
    """Return an attempt with the number it rang; the look goes on the audit."""
    row = await row_of(work, _attempts(), _ATTEMPT.c.attempt_id, attempt_id, "attempt")
    await work.note("looked_at", f"person:{row.person_id}", attempt_id=str(attempt_id))
    return AttemptShown.model_validate(row)


@router.get("/attempts/{attempt_id}/outcomes", openapi_extra=needs(Right.EXPLAIN))
async def list_outcomes(work: Here, attempt_id: UUID) -> list[OutcomeShown]:
    """Return what an attempt came to, for each due call it served; the look is on the audit."""
    attempt = await row_of(work, _attempts(), _ATTEMPT.c.attempt_id, attempt_id, "attempt")
    await work.note("looked_at", f"person:{attempt.person_id}", attempt_id=str(attempt_id))
    rows = await work.session.execute(
        sa.select(_SERVED, _ATTEMPT.c.person_id)
        .join(_ATTEMPT, _ATTEMPT.c.attempt_id == _SERVED.c.attempt_id)
        .where(_SERVED.c.attempt_id == attempt_id)
        .order_by(_SERVED.c.position)
    )
    return [OutcomeShown.model_validate(row) for row in rows]


@router.get("/verdicts", openapi_extra=needs(Right.EXPLAIN))
async def list_verdicts(
    work: Here,
    asked: Asked,
    *,
    due_call_id: Annotated[IdQuery | None, Query()] = None,
    person_id: Annotated[IdQuery | None, Query()] = None,
    decision: Annotated[Decision | None, Query()] = None,
) -> Page[VerdictShown]:
    """Return verdicts, oldest first; the query goes on the audit."""
    query = narrowed(
        sa.select(_VERDICT),
        due_call=(_VERDICT.c.due_call_id, due_call_id),
        person=(_VERDICT.c.person_id, person_id),
        decision=(_VERDICT.c.decision, decision),
    )
    await work.note("verdicts_listed", "verdicts", due_call_id=due_call_id, person_id=person_id)
    return await page_of(work, query, _VERDICT.c.verdict_id, VerdictShown.model_validate, asked)


@router.get("/explain", openapi_extra=needs(Right.EXPLAIN))
async def explain(
    work: Here,
    of: Annotated[Text, Query(description="A unit, a phone, or a charge's or order's reference.")],
    community: Annotated[Text | None, Query()] = None,
    day: Annotated[Day | None, Query(description="Only what concerns this local day.")] = None,
    language: Annotated[Language, Query()] = Language.ENGLISH,
) -> Explained:
    """Say why an owner was, or was not, called; the look goes on the audit."""
    story = await explain_query(
        work.session,
        query=of,
        community=community,
        day=day,
        language=language,
        actor=work.caller.actor,
        now=work.now,
        held_back=work.deps.held_back,
    )
    return Explained(**story | {"date": day})


def _attempts() -> sa.Select[*tuple[Any, ...]]:
    served = (
        sa.select(
            sa.func.array_agg(
                sa.dialects.postgresql.aggregate_order_by(_SERVED.c.due_call_id, _SERVED.c.position)
            )
        )
        .where(_SERVED.c.attempt_id == _ATTEMPT.c.attempt_id)
        .scalar_subquery()
    )
    return sa.select(_ATTEMPT, sa.func.coalesce(served, []).label("due_call_ids"))
