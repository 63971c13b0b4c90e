"""An announcement is known on a bad line, and nothing else is ever taken for one.

The scores printed in decision 0031 are those of these tests: what is there scores at least 0.8,
what is not at most 0.5, and the threshold lies between.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from customers.model import Language
from dialer.bridges.asterisk.matching import (
    RATE,
    THRESHOLD,
    Ear,
    Heard,
    Reference,
    UnfitReferenceError,
    confusable,
    make_reference,
)
from scripts.library import load_library
from scripts.speech.said import sentences_said
from scripts.speech.sound import resample
from scripts.speech.wav import Samples, Sound, parse_wav
from tests.asterisk.voices import ENGLISH_TEXTS, TEXTS, ring_tone, says, tune

_LINE = 8000
_VOICES = ("cmn", "cmn+f2")  # a man's and a woman's
_CHUNK = 5461  # a third of a second, as Asterisk writes it


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """An announcement in a voice."""

    meaning: str
    voice: str
    sound: Sound

    @property
    def name(self) -> str:
        return f"{self.meaning}/{self.voice}"


@pytest.fixture(scope="module")
def said() -> tuple[Said, ...]:
    """Six announcements in two voices, three in English."""
    mandarin = itertools.product(TEXTS.items(), _VOICES)
    found = [(meaning, voice, text) for (meaning, text), voice in mandarin]
    found += [(meaning, "en-us", text) for meaning, text in ENGLISH_TEXTS.items()]
    return tuple(Said(meaning=m, voice=v, sound=says(text, v)) for m, v, text in found)


@pytest.fixture(scope="module")
def references(said: tuple[Said, ...]) -> Mapping[str, Reference]:
    return {each.name: make_reference(each.name, each.meaning, each.sound) for each in said}


def on_a_line(
    sound: Sound,
    *,
    lead_s: float = 0.0,
    gain_db: float = 0.0,
    noise_db: float = -45.0,
    jingle: bool = False,
    lost: float = 0.0,
) -> Sound:
    """Return what a telephone line makes of a sound: A-law, noise, other levels, lost packets."""
    draw = np.random.default_rng(3)
    before = [np.zeros(int(lead_s * _LINE)), *([tune(1.7, seed=5).samples] if jingle else [])]
    whole = np.concatenate([*before, sound.samples, np.zeros(_LINE // 2)]) * 10 ** (gain_db / 20)
    whole += draw.normal(0, 10 ** (noise_db / 20), len(whole))
    for at in range(0, len(whole) - 160, 160):
        whole[at : at + 160] *= draw.random() >= lost
    return Sound(samples=a_law(whole), rate=_LINE)


def a_law(samples: NDArray[np.float64]) -> Samples:
    """Return samples as they come out of A-law."""
    header = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x06\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0"
    table = parse_wav(header + b"data\0\1\0\0" + bytes(range(256))).samples
    steps = np.sort(table)
    after = np.clip(np.searchsorted(steps, samples), 1, 255)
    lower = samples - steps[after - 1] < steps[after] - samples
    return np.where(lower, steps[after - 1], steps[after]).astype(np.float32)


def heard(references: list[Reference], sound: Sound) -> tuple[Heard | None, float]:
    """Return what an ear is sure of, and the best score of all."""
    ear = Ear(references)
    samples = resample(sound, RATE).samples
    surely = None
    for at in range(0, len(samples), _CHUNK):
        surely = ear.hear(samples[at : at + _CHUNK]) or surely
    return surely, 0.0 if ear.best is None else ear.best.score


@pytest.mark.parametrize(
    "line",
    [
        pytest.param({}, id="as it was recorded"),
        pytest.param({"lead_s": 0.3037}, id="300 ms later"),
        pytest.param({"gain_db": -12.0, "noise_db": -48.0}, id="12 dB quieter"),
        pytest.param({"noise_db": -38.0}, id="with noise"),
        pytest.param({"jingle": True, "lead_s": 0.2}, id="after a jingle"),
        pytest.param({"lost": 0.02}, id="with every 50th packet lost"),
        pytest.param(
            {"lead_s": 0.71, "gain_db": -9.0, "jingle": True, "lost": 0.01}, id="all of it"
        ),
    ],
)
def test_an_announcement_is_known_on_a_bad_line(
    said: tuple[Said, ...], references: Mapping[str, Reference], line: Mapping[str, float]
) -> None:
    scores = {}
    for each in said:
        known, scores[each.name] = heard([*references.values()], on_a_line(each.sound, **line))  # type: ignore[arg-type]
        assert known is not None, each.name
        assert known.meaning == each.meaning

    assert min(scores.values()) > THRESHOLD + 0.1, scores


def test_an_announcement_is_never_taken_for_one_of_another_meaning(
    said: tuple[Said, ...], references: Mapping[str, Reference]
) -> None:
    scores = {
        each.name: heard(
            [other for other in references.values() if other.meaning != each.meaning],
            on_a_line(each.sound),
        )[1]
        for each in said
    }

    assert max(scores.values()) < THRESHOLD - 0.15, max(scores.items(), key=lambda pair: pair[1])


@pytest.mark.parametrize(
    "plays",
    [
        pytest.param(lambda: tune(30.0, seed=1), id="a tune"),
        pytest.param(lambda: tune(30.0, seed=2), id="another tune"),
        pytest.param(lambda: ring_tone(20.0), id="a ring tone"),
        pytest.param(lambda: ring_tone(20.0, on_s=0.35, every_s=0.7), id="a busy tone"),
        pytest.param(lambda: on_a_line(ring_tone(20.0), noise_db=-30.0), id="a noisy ring tone"),
        pytest.param(lambda: Sound(samples=np.zeros(80000, np.float32), rate=8000), id="silence"),
        pytest.param(
            lambda: on_a_line(Sound(samples=np.zeros(80000, np.float32), rate=8000), noise_db=-20),
            id="noise",
        ),
        pytest.param(lambda: talk("cmn"), id="a voice that says other things"),
        pytest.param(lambda: talk("cmn+f2"), id="another voice that does"),
    ],
)
def test_what_is_no_announcement_is_never_taken_for_one(
    references: Mapping[str, Reference], plays: Callable[[], Sound]
) -> None:
    known, score = heard([*references.values()], plays())

    assert known is None
    assert score < THRESHOLD - 0.15


def talk(voice: str) -> Sound:
    """Return a long talk: what a script of ours says."""
    sentences = sentences_said(load_library(), "repair", Language.MANDARIN)
    parts = [says(sentence, voice).samples for sentence in sentences[:12]]
    return on_a_line(Sound(samples=np.concatenate(parts), rate=_LINE))


def test_it_is_known_as_soon_as_it_was_said_once(
    said: tuple[Said, ...], references: Mapping[str, Reference]
) -> None:
    ear = Ear(references.values())
    samples = resample(on_a_line(said[0].sound), RATE).samples
    until = next(at for at in range(0, len(samples), _CHUNK) if ear.hear(samples[at : at + _CHUNK]))

    assert (until + _CHUNK) / RATE < said[0].sound.seconds + 0.4


def test_one_heard_from_its_middle_is_known_when_it_comes_round(
    said: tuple[Said, ...], references: Mapping[str, Reference]
) -> None:
    sound = said[0].sound
    half = len(sound.samples) // 2
    twice = np.concatenate([sound.samples[half:], np.zeros(_LINE, np.float32), sound.samples])

    known, _ = heard([*references.values()], on_a_line(Sound(samples=twice, rate=_LINE)))

    assert known is not None
    assert known.name == said[0].name


def test_recordings_that_cannot_be_told_apart_are_found(said: tuple[Said, ...]) -> None:
    one, third = said[0], said[-1]
    other = Said(meaning="busy", voice="again", sound=one.sound)
    found = {
        each.name: (make_reference(each.name, each.meaning, each.sound), each.sound)
        for each in (one, other, third)
    }

    assert confusable(found) == [(other.name, one.name)]


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(Sound(samples=np.zeros(80000, np.float32), rate=8000), id="silence"),
        pytest.param(Sound(samples=np.zeros(10, np.float32), rate=8000), id="nothing"),
        pytest.param(ring_tone(20.0, every_s=1.0), id="a tone"),
        pytest.param(Sound(samples=tune(0.9).samples, rate=8000), id="too short"),
    ],
)
def test_a_recording_that_says_too_little_is_refused(sound: Sound) -> None:
    with pytest.raises(UnfitReferenceError, match=r"hum\.wav: \d blocks of it are speech"):
        make_reference("hum.wav", "busy", sound)
