"""The wrap-up: an agent says what each matter of the call came to, once; supervisors correct."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from callback.tables import DueCall
from core.columns import AnyRow, table_of
from core.errors import OwnerlineError
from customers.model import WrapUpCode
from customers.service import add_note, audit
from customers.tables import AgentTask
from dialer.agents.desk import Desk
from dialer.agents.form_check import checked
from dialer.agents.forms import WrapUpFormError
from dialer.agents.guide import close_guide
from dialer.agents.model import BreakReason
from dialer.agents.outcomes import ended_attempt, ended_state, unsettled, write_outcomes
from dialer.agents.service import BY_AGENT
from dialer.agents.states import WrapUp
from dialer.agents.steps import GiveWrapUp
from dialer.agents.transitions import change_locked, lock_agent, standing_of
from dialer.effects import Settled, apply_effects
from dialer.served import WrittenBy, served_by
from dialer.tables import AttemptDueCall
from scripts.model import SectionOutcome

_SERVED, _DUE_CALL, _TASK = table_of(AttemptDueCall), table_of(DueCall), table_of(AgentTask)


class WrappedUpAlreadyError(OwnerlineError):
    """A call has its outcome; a supervisor may correct it."""


class NoSuchCallError(OwnerlineError):
    """There is no ended call of an agent with that id, or it does not serve that due call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WrapUpForm:
    """What an agent writes down for one due call; `note` goes on the customer's file."""

    due_call_id: int
    code: WrapUpCode
    values: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None


async def wrap_up(
    session: AsyncSession,
    agent_id: int,
    attempt_id: UUID,
    forms: Sequence[WrapUpForm],
    *,
    then: BreakReason | None = None,
    desk: Desk,
    now: datetime,
) -> None:
    """Write what the agent's call came to, for every due call it served; the agent is ready again.

    Args:
        session: its transaction holds all of it; the caller commits.
        agent_id: whose call it was.
        attempt_id: the call.
        forms: one for each due call that has no outcome yet; none where the script that had the
            call before has given them all.
        then: the agent takes a break instead of being ready.
        desk: campaigns and limits.
        now: aware.

    Raises:
        UnknownAgentError: no such agent.
        WrappedUpAlreadyError: the call has its outcomes; the text names them.
        AgentStateError: the agent is not in the wrap-up of this call.
        WrapUpFormError: a form is missing, does not fit, or says what cannot be.
    """
    agent = await lock_agent(session, agent_id)
    attempt = await ended_attempt(session, attempt_id)
    rows = [] if attempt is None else await unsettled(session, attempt_id)
    if attempt is not None and not rows and (forms or not _owes(agent, attempt_id)):
        raise WrappedUpAlreadyError(await _first_word(session, attempt_id))
    given = GiveWrapUp(attempt_id=attempt_id, then=then)
    await change_locked(session, agent, given, by=BY_AGENT, why="wrapped up", now=now)
    if attempt is None:
        message = f"call {attempt_id} is no ended call of an agent"
        raise NoSuchCallError(message)
    by_due_call = _one_each(rows, forms)
    outcomes: dict[int, SectionOutcome] = {}
    for row in rows:
        form = by_due_call[row.due_call_id]
        try:
            data = await checked(session, row, (form.code, form.values), desk=desk, now=now)
        except WrapUpFormError as err:
            err.due_call_id = row.due_call_id
            raise
        if data.get("callback_to") == "agent":
            data["agent_id"] = agent_id
        if "waiver" in data:
            data["waiver"] = {**data["waiver"], "asked_by": agent.name}
        outcomes[row.due_call_id] = SectionOutcome(
            due_call_id=row.due_call_id, wrap_up_code=form.code, data=data
        )
    by = WrittenBy(name=agent.name, at=now)
    await write_outcomes(session, attempt, rows, outcomes, by=by, desk=desk)
    for row in rows:
        await _note(session, row, by_due_call[row.due_call_id], by=agent.name, now=now)
    await close_guide(session, attempt_id, now=now)


