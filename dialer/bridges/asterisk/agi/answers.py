"""Free answers: where Asterisk writes them, the tone before them, and whether anything was said."""

import asyncio
import contextlib
import math
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import OwnerlineError
from core.ids import IdSource
from dialer.bridges.asterisk.audio_places import (
    answer_location,
    answer_stem,
    files_at,
    make_folder,
)

BEEP = "beep"  # in the shared folder
_RATE = 8000
_BEEP_HZ, _BEEP_S, _BEEP_LEVEL = 1000, 0.25, 0.25
_WINDOW_S = 0.05
# As Asterisk's own measure of silence (dsp.conf, silencethreshold): the mean of |sample|.
_SILENCE_LEVEL = 256.0
_LEAST_SPEECH_S = 0.15  # the shortest yes; a click or a cough's end is shorter


class AnswersFolderError(OwnerlineError):
    """The shared folder cannot be written; `asterisk.shared_folder` names it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where one answer lies."""

    location: str
    stem: str  # as the server sees it, without suffix


class Answers:
    """The answers' files in the shared folder."""

    def __init__(self, *, folder: Path, ids: IdSource) -> None:
        """Take the shared folder as we see it."""
        self._folder = folder
        self._ids = ids

    async def start(self) -> None:
        """Make the folder and the tone.

        Raises:
            AnswersFolderError: it cannot be written.
        """
        try:
            await asyncio.to_thread(self._prepare)
        except OSError as err:
            message = f"{self._folder} cannot be written: {err.strerror}"
            raise AnswersFolderError(message) from err

    def new_place(self, *, shared: str) -> Place:
        """Return where the next answer goes; `shared` is the folder as its server sees it."""
        recording = self._ids.new()
        return Place(
            location=answer_location(recording), stem=answer_stem(recording, shared=shared)
        )

    async def has_speech(self, place: Place) -> bool:
        """Say whether anything was said; what cannot be heard here counts as said."""
        return await asyncio.to_thread(_has_speech, self._files(place)[0])

    async def discard(self, place: Place) -> None:
        """Delete an answer that is none."""
        await asyncio.to_thread(self._delete, place)

    def _files(self, place: Place) -> tuple[Path, ...]:
        return files_at(place.location, shared=self._folder)

    def _delete(self, place: Place) -> None:
        for file in self._files(place):
            with contextlib.suppress(OSError):  # not ours to delete: the sweep of recordings does
                file.unlink(missing_ok=True)

    def _prepare(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        make_folder(self._folder)
        file = self._folder / f"{BEEP}.wav"
        if file.exists():
            return
        draft = file.with_suffix(".new")
        with wave.open(str(draft), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(_RATE)
            out.writeframes(_beep())
        draft.replace(file)


def _beep() -> bytes:
    at = np.arange(round(_RATE * _BEEP_S)) / _RATE
    # Half a sine over its whole length: no click at either end.
    shape = np.sin(math.pi * at / _BEEP_S)
    tone = np.sin(2 * math.pi * _BEEP_HZ * at) * shape * _BEEP_LEVEL
    return (tone * np.iinfo(np.int16).max).astype("<i2").tobytes()


def _has_speech(file: Path) -> bool:
    try:
        with wave.open(str(file), "rb") as sound:
            rate = sound.getframerate()
            samples = np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2")
    except (OSError, EOFError, wave.Error):
        return True
    window = max(1, round(rate * _WINDOW_S))
    whole = samples[: len(samples) // window * window].astype(np.float64)
    loud = np.abs(whole).reshape(-1, window).mean(axis=1) > _SILENCE_LEVEL
    return int(loud.sum()) * _WINDOW_S >= _LEAST_SPEECH_S
