"""WAV files in and out: measured, mended, and the sides of a call brought into one file.

Files are read in blocks, so that an hour of speech takes no more memory than a second of it.
"""

import hashlib
import struct
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.errors import OwnerlineError
from recordings.model import Sound

_FORMAT = struct.Struct("<HHIIHH")  # coding, channels, rate, bytes a second, block, bits
_BLOCK = 1 << 16  # samples
_SAMPLE_BYTES = 2
_PCM = 1
_HASH_BLOCK_BYTES = 1 << 20


class UnreadableSoundError(OwnerlineError):
    """A file is no WAV of 16-bit samples."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What a WAV file says of itself; `frames` counts what is there, whatever the header claims."""

    rate: int
    channels: int
    offset: int  # of the first sample, in bytes
    frames: int


def shape_of(path: Path) -> Shape:
    """Read a WAV file's header; that of a writer which died claims less than it wrote.

    Raises:
        UnreadableSoundError: it is no WAV of 16-bit samples.
    """
    with path.open("rb") as file:
        riff = file.read(12)
        if len(riff) < 12 or riff[:4] != b"RIFF" or riff[8:] != b"WAVE":  # noqa: PLR2004 - RIFF, size, WAVE
            message = f"{path.name} is no WAV file"
            raise UnreadableSoundError(message)
        return _shape(file, path)


def _shape(file: BinaryIO, path: Path) -> Shape:
    rate = channels = 0
    while len(chunk := file.read(8)) == 8:  # noqa: PLR2004 - name and size of a chunk
        name, size = chunk[:4], struct.unpack("<I", chunk[4:])[0]
        if name == b"fmt ":
            told = file.read(_FORMAT.size)
            if size < _FORMAT.size or len(told) < _FORMAT.size:
                message = f"{path.name} is no WAV file: its format is cut short"
                raise UnreadableSoundError(message)
            coding, channels, rate, _, _, bits = _FORMAT.unpack(told)
            if coding != _PCM or bits != _SAMPLE_BYTES * 8 or not channels:
                message = f"{path.name} holds no 16-bit samples (coding {coding}, {bits} bits)"
                raise UnreadableSoundError(message)
            size -= _FORMAT.size
        elif name == b"data" and rate:
            offset, there = file.tell(), path.stat().st_size - file.tell()
            claimed = size if 0 < size <= there else there
            width = _SAMPLE_BYTES * channels
            return Shape(rate=rate, channels=channels, offset=offset, frames=claimed // width)
        file.seek(size + size % 2, 1)
    message = f"{path.name} has no samples"
    raise UnreadableSoundError(message)


def bring_together(sources: Sequence[Path], to: Path) -> Sound:
    """Write the channels of the sources, in their order, as those of one file.

    What ends earlier is silent from there on.

    Raises:
        UnreadableSoundError: one of them is no WAV, or has another rate.
    """
    shapes = [shape_of(path) for path in sources]
    if len({shape.rate for shape in shapes}) != 1:
        told = ", ".join(f"{shape.rate} Hz" for shape in shapes)
        message = f"these files are not of one rate: {told}"
        raise UnreadableSoundError(message)
    frames = max(shape.frames for shape in shapes)
    channels = sum(shape.channels for shape in shapes)
    with wave.open(str(to), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(_SAMPLE_BYTES)
        out.setframerate(shapes[0].rate)
        sides = [_blocks(*side, frames) for side in zip(sources, shapes, strict=True)]
        for blocks in zip(*sides, strict=True):
            out.writeframesraw(np.hstack(blocks).tobytes())
    return Sound(
        sha256=checksum_of(to),
        size_bytes=to.stat().st_size,
        seconds=frames / shapes[0].rate,
        channels=channels,
        rate=shapes[0].rate,
    )


def _blocks(path: Path, shape: Shape, frames: int) -> Iterator[NDArray[np.int16]]:
    """Yield a file's samples block by block, a column each channel; silence after its end."""
    with path.open("rb") as file:
        file.seek(shape.offset)
        left = shape.frames
        for at in range(0, frames, _BLOCK):
            wanted = min(_BLOCK, frames - at)
            width = _SAMPLE_BYTES * shape.channels
            there = np.frombuffer(file.read(min(wanted, left) * width), dtype="<i2")
            samples = there.reshape(-1, shape.channels)
            left -= len(samples)
            yield np.pad(samples, ((0, wanted - len(samples)), (0, 0)))


def checksum_of(path: Path) -> bytes:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.digest()
