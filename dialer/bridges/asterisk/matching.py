"""Known announcements found in what a line says, as it says it: pure arithmetic over sound.

A reference is cut into blocks of half a second, each the shape of its speech: the energies of
bands over time, as decibels, above a floor that goes with the loudest of the block, less each
band's mean. So neither level nor a line's tone counts. A reference has been heard when every one
of its blocks is found in its place: one syllable that differs spoils its block, and neither
music nor a ring tone has a block that fits (the tests measure by how much).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from core.errors import OwnerlineError
from scripts.speech.sound import resample
from scripts.speech.wav import Sound

RATE = 16_000
LONGEST_S = 8.0  # of a reference; what tells it from others must be in its beginning
THRESHOLD = 0.65  # measured: what is heard scores above 0.8, anything else below 0.5
_UNHEARD_S = 0.4  # a line may fall silent with the last word, and its end never be written
MARGIN = 0.15  # over the best of another meaning

_FRAME, _HOP = 512, 256  # 32 ms every 16 ms
_BANDS, _LOW_HZ, _HIGH_HZ = 16, 250.0, 3500.0  # of a telephone line
_BLOCK, _STEP = 32, 16  # frames: half a second, every quarter
_SLACK = 2  # frames that a block may be off: a jitter buffer drops or adds some
_FLOOR = 5.8  # natural logarithms of energy, 25 dB, below the loudest of a block
_WEAK = 5.0  # below the loudest of the reference: a pause, which is no evidence
_LEAST_SPREAD = 0.5  # of a block worth comparing
_TOO_STILL = 0.35  # spread below which a block of the line is taken for none
_LEAST_BLOCKS = 6
_SILENCE = 1e-9  # -90 dB

Floats = NDArray[np.floating[Any]]


class UnfitReferenceError(OwnerlineError):
    """A recording cannot serve to know an announcement by."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """An announcement as it is looked for."""

    name: str
    meaning: str
    blocks: Floats  # one a row
    places: tuple[int, ...]  # frames from the reference's beginning, one a block


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """The reference that fits best so far, and how well: 1 is perfect."""

    name: str
    meaning: str
    score: float


def make_reference(name: str, meaning: str, sound: Sound) -> Reference:
    """Return the reference of a recording; more than its first seconds are not looked at.

    Raises:
        UnfitReferenceError: too little is said in it to be sure of anything.
    """
    features = _features(resample(sound, RATE).samples)
    loudest = features.max(initial=-np.inf)
    spoken = np.flatnonzero(features.max(axis=1, initial=-np.inf) > loudest - _WEAK)
    if len(spoken):
        first = int(spoken[0])
        last = int(spoken[-1]) + 1 - _frames(_UNHEARD_S)
        features = features[first : max(first, min(last, first + _frames(LONGEST_S)))]
    places = [
        at
        for at in range(0, len(features) - _BLOCK + 1, _STEP)
        if _is_telling(features[at : at + _BLOCK], float(loudest))
    ]
    if len(places) < _LEAST_BLOCKS:
        message = (
            f"{name}: {len(places)} blocks of it are speech, {_LEAST_BLOCKS} are needed; take a "
            "recording of two seconds or more, without the music before it"
        )
        raise UnfitReferenceError(message)
    blocks = _shapes(np.stack([features[at : at + _BLOCK] for at in places]))
    return Reference(name=name, meaning=meaning, blocks=blocks, places=tuple(places))


class Ear:
    """Listens to one line for references; give it what comes in, piece by piece."""

    def __init__(self, references: Iterable[Reference]) -> None:
        self._references = tuple(references)
        count = sum(len(each.places) for each in self._references)
        self._kept = max(each.places[-1] for each in self._references)
        self._samples = np.zeros(0, dtype=np.float32)
        self._features = np.zeros((0, _BANDS))
        # Of each block (a row) at each frame (a column) the score there, and the best near it.
        self._scores = np.full((count, _SLACK), -1.0)
        self._near = np.zeros((count, 0))
        self._best: dict[str, Heard] = {}

    @property
    def best(self) -> Heard | None:
        """Return what fits best of all that was heard, however badly; None: nothing yet."""
        return max(self._best.values(), key=lambda heard: heard.score, default=None)

    def hear(self, samples: Floats) -> Heard | None:
        """Take what came in, at 16 000 samples a second; return what has surely been said."""
        self._samples = np.concatenate([self._samples, samples])
        fresh = _features(self._samples)
        self._samples = self._samples[len(fresh) * _HOP :]
        self._features = np.concatenate([self._features, fresh])
        if len(self._features) >= _BLOCK:
            windows = sliding_window_view(self._features, _BLOCK, axis=0).transpose(0, 2, 1)
            self._features = self._features[len(windows) :]
            shapes = _shapes(windows).T
            # One product would be large enough for a library to spread it over threads, which
            # costs several times the work where other calls are looked at beside.
            self._judge(np.concatenate([each.blocks @ shapes for each in self._references]))
        return self._surely()

    def _judge(self, scores: Floats) -> None:
        """Take the scores of new frames, and look where references end in them."""
        scores = np.concatenate([self._scores, scores], axis=1)
        self._scores = scores[:, -2 * _SLACK :]
        if scores.shape[1] <= 2 * _SLACK:
            return
        fresh = sliding_window_view(scores, 2 * _SLACK + 1, axis=1).max(axis=2)
        near = np.concatenate([self._near, fresh], axis=1)
        self._near = near[:, -self._kept :]
        row = 0
        for each in self._references:
            last = each.places[-1]
            begins = range(max(last, near.shape[1] - fresh.shape[1]) - last, near.shape[1] - last)
            if begins:
                found = [
                    near[row + index, at + begins.start : at + begins.stop]
                    for index, at in enumerate(each.places)
                ]
                self._note(each, float(np.min(found, axis=0).max()))
            row += len(each.places)

    def _note(self, reference: Reference, score: float) -> None:
        known = self._best.get(reference.meaning)
        if known is None or score > known.score:
            heard = Heard(name=reference.name, meaning=reference.meaning, score=score)
            self._best[reference.meaning] = heard

    def _surely(self) -> Heard | None:
        ranked = sorted(self._best.values(), key=lambda heard: -heard.score)
        if not ranked or ranked[0].score < THRESHOLD:
            return None
        runner_up = ranked[1].score if len(ranked) > 1 else 0.0
        return ranked[0] if ranked[0].score >= runner_up + MARGIN else None


def confusable(references: Mapping[str, tuple[Reference, Sound]]) -> list[tuple[str, str]]:
    """Return the pairs of references of different meanings that are not told apart, by name."""
    found = set()
    for name, (reference, sound) in references.items():
        others = [other for other, _ in references.values() if other.meaning != reference.meaning]
        for other in others:
            ear = Ear([other])
            ear.hear(resample(sound, RATE).samples)
            if ear.best is not None and ear.best.score >= THRESHOLD:
                found.add((min(name, other.name), max(name, other.name)))
    return sorted(found)


def _features(samples: Floats) -> Floats:
    """Return the energy of each band in each whole frame, as natural logarithms."""
    if len(samples) < _FRAME:
        return np.zeros((0, _BANDS))
    frames = sliding_window_view(samples, _FRAME)[::_HOP] * _WINDOW
    energies = np.square(np.abs(np.fft.rfft(frames))) @ _FILTERS
    logarithms: Floats = np.log(energies + _SILENCE)
    return logarithms


def _shapes(blocks: Floats) -> Floats:
    """Return blocks as rows of length one, so that a product of two says how alike they are."""
    loudest = blocks.max(axis=(1, 2), keepdims=True)
    raised = np.maximum(blocks, loudest - _FLOOR)
    moving = (raised - raised.mean(axis=1, keepdims=True)).reshape(len(raised), -1)
    lengths = np.linalg.norm(moving, axis=1, keepdims=True)
    shapes: Floats = moving / np.maximum(lengths, _TOO_STILL * np.sqrt(moving.shape[1]))
    return shapes


def _is_telling(block: Floats, loudest: float) -> bool:
    top = float(block.max())
    raised = np.maximum(block, top - _FLOOR)
    spread = float(np.sqrt(np.square(raised - raised.mean(axis=0)).mean()))
    return top > loudest - _WEAK and spread > _LEAST_SPREAD


def _frames(seconds: float) -> int:
    return int(seconds * RATE / _HOP)


def _filters() -> Floats:
    """Return triangles over the spectrum, evenly spaced by mel (O'Shaughnessy 1987)."""
    edges_mel = np.linspace(_mel(_LOW_HZ), _mel(_HIGH_HZ), _BANDS + 2)
    edges = 700 * (10 ** (edges_mel / 2595) - 1)
    hertz = np.fft.rfftfreq(_FRAME, 1 / RATE)[:, np.newaxis]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.minimum((hertz - low) / (middle - low), (high - hertz) / (high - middle))
    shapes = np.clip(triangles, 0, None)
    filters: Floats = shapes / shapes.sum(axis=0)
    return filters


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


# Of a full-scale tone the energy in a frame is near 1.
_WINDOW = np.hanning(_FRAME) / (np.hanning(_FRAME).sum() / 2)
_FILTERS = _filters()
