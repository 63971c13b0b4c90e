"""What is to be recorded of a call, and what Twilio records: any process may ask for either.

A recording is owed in the transaction that learns of it. What is told twice, late or out of order
changes nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.columns import table_of
from dialer.bridges.port import OutboundCall, RecordingReady, RecordingStarted
from dialer.bridges.twilio import orders
from dialer.bridges.twilio.collecting import location_of
from dialer.bridges.twilio.tables import TwilioCall, TwilioRecording
from recordings.model import WHOLE_CALL

_CALL, _RECORDING = table_of(TwilioCall), table_of(TwilioRecording)
# Whoever wanted to begin a recording and has not by then was killed.
_BEGUN_WITHIN = timedelta(seconds=30)
_NO_RECORDING = ~sa.exists().where(
    _RECORDING.c.call_id == _CALL.c.call_id, _RECORDING.c.name == WHOLE_CALL
)
_RUNNING = (
    sa.select(_RECORDING.c.sid, _RECORDING.c.is_paused)
    .where(
        _RECORDING.c.call_id == _CALL.c.call_id,
        _RECORDING.c.name == WHOLE_CALL,
        _RECORDING.c.ready_at.is_(None),
        _RECORDING.c.failed_at.is_(None),
    )
    .order_by(_RECORDING.c.started_at.desc())
    .limit(1)
    .lateral("running")
)
_STANDING = (
    sa.select(
        _CALL,
        _RUNNING.c.sid.label("recording_sid"),
        sa.func.coalesce(_RUNNING.c.is_paused, sa.false()).label("is_paused"),
    )
    .select_from(_CALL.outerjoin(_RUNNING, sa.true()))
    .where(_CALL.c.call_id == sa.bindparam("of_call"))
)

# Writes that a file is owed, and sees to its collection: `dialer.recording.note_recording`.
Owe = Callable[[AsyncSession, RecordingStarted | RecordingReady], Awaitable[object]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What a call wants recorded, and what is recorded of it; `order` None: it came in."""

    call_id: UUID
    call_sid: str | None
    order: OutboundCall | None
    is_wanted: bool  # by its last turn, or since it met an agent
    is_silenced: bool  # by its agent
    is_over: bool
    recording_sid: str | None  # of what is recorded now, or paused
    is_paused: bool

    @property
    def is_to_sound(self) -> bool:
        """Whether what is said is to be recorded now."""
        return self.is_wanted and not self.is_silenced


@dataclass(frozen=True, kw_only=True, slots=True)
class Tape:
    """A recording as Twilio tells of it; `name` is `call`, or that of the answer."""

    call_id: UUID
    sid: str
    name: str = WHOLE_CALL


