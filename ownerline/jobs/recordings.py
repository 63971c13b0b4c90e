"""The jobs of recordings: into the store, or told as missing, and away when their time is over."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core import metrics
from core.columns import AnyRow
from core.errors import OwnerlineError
from dialer.bridges.asterisk.audio_places import UnknownLocationError
from dialer.recording import recorded_call
from ownerline.recorded import sources_at, store_of
from ownerline.runtime import Runtime
from recordings.collecting import SourceMissingError, collect
from recordings.model import RecordingState, shipped_retention
from recordings.service import (
    collect_soon,
    kept_long_enough,
    note_missing,
    recording_of,
    still_open,
    take_away,
)
from recordings.sound import UnreadableSoundError
from recordings.store import RecordingStore, StoreError

log = structlog.get_logger(__name__)

TEND_RECORDINGS = "recordings.tend"

GIVE_UP_AFTER = timedelta(minutes=30)  # since the file should have been whole
_CALL_IS_UP = timedelta(minutes=20)
_SHORTEST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=10)
# Of a call whose end nobody told, Asterisk may write on: what changed a moment ago is left alone.
_QUIET_FOR = timedelta(minutes=1)
_LOOKED_FOR = timedelta(days=30)  # a missing file that turns up, say with a disk that was away
_BATCH = 200
_TROUBLES = (SourceMissingError, UnreadableSoundError, StoreError, UnknownLocationError)


class _NotWholeError(OwnerlineError):
    """A recording's file may still be written to."""


async def collect_recording(runtime: Runtime, *, recording_id: str) -> None:
    """Bring one recording into the store; what cannot be yet is deferred anew, or is missing."""
    now = runtime.clock.now()
    async with runtime.sessions() as session:
        row = await recording_of(session, UUID(recording_id))
        call = await recorded_call(session, row.attempt_id or row.inbound_call_id)
    if row.state not in {RecordingState.OWED, RecordingState.MISSING}:
        return
    due_at = row.told_at or call.ended_at
    if due_at is None:
        await _again(runtime, row, at=now + _CALL_IS_UP)
        return
    try:
        sources = sources_at(row.location, runtime.settings)
        if row.told_at is None:
            _check_quiet(sources, now=now)
        await collect(
            runtime.sessions,
            store_of(runtime.settings),
            row.recording_id,
            sources,
            rules=shipped_retention(),
            now=now,
        )
    except (*_TROUBLES, _NotWholeError) as err:
        await _put_off(runtime, row, err, late=now - due_at)


def _check_quiet(sources: Sequence[Path], *, now: datetime) -> None:
    for source in sources:
        try:
            changed_at = datetime.fromtimestamp(source.stat().st_mtime, tz=UTC)
        except FileNotFoundError:
            continue
        if changed_at > now - _QUIET_FOR:
            message = f"{source.name} was written to a moment ago"
            raise _NotWholeError(message)


async def _put_off(runtime: Runtime, row: AnyRow, err: OwnerlineError, *, late: timedelta) -> None:
    now = runtime.clock.now()
    async with runtime.sessions.begin() as session:
        current = await recording_of(session, row.recording_id, lock=True)
        if current.state is not RecordingState.OWED:
            return  # another collection was quicker, or it was missing before
        if late < GIVE_UP_AFTER:
            pause = min(max(late, _SHORTEST_PAUSE), _LONGEST_PAUSE)
            await collect_soon(session, row.recording_id, at=now + pause)
            return
        await note_missing(session, row.recording_id, why=str(err), now=now)
    metrics.RECORDINGS_MISSED.inc()
    log.error(
        "recording_missing",
        recording_id=str(row.recording_id),
        attempt_id=None if row.attempt_id is None else str(row.attempt_id),
        inbound_call_id=None if row.inbound_call_id is None else str(row.inbound_call_id),
        why=str(err),
    )


async def _again(runtime: Runtime, row: AnyRow, *, at: datetime) -> None:
    async with runtime.sessions.begin() as session:
        await collect_soon(session, row.recording_id, at=at)


async def tend(runtime: Runtime) -> None:
    """Look for what is open once more, and let go what was kept long enough."""
    now = runtime.clock.now()
    async with runtime.sessions.begin() as session:
        found = await still_open(session, missing_since=now - _LOOKED_FOR)
        for recording_id in found:
            await collect_soon(session, recording_id)
    deleted = await delete_old(runtime, now=now)
    log.info("recordings_tended", looked_for=len(found), deleted=deleted)


async def delete_old(runtime: Runtime, *, now: datetime) -> int:
    """Delete recordings whose time is over, each in a transaction of its own; returns how many."""
    store, deleted = store_of(runtime.settings), 0
    while True:
        async with runtime.sessions() as session:
            batch = await kept_long_enough(session, now=now, batch=_BATCH)
        for recording_id in batch:
            async with runtime.sessions.begin() as session:
                deleted += await _delete(session, recording_id, store=store, now=now)
        if len(batch) < _BATCH:
            return deleted


async def _delete(
    session: AsyncSession, recording_id: UUID, *, store: RecordingStore, now: datetime
) -> bool:
    file = await take_away(session, recording_id, now=now)
    if file is None:
        return False
    await store.delete(file)  # fails: nothing is written, and it is tried again
    return True
