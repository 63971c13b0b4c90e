"""What a recording looks like."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator

import numpy as np
import pytest
from numpy.typing import NDArray

from recordings.peaks import BARS, peaks_in
from recordings.sound import UnreadableSoundError

RATE = 8000


def whole(*channels: NDArray[np.generic]) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.column_stack(channels).astype("<i2").tobytes())
    return out.getvalue()


async def blocks(content: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


def peaks(content: bytes, *, frames: int, channels: int, block: int = 1000) -> list[list[int]]:
    found = asyncio.run(
        peaks_in(blocks(content, block), size_bytes=len(content), frames=frames, channels=channels)
    )
    each = len(found) // channels
    return [list(found[n * each : (n + 1) * each]) for n in range(channels)]


def test_who_speaks_is_seen_and_silence_is_flat() -> None:
    second = np.zeros(RATE * 3)
    owner, agent = second.copy(), second.copy()
    owner[: RATE * 1] = 16384
    agent[RATE * 2 :] = -32768
    left, right = peaks(whole(owner, agent), frames=RATE * 3, channels=2)
    assert len(left) == len(right) == BARS
    assert set(left[: BARS // 3]) == {128}
    assert set(left[BARS // 3 :]) == {0}
    assert set(right[2 * BARS // 3 :]) == {255}


@pytest.mark.parametrize("block", [1, 7, 44, 45, 4096, 1 << 20])
def test_blocks_of_any_size_give_the_same_picture(block: int) -> None:
    noise = np.random.default_rng(1).integers(-9000, 9000, 2000)
    content = whole(noise, noise[::-1])
    assert peaks(content, frames=2000, channels=2, block=block) == peaks(
        content, frames=2000, channels=2, block=len(content)
    )


def test_a_sound_shorter_than_its_bars_has_a_bar_a_sample() -> None:
    assert peaks(whole(np.array([128, -256, 0])), frames=3, channels=1) == [[1, 2, 0]]


@pytest.mark.parametrize("frames", [0, -1, 10_000])
def test_bytes_that_are_no_such_sound_are_refused(frames: int) -> None:
    with pytest.raises(UnreadableSoundError):
        peaks(b"RIFF", frames=frames, channels=2)
