"""Recordings of calls as the engine hears of them: each is owed from the event that tells of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import table_of
from core.errors import OwnerlineError
from dialer.bridges.port import RecordingReady, RecordingStarted
from dialer.inbound.tables import InboundRow
from dialer.tables import Attempt
from recordings.model import WHOLE_CALL
from recordings.service import Begun, Call, collect_soon, owe

_ATTEMPT, _INBOUND = table_of(Attempt), table_of(InboundRow)
# Longer than nearly every call: should nobody have told that the file is whole, it is looked for.
_LOOK_AFTER = timedelta(minutes=20)


class UnknownCallError(OwnerlineError):
    """A recording was told of a call that is not on file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedCall:
    """The call of a recording; `ended_at` None: it is up."""

    call: Call
    ended_at: datetime | None


async def note_recording(
    session: AsyncSession, event: RecordingStarted | RecordingReady, *, recording_id: UUID
) -> UUID:
    """Write that a file is owed, and see to its collection, in the transaction of the event.

    Told again, or of its end, it is the same recording. `recording_id` is of one that is heard of
    for the first time; the id it has is returned.

    Raises:
        UnknownCallError: the call is none of ours.
    """
    recorded = await recorded_call(session, event.attempt_id)
    known = await owe(session, recording_id, recorded.call, _begun(event))
    later = event.at + _LOOK_AFTER if isinstance(event, RecordingStarted) else None
    await collect_soon(session, known, at=later)
    if event.name == WHOLE_CALL:
        await session.execute(
            sa.update(_ATTEMPT)
            .where(_ATTEMPT.c.attempt_id == event.attempt_id)
            .values(recording=str(known))
        )
    return known


def _begun(event: RecordingStarted | RecordingReady) -> Begun:
    if isinstance(event, RecordingStarted):
        return Begun(
            name=event.name, location=event.location, started_at=event.at, consent=event.consent
        )
    return Begun(
        name=event.name,
        location=event.location,
        started_at=event.at - timedelta(seconds=event.seconds),
        told_at=event.at,
    )


async def recorded_call(session: AsyncSession, call_id: UUID) -> RecordedCall:
    """Return a call of either direction.

    Raises:
        UnknownCallError: there is none of that id.
    """
    # A call that came in and was about due calls is on file as both, and counts as an attempt.
    attempts = sa.select(
        _ATTEMPT.c.attempt_id,
        sa.null().label("inbound_call_id"),
        _ATTEMPT.c.person_id,
        _ATTEMPT.c.ended_at,
    ).where(_ATTEMPT.c.attempt_id == call_id)
    inbound = sa.select(
        sa.null(), _INBOUND.c.call_id, _INBOUND.c.person_id, _INBOUND.c.ended_at
    ).where(_INBOUND.c.call_id == call_id)
    rows = (await session.execute(attempts)).all() or (await session.execute(inbound)).all()
    if not rows:
        message = f"there is no call {call_id}"
        raise UnknownCallError(message)
    attempt_id, inbound_call_id, person_id, ended_at = rows[0]
    return RecordedCall(
        call=Call(attempt_id=attempt_id, inbound_call_id=inbound_call_id, person_id=person_id),
        ended_at=ended_at,
    )
