"""What networks say and play before an answer, by the engine that comes with the program."""

import numpy as np

from scripts.speech.espeak_child import Espeak
from scripts.speech.sound import level, resample
from scripts.speech.wav import Sound

TEXTS = {
    "switched_off": "您好,您拨打的电话已关机,请稍后再拨。",
    "suspended": "您好,您拨打的电话已停机,请稍后再拨。",  # one syllable from switched off
    "empty_number": "对不起,您拨打的号码是空号,请核对后再拨。",
    "busy": "您好,您拨打的电话正在通话中,请稍后再拨。",
    "out_of_reach": "对不起,您拨打的电话暂时无法接通,请稍后再拨。",
    "no_answer": "您好,您拨打的电话暂时无人接听,请稍后再拨。",
}
ENGLISH_TEXTS = {
    "switched_off": "Sorry, the subscriber you dialed is powered off. Please redial later.",
    "empty_number": "Sorry, the number you dialed does not exist. Please check it and dial again.",
    "busy": "Sorry, the subscriber you dialed is busy now. Please redial later.",
}
RATE = 8000


def says(text: str, voice: str = "cmn") -> Sound:
    """Return a text spoken as a telephone line carries it."""
    return level(resample(Espeak().speak(text, voice=voice, words_per_minute=170), RATE))


def tune(seconds: float, *, seed: int = 1) -> Sound:
    """Return something like music: plucked notes of a scale over a drum."""
    draw = np.random.default_rng(seed)
    samples = np.zeros(int(seconds * RATE) + RATE)
    at = np.arange(RATE) / RATE
    for start in range(0, int(seconds * RATE), RATE // 4):
        hertz = 220 * 2 ** (draw.choice([0, 2, 4, 7, 9, 12, 14, 16]) / 12)
        note = sum(np.sin(2 * np.pi * hertz * n * at) / n for n in (1, 2, 3)) * np.exp(-3 * at)
        samples[start : start + RATE] += note + draw.normal(0, 1, RATE) * np.exp(-80 * at)
    samples = samples[: int(seconds * RATE)]
    return Sound(samples=(0.5 * samples / np.abs(samples).max()).astype(np.float32), rate=RATE)


def ring_tone(seconds: float, *, on_s: float = 1.0, every_s: float = 5.0) -> Sound:
    """Return the ring tone of a Chinese network: 450 Hz, one second in five."""
    at = np.arange(int(seconds * RATE)) / RATE
    samples = 0.2 * np.sin(2 * np.pi * 450 * at) * (at % every_s < on_s)
    return Sound(samples=samples.astype(np.float32), rate=RATE)
