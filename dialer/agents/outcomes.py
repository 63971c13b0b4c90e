"""Writing the outcomes of an agent's call that has ended for us: once, whoever gives them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.uploaded_book import learn_campaigns, learn_scripts
from core.columns import AnyRow, table_of
from customers.model import WrapUpCode
from customers.service import add_note, open_agent_task
from dialer import states
from dialer.agents.desk import Desk
from dialer.agents.form_check import checked
from dialer.agents.forms import WrapUpFormError
from dialer.agents.guide import close_guide, find_guide
from dialer.agents.guide_result import settled_so_far
from dialer.agents.model import Unwrapped
from dialer.agents.tables import Agent
from dialer.model import AttemptState, TelephonyResult
from dialer.outcome import outcomes_of
from dialer.served import Served, WrittenBy, served_by, settle_due_call
from dialer.tables import Attempt, AttemptDueCall
from scripts.model import SectionOutcome

_ATTEMPT, _SERVED = table_of(Attempt), table_of(AttemptDueCall)
_AGENT = table_of(Agent)
_ENDED = (
    sa.select(_ATTEMPT)
    .where(
        _ATTEMPT.c.attempt_id == sa.bindparam("attempt_id"),
        sa.or_(_ATTEMPT.c.state == AttemptState.ENDED, _ATTEMPT.c.passed_on_at.is_not(None)),
        _ATTEMPT.c.agent_id.is_not(None),
    )
    .with_for_update()
)
_NAME = sa.select(_AGENT.c.name).where(_AGENT.c.agent_id == sa.bindparam("agent_id"))
_WAIVES = frozenset({"waive_late_fee", "waive_because"})
_OPEN = sa.select(_SERVED.c.due_call_id).where(
    _SERVED.c.attempt_id == sa.bindparam("attempt_id"), _SERVED.c.settled_at.is_(None)
)


async def ended_attempt(session: AsyncSession, attempt_id: UUID) -> AnyRow | None:
    """Return, held, an agent's attempt that has ended for us; None: there is none such.

    One that was passed on to an outside number has, though owner and number still speak.
    """
    return (await session.execute(_ENDED, {"attempt_id": attempt_id})).one_or_none()


async def unsettled(session: AsyncSession, attempt_id: UUID) -> list[AnyRow]:
    """Return the due calls of an attempt that have no outcome yet, held, in their order."""
    still_open = set((await session.execute(_OPEN, {"attempt_id": attempt_id})).scalars())
    if not still_open:
        return []
    return [row for row in await served_by(session, attempt_id) if row.due_call_id in still_open]


async def write_outcomes(
    session: AsyncSession,
    attempt: AnyRow,
    rows: list[AnyRow],
    outcomes: Mapping[int, SectionOutcome],
    *,
    by: WrittenBy,
    desk: Desk,
) -> None:
    """Give each due call its outcome, with all it causes; the attempt and the rows are held."""
    await learn_campaigns(session, [row.campaign for row in rows], desk.campaigns)
    for row in rows:
        outcome = outcomes[row.due_call_id]
        await settle_due_call(
            session,
            ended_state(attempt),
            Served(row=row, code=outcome.wrap_up_code, data=outcome.data),
            attempt=attempt,
            settlement=desk.settlement,
            written_by=by,
        )


async def settle_without_agent(
    session: AsyncSession, attempt_id: UUID, why: Unwrapped, *, desk: Desk, now: datetime
) -> bool:
    """Give a talk that nobody wrapped up its outcomes; False when it has them.

    What the agent chose by hand and did not save stands where its form is whole, but waives
    nothing. Else where a script or the agent walked to an end of the script, what it came to
    stands, and so does what the agent noted beside it. Else the matter is handed over, as
    `transferred` for that reason: it is never rung again by itself. In each case a person finds a
    task to complete it, with what was chosen.
    """
    attempt = await ended_attempt(session, attempt_id)
    rows = [] if attempt is None else await unsettled(session, attempt_id)
    if attempt is None or not rows:
        return False
    if attempt.passed_on_at is not None:
        why = Unwrapped.PASSED_ON
    talk: Mapping[str, Any] | None = attempt.talk
    await learn_scripts(session, [row.script for row in rows], desk.settlement.library)
    guide = await find_guide(session, attempt_id, desk=desk)
    walked = {**outcomes_of(talk), **({} if guide is None else settled_so_far(guide))}
    drafts = {} if guide is None else guide.drafts
    outcomes = {}
    for row in rows:
        chosen = await _chosen(session, attempt, row, drafts, desk=desk, now=now)
        outcomes[row.due_call_id] = chosen or _as_it_stands(
            row, walked.get(row.due_call_id), why, chosen=_of_draft(drafts, row.due_call_id)
        )
    by = WrittenBy(name=why.value, at=now)
    await write_outcomes(session, attempt, rows, outcomes, by=by, desk=desk)
    for row in rows:
        await open_agent_task(
            session,
            person_id=row.person_id,
            kind="wrap_up",
            subject=f"due_call:{row.due_call_id}",
            detail={
                "attempt_id": str(attempt_id),
                "reason": why.value,
                **_of_draft(drafts, row.due_call_id),
            },
            now=now,
        )
    if guide is not None:
        agent = await session.scalar(_NAME, {"agent_id": attempt.agent_id})
        await _keep_note(session, rows[0], guide.note, by=str(agent), now=now)
        await close_guide(session, attempt_id, now=now)
    return True


async def _keep_note(
    session: AsyncSession, row: AnyRow, text: str, *, by: str, now: datetime
) -> None:
    """Put on the person's file what the agent wrote beside the call and did not save."""
    if text.strip():
        await add_note(
            session,
            person_id=row.person_id,
            unit_id=row.unit_id,
            written_by=by,
            text=text.strip(),
            now=now,
        )


