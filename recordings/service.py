"""Recordings from the moment they are owed to the moment they go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow, table_of
from core.errors import OwnerlineError
from core.jobs import defer
from customers.desk import audit
from customers.model import RecordingConsent
from recordings.model import (
    RecordingState,
    RetentionRules,
    Sound,
    file_of,
    kind_of,
    may_go,
)
from recordings.tables import Recording, RecordingWave

_RECORDING, _WAVE = table_of(Recording), table_of(RecordingWave)
_KEEPER = "retention"
COLLECT = "recordings.collect"  # the name under which workers know the collection


class UnknownRecordingError(OwnerlineError):
    """There is no recording of that id."""


class RecordingGoneError(OwnerlineError):
    """The recording was deleted, so that nothing can be held or heard."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """Whose recording it is: of an attempt of ours, or of a call that came in."""

    attempt_id: UUID | None = None
    inbound_call_id: UUID | None = None
    person_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """A recording that a bridge told of; `told_at` says when the file was whole, None: not yet."""

    name: str
    location: str
    started_at: datetime
    told_at: datetime | None = None
    consent: RecordingConsent | None = None  # on what it rests


async def owe(session: AsyncSession, recording_id: UUID, call: Call, begun: Begun) -> UUID:
    """Write that a file is owed; told again, it is the same recording.

    Returns:
        The recording's id: the given one, or that of the recording known already.
    """
    row = insert(_RECORDING).values(
        recording_id=recording_id,
        attempt_id=call.attempt_id,
        inbound_call_id=call.inbound_call_id,
        person_id=call.person_id,
        name=begun.name,
        kind=kind_of(begun.name),
        location=begun.location,
        consent=begun.consent,
        state=RecordingState.OWED,
        started_at=begun.started_at,
        told_at=begun.told_at,
    )
    told = row.on_conflict_do_update(
        index_elements=["location"],
        set_={
            name: sa.func.coalesce(_RECORDING.c[name], row.excluded[name])
            for name in ("told_at", "consent")
        },
    )
    found = await session.execute(told.returning(_RECORDING.c.recording_id))
    known: UUID = found.scalar_one()
    return known


async def collect_soon(
    session: AsyncSession, recording_id: UUID, *, at: datetime | None = None
) -> None:
    """Have a recording's file brought into the store once the transaction has committed, or later.

    A job that finds it stored does nothing, so that a later one may wait beside an earlier one.
    """
    await defer(session, COLLECT, schedule_at=at, recording_id=str(recording_id))


async def recording_of(session: AsyncSession, recording_id: UUID, *, lock: bool = False) -> AnyRow:
    """Return a recording's row.

    Raises:
        UnknownRecordingError: there is none.
    """
    query = sa.select(_RECORDING).where(_RECORDING.c.recording_id == recording_id)
    row = (await session.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        message = f"there is no recording {recording_id}"
        raise UnknownRecordingError(message)
    return row


async def note_stored(
    session: AsyncSession, row: AnyRow, sound: Sound, *, rules: RetentionRules, now: datetime
) -> None:
    """Write that the store has a recording's file."""
    await _write(
        session,
        row.recording_id,
        state=RecordingState.STORED,
        file=file_of(row.recording_id, row.started_at),
        sha256=sound.sha256,
        size_bytes=sound.size_bytes,
        seconds=sound.seconds,
        channels=sound.channels,
        rate=sound.rate,
        stored_at=now,
        keep_until=rules.keep_until(row.kind, row.started_at),
        missing_since=None,
        missing_why=None,
    )


async def note_missing(
    session: AsyncSession, recording_id: UUID, *, why: str, now: datetime
) -> bool:
    """Write that an owed file did not come; False when it is no longer owed."""
    done = await session.execute(
        sa.update(_RECORDING)
        .where(
            _RECORDING.c.recording_id == recording_id,
            _RECORDING.c.state == RecordingState.OWED,
        )
        .values(state=RecordingState.MISSING, missing_since=now, missing_why=why)
        .returning(_RECORDING.c.recording_id)
    )
    return done.first() is not None


