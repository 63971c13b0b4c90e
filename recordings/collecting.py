"""Bringing a recording's files into the store: safe to do twice, and to be killed in."""

import asyncio
import contextlib
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from core.columns import AnyRow
from core.errors import OwnerlineError
from recordings.model import RecordingState, RetentionRules, Sound, file_of
from recordings.service import note_stored, recording_of
from recordings.sound import bring_together
from recordings.store import RecordingStore

log = structlog.get_logger(__name__)


class SourceMissingError(OwnerlineError):
    """A recording's file does not lie where the bridge said it would."""


async def collect(
    sessions: async_sessionmaker[AsyncSession],
    store: RecordingStore,
    recording_id: UUID,
    sources: Sequence[Path],
    *,
    rules: RetentionRules,
    now: datetime,
) -> bool:
    """Store a recording and take its sources away, in this order; False: it was stored before.

    Args:
        sessions: the row is written in a transaction of its own, once the store has the file.
        store: where to.
        recording_id: an owed or missing recording.
        sources: files of one channel each; the owner's side first.
        rules: how long it is kept.
        now: the instant.

    Raises:
        UnknownRecordingError: there is none.
        SourceMissingError: a source is not there.
        UnreadableSoundError: a source is no sound.
        StoreError: the store did not take it.
    """
    async with sessions() as session:
        row = await recording_of(session, recording_id)
    if row.state not in {RecordingState.OWED, RecordingState.MISSING}:
        await asyncio.to_thread(_take_away, sources)  # a collection died between row and sources
        return False
    sound = await _store(store, row, sources)
    async with sessions.begin() as session:
        row = await recording_of(session, recording_id, lock=True)
        fresh = row.state in {RecordingState.OWED, RecordingState.MISSING}
        if fresh:
            await note_stored(session, row, sound, rules=rules, now=now)
    await asyncio.to_thread(_take_away, sources)
    log.info(
        "recording_stored",
        recording_id=str(recording_id),
        kind=row.kind.value,
        seconds=round(sound.seconds, 1),
        bytes=sound.size_bytes,
    )
    return fresh


async def _store(store: RecordingStore, row: AnyRow, sources: Sequence[Path]) -> Sound:
    with tempfile.TemporaryDirectory(prefix="ownerline-recording-") as folder:
        whole = Path(folder) / "whole.wav"
        try:
            sound = await asyncio.to_thread(bring_together, sources, whole)
        except FileNotFoundError as err:
            message = f"{Path(str(err.filename)).name} is not in the shared folder"
            raise SourceMissingError(message) from err
        await store.put(file_of(row.recording_id, row.started_at), whole)
    return sound


def _take_away(sources: Sequence[Path]) -> None:
    for source in sources:
        with contextlib.suppress(FileNotFoundError):
            source.unlink()
