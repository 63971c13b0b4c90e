"""What phones say: sounds made by rule, with the loudness of speech where it matters."""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000
DESK_HZ = 440.0
_SEED = 7
_SYLLABLES_PER_S = 4.5
_PIECE_S = 0.16

Samples = NDArray[np.float64]


def silence(seconds: float) -> Samples:
    """Return nothing to hear."""
    return np.zeros(round(seconds * RATE))


def tone(hz: float, seconds: float) -> Samples:
    """Return one pure tone."""
    return 0.3 * np.sin(2 * np.pi * hz * _times(seconds))


def speech(seconds: float, *, seed: int = _SEED) -> Samples:
    """Return something like speech: a hoarse voice in syllables; equal seeds, equal voice.

    A detector of machines takes it for somebody who speaks, and no part of it is like another.
    """
    draw = np.random.default_rng(seed)
    times = _times(seconds)
    breath = np.convolve(draw.normal(0, 1, len(times)), np.hanning(9) / 4.5, mode="same")
    syllables = 0.35 + 0.65 * np.abs(np.sin(np.pi * _SYLLABLES_PER_S * times))
    found: Samples = 0.3 * syllables * breath
    return found


def write_wav(path: Path, samples: Samples, *, rate: int = RATE) -> None:
    """Write samples between -1 and 1 as a WAV file of one channel and 16 bit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = (np.clip(samples, -1, 1) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(whole.tobytes())


def read_wav(path: Path) -> Samples:
    """Return the samples of a file, between -1 and 1; several channels are columns."""
    with wave.open(str(path), "rb") as source:
        channels = source.getnchannels()
        raw = np.frombuffer(source.readframes(source.getnframes()), dtype="<i2")
    found: Samples = raw.astype(np.float64) / 32767
    return found.reshape(-1, channels) if channels > 1 else found


def likeness(part: Samples, whole: Samples) -> float:
    """Return how well the best place of a whole agrees with a part of it: 0 not at all, 1 wholly.

    However loud either is: a normalised cross-correlation. A whole that begins or ends within the
    part loses what it lacks.
    """
    if not part.any() or not whole.any():
        return 0.0
    whole = np.concatenate([np.zeros(len(part)), whole, np.zeros(len(part))])
    size = 1 << (len(whole) + len(part) - 1).bit_length()
    spectrum = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size))
    products = np.fft.irfft(spectrum, size)[: len(whole) - len(part) + 1]
    powers = np.concatenate([[0.0], np.cumsum(whole**2)])
    windows = np.sqrt(np.maximum(powers[len(part) :] - powers[: -len(part)], 1e-9))
    floor = 0.1 * float(np.linalg.norm(part))  # a few samples that agree are no agreement
    likenesses = np.abs(products) / (np.maximum(windows, floor) * np.linalg.norm(part))
    return float(np.max(likenesses))


def likeness_in_pieces(part: Samples, whole: Samples) -> float:
    """Return how well a part is in a whole, piece by piece: the median of their likenesses.

    For what came over a line: a jitter buffer leaves out, or repeats, 20 ms now and then.
    """
    pieces = np.array_split(part, max(1, round(len(part) / (_PIECE_S * RATE))))
    return float(np.median([likeness(piece, whole) for piece in pieces]))


def make_phone_sounds(folder: Path) -> None:
    """Write what the phones of `conf/phones` say."""
    write_wav(folder / "hello.wav", np.concatenate([speech(0.7), silence(0.1)]))
    write_wav(folder / "machine.wav", np.concatenate([speech(8.0), tone(1000, 0.4)]))
    write_wav(folder / "words.wav", speech(2.0, seed=11))
    write_wav(folder / "silence.wav", silence(30))
    write_wav(folder / "desk.wav", tone(DESK_HZ, 30))


def _times(seconds: float) -> Samples:
    found: Samples = np.arange(round(seconds * RATE)) / RATE
    return found