class RecordingBook:
    """Reads and writes `twilio_recording`, and the wishes in `twilio_call`; a transaction each."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], *, owe: Owe) -> None:
        self._sessions = sessions
        self._owe = owe

    async def standing(self, call_id: UUID) -> Standing | None:
        """Return how a call stands; None: it is not in the book."""
        async with self._sessions() as session:
            return await _standing(session, call_id)

    async def follow_turn(self, call_id: UUID, *, recorded: bool, at: datetime) -> Standing | None:
        """Write what the next turn wants; None: nothing is to be done about it."""
        before = _CALL.c.is_recorded_turn
        if recorded:
            changes = sa.or_(before.is_distinct_from(sa.true()), _abandoned_claim(at))
        else:
            changes = before.is_(sa.true())
        return await self._wish(call_id, changes, is_recorded_turn=recorded)

    async def silence(self, call_id: UUID, *, silent: bool) -> Standing | None:
        """Write whether an agent wants silence; None: the call is not in the book."""
        return await self._wish(call_id, sa.true(), is_silenced=silent)

    async def want(self, call_id: UUID) -> Standing | None:
        """Write that a call is recorded from now on; None: it is not in the book."""
        return await self._wish(call_id, sa.true(), is_recorded_turn=True)

    async def claim_beginning(self, call_id: UUID, *, at: datetime) -> bool:
        """Say whether it is the caller's to begin a call's recording: it is one's only."""
        free = sa.or_(_CALL.c.recording_at.is_(None), _abandoned_claim(at))
        claimed = await self._wish(call_id, free & _CALL.c.ended_at.is_(None), recording_at=at)
        return claimed is not None

    async def claim_announcement(self, call_id: UUID, *, at: datetime) -> bool:
        """Say whether it is the caller's to announce a call's recording: once a call."""
        return (
            await self._wish(call_id, _CALL.c.announced_at.is_(None), announced_at=at) is not None
        )

    async def is_announced(self, call_id: UUID) -> bool:
        """Say whether a call's announcement was sent for."""
        query = sa.select(_CALL.c.announced_at).where(_CALL.c.call_id == call_id)
        async with self._sessions() as session:
            return await session.scalar(query) is not None

    async def begun(self, tape: Tape, *, at: datetime) -> None:
        """Write that a recording runs, which is owed from now on."""
        async with self._sessions.begin() as session:
            await self._begun(session, tape, at=at)

    async def not_begun(self, standing: Standing, *, at: datetime) -> None:
        """Write that what is owed will not come: Twilio would not record the call."""
        if standing.call_sid is None:
            return
        tape = Tape(call_id=standing.call_id, sid=standing.call_sid)
        async with self._sessions.begin() as session:
            await self._owe(session, _started(tape, standing, at=at))

    async def note_paused(self, sid: str, *, paused: bool) -> None:
        """Write that a recording holds silence, or what is said."""
        async with self._sessions.begin() as session:
            await session.execute(
                sa.update(_RECORDING).where(_RECORDING.c.sid == sid).values(is_paused=paused)
            )

    async def over(self, tape: Tape, *, at: datetime, seconds: float, failed: bool) -> bool:
        """Write that a recording is whole, or that there is none; False: it is not kept.

        An answer that was thrown away comes back so; one that is kept is owed.
        """
        async with self._sessions.begin() as session:
            if await self._is_thrown_away(session, tape):
                return False
            await self._begun(session, tape, at=at - timedelta(seconds=seconds))
            values: dict[str, object] = {"ready_at": at, "seconds": seconds}
            if failed:
                values["failed_at"] = at
            changed = await session.execute(
                sa.update(_RECORDING)
                .where(_RECORDING.c.sid == tape.sid, _RECORDING.c.ready_at.is_(None))
                .values(values)
                .returning(_RECORDING.c.sid)
            )
            if changed.first() is not None:  # of an absent one the collection says why
                await self._owe(session, _ready(tape, at=at, seconds=seconds))
            return True

    async def throw_away(self, tape: Tape, *, at: datetime) -> None:
        """Write that an answer is not kept: a key was pressed, or nothing was said."""
        async with self._sessions.begin() as session:
            await session.execute(
                insert(_RECORDING)
                .values(
                    sid=tape.sid,
                    call_id=tape.call_id,
                    name=tape.name,
                    started_at=at,
                    failed_at=at,
                )
                .on_conflict_do_nothing()
            )

    async def _begun(self, session: AsyncSession, tape: Tape, *, at: datetime) -> None:
        standing = await _standing(session, tape.call_id)
        consent = None if standing is None or standing.order is None else standing.order.recording
        added = await session.execute(
            insert(_RECORDING)
            .values(
                sid=tape.sid,
                call_id=tape.call_id,
                name=tape.name,
                started_at=at,
                consent=consent if tape.name == WHOLE_CALL else None,
            )
            .on_conflict_do_nothing()
            .returning(_RECORDING.c.sid)
        )
        if added.first() is not None and tape.name == WHOLE_CALL and standing is not None:
            await self._owe(session, _started(tape, standing, at=at))

    async def _is_thrown_away(self, session: AsyncSession, tape: Tape) -> bool:
        query = sa.select(_RECORDING.c.sid).where(
            _RECORDING.c.sid == tape.sid,
            _RECORDING.c.ready_at.is_(None),
            _RECORDING.c.failed_at.is_not(None),
        )
        return await session.scalar(query) is not None

    async def _wish(
        self, call_id: UUID, changes: sa.ColumnElement[bool], **values: Any
    ) -> Standing | None:
        async with self._sessions.begin() as session:
            changed = await session.execute(
                sa.update(_CALL)
                .where(_CALL.c.call_id == call_id, changes)
                .values(values)
                .returning(_CALL.c.call_id)
            )
            return None if changed.first() is None else await _standing(session, call_id)


def _abandoned_claim(at: datetime) -> sa.ColumnElement[bool]:
    """Say whether a recording was to begin, and whoever wanted to begin it has died."""
    return sa.and_(_CALL.c.recording_at < at - _BEGUN_WITHIN, _NO_RECORDING)


async def _standing(session: AsyncSession, call_id: UUID) -> Standing | None:
    row = (await session.execute(_STANDING, {"of_call": call_id})).one_or_none()
    if row is None:
        return None
    return Standing(
        call_id=call_id,
        call_sid=row.sid,
        order=orders.read(row.order, call_id=call_id, e164=row.e164, trunk=row.trunk),
        is_wanted=bool(row.is_recorded_turn),
        is_silenced=row.is_silenced,
        is_over=row.ended_at is not None,
        recording_sid=row.recording_sid,
        is_paused=row.is_paused,
    )


def _started(tape: Tape, standing: Standing, *, at: datetime) -> RecordingStarted:
    return RecordingStarted(
        attempt_id=tape.call_id,
        at=at,
        name=tape.name,
        location=location_of(tape.sid),
        consent=None if standing.order is None else standing.order.recording,
    )


def _ready(tape: Tape, *, at: datetime, seconds: float) -> RecordingReady:
    return RecordingReady(
        attempt_id=tape.call_id,
        at=at,
        name=tape.name,
        location=location_of(tape.sid),
        seconds=seconds,
    )