async def _chosen(
    session: AsyncSession,
    attempt: AnyRow,
    row: AnyRow,
    drafts: Mapping[str, Any],
    *,
    desk: Desk,
    now: datetime,
) -> SectionOutcome | None:
    """Return what the agent chose for a due call; None: nothing, or what cannot be written."""
    draft = drafts.get(str(row.due_call_id))
    if draft is None:
        return None
    code = WrapUpCode(draft["code"])
    values = {name: each for name, each in draft["values"].items() if name not in _WAIVES}
    try:
        data = await checked(session, row, (code, values), desk=desk, now=now)
    except WrapUpFormError:
        return None
    if data.get("callback_to") == "agent":
        data["agent_id"] = attempt.agent_id
    return SectionOutcome(due_call_id=row.due_call_id, wrap_up_code=code, data=data)


def _of_draft(drafts: Mapping[str, Any], due_call_id: int) -> dict[str, Any]:
    draft = drafts.get(str(due_call_id))
    return {} if draft is None else {"chosen": draft}


def _as_it_stands(
    row: AnyRow, walked: SectionOutcome | None, why: Unwrapped, *, chosen: Mapping[str, Any]
) -> SectionOutcome:
    """Return what the script came to; what it left to the agent is handed over once more."""
    if walked is not None and walked.wrap_up_code is not WrapUpCode.TRANSFERRED:
        return walked
    return SectionOutcome(
        due_call_id=row.due_call_id,
        wrap_up_code=WrapUpCode.TRANSFERRED,
        data={**({} if walked is None else walked.data), **chosen, "reason": why.value},
    )


def ended_state(attempt: AnyRow) -> states.Ended:
    """Return the end of an attempt as it is on file; of one passed on, when it was so far."""
    return states.Ended(
        attempt_id=attempt.attempt_id,
        started_at=attempt.started_at,
        submitted_at=attempt.submitted_at,
        ringing_at=attempt.ringing_at,
        answered_at=attempt.answered_at,
        answered_by=attempt.answered_by,
        ended_at=attempt.ended_at or attempt.passed_on_at,
        result=attempt.telephony_result or TelephonyResult.ANSWERED,
        hangup_cause=attempt.hangup_cause,
        sip_code=attempt.sip_code,
    )
