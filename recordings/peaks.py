"""What a recording looks like: the loudest sample of each bar, computed once from the sound."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.columns import AnyRow, table_of
from recordings.sound import UnreadableSoundError
from recordings.store import RecordingStore
from recordings.tables import RecordingWave

BARS = 150

_WAVE = table_of(RecordingWave)
_SAMPLE_BYTES = 2
_TO_A_BYTE = 7  # bits: 16-bit loudness is 15 bits


@dataclass(frozen=True, kw_only=True, slots=True)
class Wave:
    """A recording's bars by channel, 0 for silence to 255."""

    bars: int
    channels: tuple[tuple[int, ...], ...]


async def wave_of(session: AsyncSession, store: RecordingStore, row: AnyRow) -> Wave:
    """Return what a stored recording looks like; the first who asks has it computed and kept.

    Raises:
        UnreadableSoundError: the file is not as the row says.
        FileGoneError: the store has no such file.
        StoreError: the store does not answer.
    """
    query = sa.select(_WAVE).where(_WAVE.c.recording_id == row.recording_id)
    known = (await session.execute(query)).one_or_none()
    if known is not None:
        return _wave(known.bars, known.peaks)
    peaks = await peaks_in(
        store.read(row.file),
        size_bytes=row.size_bytes,
        frames=round(row.seconds * row.rate),
        channels=row.channels,
    )
    bars = len(peaks) // row.channels
    await session.execute(
        insert(_WAVE)
        .values(recording_id=row.recording_id, bars=bars, peaks=peaks)
        .on_conflict_do_nothing(index_elements=["recording_id"])
    )
    return _wave(bars, peaks)


async def peaks_in(
    blocks: AsyncIterator[bytes], *, size_bytes: int, frames: int, channels: int
) -> bytes:
    """Return the peaks of a sound, channel after channel; it is read block by block.

    Raises:
        UnreadableSoundError: there are fewer bytes than the frames take.
    """
    width = channels * _SAMPLE_BYTES
    header = size_bytes - frames * width
    if frames <= 0 or header < 0:
        message = f"{size_bytes} bytes hold no {frames} samples of {channels} channels"
        raise UnreadableSoundError(message)
    peaks = np.zeros((channels, min(BARS, frames)), dtype=np.uint16)
    left, at = b"", 0
    async for block in blocks:
        left += block
        if header:
            cut = min(header, len(left))
            left, header = left[cut:], header - cut
        whole = len(left) // width * width
        if whole:
            at = await asyncio.to_thread(_take, peaks, left[:whole], at, frames)
            left = left[whole:]
    bars: NDArray[np.uint8] = np.minimum(peaks >> _TO_A_BYTE, 255).astype(np.uint8)
    return bars.tobytes()


def _take(peaks: NDArray[np.uint16], block: bytes, at: int, frames: int) -> int:
    """Count a block's samples into their bars; returns where the next block begins."""
    channels, bars = peaks.shape
    samples = np.frombuffer(block, dtype="<i2").reshape(-1, channels)[: max(0, frames - at)]
    loud = np.abs(samples.astype(np.int32)).astype(np.uint16)
    bar = np.arange(at, at + len(loud), dtype=np.int64) * bars // frames
    starts = np.flatnonzero(np.r_[True, bar[1:] != bar[:-1]]) if len(bar) else bar
    if len(starts):
        most = np.maximum.reduceat(loud, starts, axis=0).T
        where = bar[starts]
        peaks[:, where] = np.maximum(peaks[:, where], most)
    return at + len(loud)


def _wave(bars: int, peaks: bytes) -> Wave:
    channels = len(peaks) // bars
    return Wave(
        bars=bars,
        channels=tuple(tuple(peaks[n * bars : (n + 1) * bars]) for n in range(channels)),
    )
