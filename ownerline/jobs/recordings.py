"""The jobs of recordings: into the store, or told as missing, and away when their time is over."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core import metrics
from core.columns import AnyRow
from core.errors import OwnerlineError
from dialer.recording import recorded_call
from ownerline.recorded import NOWHERE, source_at, store_of
from ownerline.runtime import Runtime
from recordings.collecting import collect
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
from recordings.sources import NeverRecordedError, Source, SourceError
from recordings.store import RecordingStore, StoreError

log = structlog.get_logger(__name__)

TEND_RECORDINGS = "recordings.tend"

GIVE_UP_AFTER = timedelta(minutes=30)  # since the file should have been whole
_CALL_IS_UP = timedelta(minutes=20)
_SHORTEST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=10)
_LOOKED_FOR = timedelta(days=30)  # a missing file that turns up, say with a disk that was away
_BATCH = 200
_TROUBLES = (SourceError, UnreadableSoundError, StoreError, *NOWHERE)


async def collect_recording(runtime: Runtime, *, recording_id: str) -> None:
    """Bring one recording into the store; what cannot be yet is deferred anew, or is missing."""
    now = runtime.clock.now()
    async with runtime.sessions() as session:
        row = await recording_of(session, UUID(recording_id))
        call = await recorded_call(session, row.attempt_id or row.inbound_call_id)
    if row.state is RecordingState.DELETED:
        return
    due_at = row.told_at or call.ended_at
    if due_at is None and row.state is not RecordingState.STORED:
        await _again(runtime, row, at=now + _CALL_IS_UP)
        return
    try:
        async with source_at(row.location, runtime.settings) as source:
            await _collect(runtime, row, source, now=now)
    except _TROUBLES as err:
        await _put_off(runtime, row, err, late=now - (due_at or now))


async def _collect(runtime: Runtime, row: AnyRow, source: Source, *, now: datetime) -> None:
    if row.state is RecordingState.STORED:
        await source.take_away()  # a collection died between the row and the source
        return
    if row.told_at is None:
        await source.check_whole(now)
    await collect(
        runtime.sessions,
        store_of(runtime.settings),
        row.recording_id,
        source,
        rules=shipped_retention(),
        now=now,
    )


async def _put_off(runtime: Runtime, row: AnyRow, err: OwnerlineError, *, late: timedelta) -> None:
    now = runtime.clock.now()
    is_final = late >= GIVE_UP_AFTER or isinstance(err, NeverRecordedError)
    async with runtime.sessions.begin() as session:
        current = await recording_of(session, row.recording_id, lock=True)
        if current.state not in {RecordingState.OWED, RecordingState.STORED}:
            return  # it was missing before
        if not is_final:
            pause = min(max(late, _SHORTEST_PAUSE), _LONGEST_PAUSE)
            await collect_soon(session, row.recording_id, at=now + pause)
            return
        if current.state is RecordingState.STORED:
            log.error(
                "recording_left_at_its_source", recording_id=str(row.recording_id), why=str(err)
            )
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