async def correct_outcome(
    session: AsyncSession,
    attempt_id: UUID,
    form: WrapUpForm,
    *,
    by: str,
    why: str,
    desk: Desk,
    now: datetime,
) -> None:
    """Let a supervisor correct the outcome of one due call; the audit keeps the first one.

    What the new outcome causes is done; what the first one caused stays and is undone by hand
    where it must be. The due call is settled and stays so: who is to be called again is given
    `callback_requested`.

    Raises:
        NoSuchCallError: no ended call of an agent serves this due call, with an outcome.
        WrapUpFormError: the form does not fit, or says what cannot be.
    """
    attempt = await ended_attempt(session, attempt_id)
    rows = [] if attempt is None else await served_by(session, attempt_id)
    row = next((each for each in rows if each.due_call_id == form.due_call_id), None)
    first = await _outcome_of(session, attempt_id, form.due_call_id)
    if attempt is None or row is None or first is None:
        message = f"call {attempt_id} has no outcome for due call {form.due_call_id} to correct"
        raise NoSuchCallError(message)
    data = await checked(session, row, (form.code, form.values), desk=desk, now=now)
    settled = Settled(
        attempt_id=attempt_id,
        person_id=attempt.person_id,
        phone_id=attempt.phone_id,
        e164=attempt.e164,
        due_call=row,
        code=form.code,
        data=data,
        at=ended_state(attempt).ended_at,
        dead_because="wrong_number" if form.code is WrapUpCode.WRONG_NUMBER else None,
    )
    await apply_effects(session, settled, desk.campaigns)
    await session.execute(
        sa.update(_SERVED)
        .where(_SERVED.c.attempt_id == attempt_id, _SERVED.c.due_call_id == form.due_call_id)
        .values(wrap_up_code=form.code, outcome=data, wrapped_up_at=now, wrapped_up_by=by)
    )
    await session.execute(
        sa.update(_DUE_CALL)
        .where(_DUE_CALL.c.due_call_id == form.due_call_id, _DUE_CALL.c.state == "done")
        .values(settled_because=form.code.value)
    )
    await session.execute(
        sa.update(_TASK)
        .where(
            _TASK.c.kind == "wrap_up",
            _TASK.c.subject == f"due_call:{form.due_call_id}",
            _TASK.c.done_at.is_(None),
        )
        .values(done_at=now)
    )
    await _note(session, row, form, by=by, now=now)
    await audit(
        session,
        actor=by,
        action="outcome_corrected",
        subject=f"attempt:{attempt_id}",
        detail={
            "due_call_id": form.due_call_id,
            "why": why,
            "before": first.wrap_up_code and first.wrap_up_code.value,
            "before_by": first.wrapped_up_by,
            "after": form.code.value,
        },
        now=now,
    )


def _owes(agent: AnyRow, attempt_id: UUID) -> bool:
    standing = standing_of(agent)
    return isinstance(standing, WrapUp) and standing.attempt_id == attempt_id


def _one_each(rows: Sequence[AnyRow], forms: Sequence[WrapUpForm]) -> dict[int, WrapUpForm]:
    given = {form.due_call_id: form for form in forms}
    wanted = {row.due_call_id for row in rows}
    if len(given) != len(forms) or given.keys() != wanted:
        message = (
            f"the call served due calls {sorted(wanted)} and the wrap-up names "
            f"{sorted(form.due_call_id for form in forms)}; give each its own, once"
        )
        raise WrapUpFormError(message)
    return given


async def _note(
    session: AsyncSession, row: AnyRow, form: WrapUpForm, *, by: str, now: datetime
) -> None:
    if form.note:
        await add_note(
            session,
            person_id=row.person_id,
            unit_id=row.unit_id,
            written_by=by,
            text=form.note,
            now=now,
        )


async def _outcome_of(session: AsyncSession, attempt_id: UUID, due_call_id: int) -> AnyRow | None:
    found = await session.execute(
        sa.select(_SERVED.c.wrap_up_code, _SERVED.c.wrapped_up_by, _SERVED.c.wrapped_up_at).where(
            _SERVED.c.attempt_id == attempt_id,
            _SERVED.c.due_call_id == due_call_id,
            _SERVED.c.settled_at.is_not(None),
        )
    )
    return found.one_or_none()


async def _first_word(session: AsyncSession, attempt_id: UUID) -> str:
    rows = await session.execute(
        sa.select(_SERVED).where(_SERVED.c.attempt_id == attempt_id).order_by(_SERVED.c.position)
    )
    words = [
        f"due call {row.due_call_id}: {(row.wrap_up_code or row.telephony_result).value}"
        f" by {row.wrapped_up_by or 'the network'} at {row.wrapped_up_at or row.settled_at}"
        for row in rows
    ]
    return f"call {attempt_id} has its outcome ({'; '.join(words)}); a supervisor may correct it"
