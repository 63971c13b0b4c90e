"""An attempt's progress at rest: what an event of the bridge changes before the end."""

from dataclasses import fields
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow
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


async def live_attempt(session: AsyncSession, attempt_id: UUID) -> states.Live | None:
    """Return the attempt's state, its row locked; None when it has ended or was never ours."""
    row = (
        await session.execute(
            sa.select(
                Attempt.attempt_id,
                Attempt.state,
                Attempt.started_at,
                Attempt.submitted_at,
                Attempt.ringing_at,
                Attempt.answered_at,
                Attempt.answered_by,
            )
            .where(Attempt.attempt_id == attempt_id, Attempt.state != AttemptState.ENDED)
            .with_for_update()
        )
    ).one_or_none()
    return None if row is None else _state(row)


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


async def note_event(session: AsyncSession, event: CallEvent) -> None:
    """Write what an event before the end changes; late and repeated ones change nothing."""
    before = await live_attempt(session, event.attempt_id)
    if before is None:
        return
    after = states.after(before, event)
    if after == before:
        return
    values = {
        field.name: getattr(after, field.name)
        for field in fields(after)
        if field.name != "attempt_id"
    }
    await session.execute(
        sa.update(Attempt)
        .where(Attempt.attempt_id == event.attempt_id)
        .values(state=states.WORD[type(after)], **values)
    )
