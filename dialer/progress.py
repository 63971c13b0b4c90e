"""An attempt's progress at rest: what an event of the bridge changes before the end."""

from dataclasses import dataclass, fields
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow, table_of
from dialer import states
from dialer.bridges.port import CallEvent
from dialer.model import AttemptState
from dialer.tables import Attempt

_TYPES = {
    AttemptState.CLAIMED: states.Claimed,
    AttemptState.SUBMITTED: states.Submitted,
    AttemptState.RINGING: states.Ringing,
    AttemptState.ANSWERED: states.Answered,
}


_LIVE = (
    sa.select(
        Attempt.attempt_id,
        Attempt.person_id,
        Attempt.phone_id,
        Attempt.e164,
        Attempt.state,
        Attempt.started_at,
        Attempt.submitted_at,
        Attempt.ringing_at,
        Attempt.answered_at,
        Attempt.answered_by,
        Attempt.talk,
        Attempt.agent_id,
        Attempt.mode,
        Attempt.met_at,
        Attempt.direction,
    )
    .where(Attempt.attempt_id == sa.bindparam("attempt_id"), Attempt.state != AttemptState.ENDED)
    .with_for_update()
)


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveAttempt:
    """An attempt that has not ended, its row locked."""

    state: states.Live
    row: AnyRow


async def live_attempt(session: AsyncSession, attempt_id: UUID) -> LiveAttempt | None:
    """Return the attempt; None when it has ended or was never ours."""
    row = (await session.execute(_LIVE, {"attempt_id": attempt_id})).one_or_none()
    return None if row is None else LiveAttempt(state=_state(row), row=row)


def _state(row: AnyRow) -> states.Live:
    kind = _TYPES[row.state]
    # What a carrier left out is as old as the step before it.
    submitted_at = row.submitted_at or row.started_at
    known = {
        "attempt_id": row.attempt_id,
        "started_at": row.started_at,
        "submitted_at": submitted_at,
        "ringing_at": row.ringing_at or submitted_at,
        "answered_at": row.answered_at,
        "answered_by": row.answered_by,
    }
    state: states.Live = kind(**{field.name: known[field.name] for field in fields(kind)})
    return state


@dataclass(frozen=True, kw_only=True, slots=True)
class Noted:
    """An attempt's state as it is committed now; None: it has ended or was never ours."""

    state: states.Live | None
    changed: bool = False  # by this event


async def note_event(session: AsyncSession, event: CallEvent, known: states.Live | None) -> Noted:
    """Write what an event before the end changes; late and repeated ones change nothing.

    `known` is the state as it was last committed, if the caller has it: one statement then does,
    unless another process went on with the attempt.
    """
    if known is None:
        found = await live_attempt(session, event.attempt_id)
        if found is None:
            return Noted(state=None)
        known = found.state
    before = known
    after = states.after(before, event)
    if after == before or isinstance(after, states.Ended):
        return Noted(state=before)
    if await _write(session, before, after):
        return Noted(state=after, changed=True)
    return await note_event(session, event, None)


_ATTEMPT = table_of(Attempt)
_WRITE = (
    sa.update(_ATTEMPT)
    .where(
        _ATTEMPT.c.attempt_id == sa.bindparam("id"),
        _ATTEMPT.c.state == sa.bindparam("before", type_=_ATTEMPT.c.state.type),
    )
    .returning(_ATTEMPT.c.attempt_id)
)


async def _write(session: AsyncSession, before: states.Live, after: states.Live) -> bool:
    values = {
        field.name: getattr(after, field.name)
        for field in fields(after)
        if field.name not in {"attempt_id", "started_at"}
    }
    written = await session.execute(
        _WRITE,
        {
            "id": before.attempt_id,
            "before": states.WORD[type(before)],
            "state": states.WORD[type(after)],
            **values,
        },
    )
    return written.first() is not None
