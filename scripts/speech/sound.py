"""Sound made fit for a telephone line: its rate, its loudness, the silence around it."""

from math import gcd

import numpy as np

from scripts.speech.model import SpeechError
from scripts.speech.wav import Samples, Sound

# All sentences of a call are equally loud, whoever speaks them: studio, engine, another engine.
# ITU-T P.56 means speech only, not the pauses, by "active" level; -20 dB below overload leaves
# speech its peaks on a line that clips there.
_ACTIVE_LEVEL_DB = -20.0
_PEAK_DB = -1.0
_PAUSE_DB = -30.0  # below the loudest frame: no speech
_FRAME_S = 0.02
_PASSED = 0.9  # of the band; the rest of it fades to nothing
_QUIET = 1e-4  # -80 dB: nothing a line could carry


def resample(sound: Sound, rate: int) -> Sound:
    """Return the sound at another rate, with nothing above half of either rate in it.

    The spectrum is cut (or widened with nothing), its upper edge faded by a raised cosine so that
    a click does not ring.
    """
    if rate == sound.rate:
        return sound
    step = sound.rate // gcd(sound.rate, rate)
    margin = sound.rate // 20  # the transform is circular: the end must not reach the beginning
    length = step * _quickly_transformed(-(-(len(sound.samples) + 2 * margin) // step))
    out_length = length * rate // sound.rate
    padded = np.zeros(length)
    padded[margin : margin + len(sound.samples)] = sound.samples
    spectrum = np.fft.rfft(padded)
    bins = min(length, out_length) // 2 + 1
    fade_from = int(bins * _PASSED)
    fade = 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, bins - fade_from))
    spectrum[fade_from:bins] *= fade
    whole = np.fft.irfft(spectrum[:bins], out_length) * (out_length / length)
    first = margin * rate // sound.rate
    count = max(1, round(len(sound.samples) * rate / sound.rate))
    return Sound(samples=whole[first : first + count].astype(np.float32), rate=rate)


def level(sound: Sound) -> Sound:
    """Return the sound at the loudness all sentences have, its peaks below full scale.

    Raises:
        SpeechError: it is silent.
    """
    peak = _peak(sound.samples)
    active = active_level(sound)
    if peak < _QUIET or active < _QUIET:
        message = f"it is silent: {sound.seconds:.1f} s without a sound"
        raise SpeechError(message)
    gain = min(_ratio(_ACTIVE_LEVEL_DB) / active, _ratio(_PEAK_DB) / peak)
    return Sound(samples=(sound.samples * gain).astype(np.float32), rate=sound.rate)


def active_level(sound: Sound) -> float:
    """Return the root mean square of the frames with speech in them; full scale is 1."""
    power = np.square(_frames(sound.samples, int(sound.rate * _FRAME_S))).mean(axis=1)
    loudest = float(power.max(initial=0.0))
    return float(np.sqrt(power[power >= loudest * _ratio(_PAUSE_DB) ** 2].mean()))


def trim(sound: Sound, *, before_s: float, after_s: float) -> Sound:
    """Return the sound with so much silence before and after it, whatever it had."""
    loud = np.flatnonzero(np.abs(sound.samples) > _ratio(_PAUSE_DB - 10) * _peak(sound.samples))
    if not len(loud):
        return sound
    first, last = int(loud[0]), int(loud[-1]) + 1
    lead, tail = int(before_s * sound.rate), int(after_s * sound.rate)
    samples = np.zeros(lead + last - first + tail, dtype=np.float32)
    begin, end = max(0, first - lead), min(len(sound.samples), last + tail)
    at = lead - (first - begin)
    samples[at : at + end - begin] = sound.samples[begin:end]
    return Sound(samples=samples, rate=sound.rate)


def _quickly_transformed(least: int) -> int:
    """Return the next number without a prime factor above 5: others cost a transform many times."""
    found = 1 << max(0, (least - 1).bit_length())
    fives = 1
    while fives < found:
        threes = fives
        while threes < found:
            rest = -(-least // threes)
            found = min(found, threes << max(0, (rest - 1).bit_length()))
            threes *= 3
        fives *= 5
    return found


def _frames(samples: Samples, size: int) -> Samples:
    count = max(1, -(-len(samples) // size))
    padded = np.zeros(count * size, dtype=np.float32)
    padded[: len(samples)] = samples
    return padded.reshape(count, size)


def _peak(samples: Samples) -> float:
    return float(np.max(np.abs(samples), initial=0.0))


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 20))
