"""What an owner on hold hears: a few soft tones of our own making, so that no licence is owed."""

import numpy as np

from scripts.speech.wav import Samples, Sound

# Scale steps over A3 as equal-tempered semitones (a pentatonic scale: no two of them clash), a
# note every beat; None rests. Telephone lines carry 300 to 3400 Hz, so overtones are what is heard
# of the lowest.
_TUNE = (0, 7, 12, 16, 12, 7, None, None, 2, 9, 14, 17, 14, 9, None, None)
_TUNE_BACK = (4, 7, 12, 19, 16, 12, None, None, 2, 7, 9, 14, 12, 7, None, None)
_BASE_HZ = 220.0
_BEAT_S = 0.75
_RING_S = 2.5
_PARTIALS = ((1.0, 1.0), (2.0, 0.35), (3.0, 0.12))
_PEAK = 0.07  # -23 dB: quieter than speech, which is not to be shouted over


def hold_music(rate: int) -> Sound:
    """Return half a minute that can be played round and round."""
    notes = [*_TUNE, *_TUNE_BACK]
    beat, ring = int(_BEAT_S * rate), int(_RING_S * rate)
    samples = np.zeros(len(notes) * beat)
    for index, step in enumerate(notes):
        if step is not None:
            places = (np.arange(ring) + index * beat) % len(samples)  # the last rings on at first
            samples[places] += _note(_BASE_HZ * 2 ** (step / 12), ring, rate)
    scaled = samples * (_PEAK / np.max(np.abs(samples)))
    return Sound(samples=scaled.astype(np.float32), rate=rate)


def _note(hertz: float, length: int, rate: int) -> Samples:
    at = np.arange(length) / rate
    tone = np.zeros(length)
    for multiple, loudness in _PARTIALS:
        tone += loudness * np.sin(2 * np.pi * hertz * multiple * at)
    shape = np.minimum(at / 0.02, 1.0) * np.exp(-at * 2.2) * np.minimum((_RING_S - at) / 0.1, 1.0)
    whole: Samples = (tone * shape).astype(np.float32)
    return whole