async def hold(
    session: AsyncSession, recording_id: UUID, *, by: str, why: str, now: datetime
) -> None:
    """Keep a recording whatever its age, until it is released.

    Raises:
        UnknownRecordingError: there is none.
        RecordingGoneError: it was deleted already.
    """
    row = await recording_of(session, recording_id, lock=True)
    if row.state is RecordingState.DELETED:
        message = f"recording {recording_id} was deleted at {row.deleted_at:%Y-%m-%d}"
        raise RecordingGoneError(message)
    await _write(session, recording_id, held_by=by, held_at=now, held_why=why)
    await _audit(session, "recording_held", recording_id, by=by, why=why, now=now)


async def release(
    session: AsyncSession, recording_id: UUID, *, by: str, why: str, now: datetime
) -> None:
    """Let a held recording go by its age again.

    Raises:
        UnknownRecordingError: there is none.
    """
    await recording_of(session, recording_id, lock=True)
    await _write(session, recording_id, held_by=None, held_at=None, held_why=None)
    await _audit(session, "recording_released", recording_id, by=by, why=why, now=now)


async def kept_long_enough(session: AsyncSession, *, now: datetime, batch: int) -> Sequence[UUID]:
    """Return stored recordings that may go, the oldest first."""
    rows = await session.scalars(
        sa.select(_RECORDING.c.recording_id)
        .where(
            _RECORDING.c.state == RecordingState.STORED,
            _RECORDING.c.held_at.is_(None),
            _RECORDING.c.keep_until <= now,
        )
        .order_by(_RECORDING.c.keep_until)
        .limit(batch)
    )
    return rows.all()


async def take_away(session: AsyncSession, recording_id: UUID, *, now: datetime) -> str | None:
    """Write that a recording is deleted and return the file to delete; None: it must stay.

    The caller deletes the file before it commits: what cannot be deleted stays on file.
    """
    row = await recording_of(session, recording_id, lock=True)
    if row.state is not RecordingState.STORED or not may_go(
        keep_until=row.keep_until, held=row.held_at is not None, now=now
    ):
        return None
    await _write(session, recording_id, state=RecordingState.DELETED, deleted_at=now)
    await session.execute(sa.delete(_WAVE).where(_WAVE.c.recording_id == recording_id))
    await _audit(session, "recording_deleted", recording_id, by=_KEEPER, why="age", now=now)
    file: str = row.file
    return file


async def still_open(session: AsyncSession, *, missing_since: datetime) -> Sequence[UUID]:
    """Return recordings that are owed, and those missing no longer than since then."""
    rows = await session.scalars(
        sa.select(_RECORDING.c.recording_id)
        .where(
            sa.or_(
                _RECORDING.c.state == RecordingState.OWED,
                sa.and_(
                    _RECORDING.c.state == RecordingState.MISSING,
                    _RECORDING.c.missing_since >= missing_since,
                ),
            )
        )
        .order_by(_RECORDING.c.recording_id)
    )
    return rows.all()


async def missing_count(session: AsyncSession, *, since: datetime) -> int:
    """Return how many recordings are missing no longer than since then."""
    found = await session.scalar(
        sa.select(sa.func.count()).where(
            _RECORDING.c.state == RecordingState.MISSING, _RECORDING.c.missing_since >= since
        )
    )
    return found or 0


async def _write(session: AsyncSession, recording_id: UUID, **values: object) -> None:
    await session.execute(
        sa.update(_RECORDING).where(_RECORDING.c.recording_id == recording_id).values(**values)
    )


async def _audit(
    session: AsyncSession, action: str, recording_id: UUID, *, by: str, why: str, now: datetime
) -> None:
    await audit(
        session,
        actor=by,
        action=action,
        subject=f"recording:{recording_id}",
        detail={"why": why},
        now=now,
    )
