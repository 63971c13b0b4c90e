"""Bringing a recording's files into the store: safe to do twice, and to be killed in."""

import asyncio
import tempfile
from datetime import datetime
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.columns import AnyRow
from recordings.model import RecordingState, RetentionRules, Sound, file_of
from recordings.service import note_stored, recording_of
from recordings.sound import bring_together
from recordings.sources import Source, SourceMissingError
from recordings.store import RecordingStore

log = structlog.get_logger(__name__)


async def collect(
    sessions: async_sessionmaker[AsyncSession],
    store: RecordingStore,
    recording_id: UUID,
    source: Source,
    *,
    rules: RetentionRules,
    now: datetime,
) -> bool:
    """Store a recording and take its source away, in this order; False: it was stored before.

    Args:
        sessions: the row is written in a transaction of its own, once the store has the file.
        store: where to.
        recording_id: an owed or missing recording.
        source: where the bridge has left it.
        rules: how long it is kept.
        now: the instant.

    Raises:
        UnknownRecordingError: there is none.
        SourceError: the source does not give it.
        UnreadableSoundError: it is no sound.
        StoreError: the store did not take it.
    """
    async with sessions() as session:
        row = await recording_of(session, recording_id)
    if row.state not in {RecordingState.OWED, RecordingState.MISSING}:
        await source.take_away()  # a collection died between row and source
        return False
    sound = await _store(store, row, source)
    async with sessions.begin() as session:
        row = await recording_of(session, recording_id, lock=True)
        fresh = row.state in {RecordingState.OWED, RecordingState.MISSING}
        if fresh:
            await note_stored(session, row, sound, rules=rules, now=now)
    await source.take_away()
    log.info(
        "recording_stored",
        recording_id=str(recording_id),
        kind=row.kind.value,
        seconds=round(sound.seconds, 1),
        bytes=sound.size_bytes,
    )
    return fresh


async def _store(store: RecordingStore, row: AnyRow, source: Source) -> Sound:
    with tempfile.TemporaryDirectory(prefix="ownerline-recording-") as folder:
        files = await source.fetch(Path(folder))
        whole = Path(folder) / "whole.wav"
        try:
            sound = await asyncio.to_thread(bring_together, files, whole)
        except FileNotFoundError as err:  # another collection was quicker
            message = f"{Path(str(err.filename)).name} has gone"
            raise SourceMissingError(message) from err
        await store.put(file_of(row.recording_id, row.started_at), whole)
    return sound
