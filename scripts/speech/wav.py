"""WAV files: read of any usual kind into one channel, written as a telephone wants them."""

import io
import wave
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.speech.model import SpeechError

Samples = NDArray[np.float32]  # one channel, full scale is -1 to 1

LONGEST_S = 300.0  # of one sentence; more is a mistake that would fill memory
_FULL_SCALE = 32_767

_EXTENSIBLE = 0xFFFE  # the kind itself stands further on
_HEADER_BYTES = 16
_EXTENSIBLE_BYTES = 26
_KINDS = "PCM of 8 to 32 bit, 32 or 64 bit float, A-law and µ-law"


class _Kind(IntEnum):
    """How samples are written (mmreg.h, WAVE_FORMAT_)."""

    PCM = 1
    FLOAT = 3
    A_LAW = 6
    MU_LAW = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class Sound:
    """One channel of audio in memory."""

    samples: Samples
    rate: int  # samples a second

    @property
    def seconds(self) -> float:
        """Return how long it plays."""
        return len(self.samples) / self.rate


def read_wav(file: Path) -> Sound:
    """Read a WAV file; several channels are mixed into one.

    Raises:
        SpeechError: it is missing or no WAV of a usual kind; names the file and the reason.
    """
    try:
        return parse_wav(file.read_bytes())
    except OSError as err:
        message = f"{file} cannot be read: {err.strerror}"
        raise SpeechError(message) from err
    except SpeechError as err:
        message = f"{file} is no usable WAV file: {err}"
        raise SpeechError(message) from err


def parse_wav(data: bytes) -> Sound:
    """Read a WAV file's bytes; a last chunk that was cut off counts as far as it goes.

    Raises:
        SpeechError: says what is wrong.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        message = f"it begins with {data[:4]!r}, not with RIFF and WAVE"
        raise SpeechError(message)
    header: bytes | None = None
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size]
        if name == b"fmt ":
            header = body
        elif name == b"data":
            return _sound(header, body)
        at += 8 + size + size % 2
    message = "it has no audio: there is no data chunk"
    raise SpeechError(message)


def wav_bytes(sound: Sound) -> bytes:
    """Return a WAV file of 16 bit; what is beyond full scale is clipped."""
    whole = np.rint(np.clip(sound.samples, -1.0, 1.0) * _FULL_SCALE).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.rate)
        file.writeframes(whole.tobytes())
    return buffer.getvalue()


def _sound(header: bytes | None, body: bytes) -> Sound:
    if header is None or len(header) < _HEADER_BYTES:
        message = "its format is not told before its audio"
        raise SpeechError(message)
    kind, channels = _number(header, 0, 2), _number(header, 2, 2)
    rate, bits = _number(header, 4, 4), _number(header, 14, 2)
    if kind == _EXTENSIBLE and len(header) >= _EXTENSIBLE_BYTES:
        kind = _number(header, 24, 2)
    if not channels or not rate:
        message = f"it says {channels} channels at {rate} Hz"
        raise SpeechError(message)
    if len(body) > LONGEST_S * rate * channels * max(1, bits // 8):
        message = f"it is longer than {LONGEST_S:g} seconds"
        raise SpeechError(message)
    flat = _decoded(kind, bits, body)
    frames = flat[: len(flat) // channels * channels].reshape(-1, channels)
    if not len(frames):
        message = "it has no audio: its data chunk is empty"
        raise SpeechError(message)
    return Sound(samples=frames.mean(axis=1, dtype=np.float32), rate=rate)


def _decoded(kind: int, bits: int, body: bytes) -> NDArray[Any]:
    match kind, bits:
        case (_Kind.PCM, 8):
            samples = (_numbers(body, "u1") - 128.0) / 2**7
        case (_Kind.PCM, 16):
            samples = _numbers(body, "<i2") / 2**15
        case (_Kind.PCM, 24):
            triples = _numbers(body[: len(body) // 3 * 3], "u1").reshape(-1, 3)
            padded = np.zeros((len(triples), 4), dtype=np.uint8)
            padded[:, 1:] = triples
            samples = padded.view("<i4").ravel() / 2**31
        case (_Kind.PCM, 32):
            samples = _numbers(body, "<i4") / 2**31
        case (_Kind.FLOAT, 32 | 64):
            samples = np.nan_to_num(_numbers(body, f"<f{bits // 8}"), posinf=1.0, neginf=-1.0)
        case (_Kind.A_LAW, 8):
            samples = _A_LAW_TABLE[_numbers(body, "u1")]
        case (_Kind.MU_LAW, 8):
            samples = _MU_LAW_TABLE[_numbers(body, "u1")]
        case _:
            message = f"its audio is of kind {kind} with {bits} bit; this reads {_KINDS}"
            raise SpeechError(message)
    return samples


def _number(header: bytes, at: int, size: int) -> int:
    return int.from_bytes(header[at : at + size], "little")


def _numbers(body: bytes, kind: str) -> NDArray[Any]:
    dtype = np.dtype(kind)
    return np.frombuffer(body[: len(body) // dtype.itemsize * dtype.itemsize], dtype=dtype)


def _a_law() -> NDArray[Any]:
    """Return what each octet of A-law means (ITU-T G.711, table 1)."""
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    linear = np.where(
        exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 264) << np.maximum(exponent - 1, 0)
    )
    return np.where(code & 0x80, linear, -linear) / 2**15


def _mu_law() -> NDArray[Any]:
    """Return what each octet of µ-law means (ITU-T G.711, table 2)."""
    code = ~np.arange(256) & 0xFF
    linear = ((((code & 15) << 3) + 132) << ((code >> 4) & 7)) - 132
    return np.where(code & 0x80, -linear, linear) / 2**15


_A_LAW_TABLE = _a_law()
_MU_LAW_TABLE = _mu_law()
