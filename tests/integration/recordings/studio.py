"""Sound made for tests: tones and noise as WAV files, and what is found in one."""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000

Samples = NDArray[np.int16]


def noise(seconds: float, *, seed: int, level: int = 4000) -> Samples:
    """Return noise that is like no other."""
    generator = np.random.default_rng(seed)
    return generator.integers(-level, level, round(seconds * RATE), dtype=np.int16)


def write_wav(path: Path, *channels: Samples, rate: int = RATE) -> Path:
    """Write channels of one length as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(len(channels))
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.column_stack(channels).astype("<i2").tobytes())
    return path


def read_wav(path: Path) -> Samples:
    """Return the samples of a file, a column each channel."""
    with wave.open(str(path), "rb") as file:
        data = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return data.reshape(-1, file.getnchannels())
