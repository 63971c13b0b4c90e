"""What speaks: an engine makes audio of a text, a speaker finds or makes the file of a sentence."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.errors import OwnerlineError
from customers.model import Language

RATES = (8000, 16000)  # samples a second; a telephone line has one of them


class SpeechError(OwnerlineError):
    """A text could not be spoken; `ownerline doctor` tries the engine."""


class SpeechEngine(Protocol):
    """Makes audio of a text."""

    @property
    def key(self) -> str:
        """Return what its audio depends on beside text, language and rate: name, version, voice."""
        ...

    async def speak(self, text: str, language: Language, *, rate: int, into: Path) -> None:
        """Write the text as a WAV file: one channel, 16 bit, `rate` samples a second.

        Raises:
            SpeechError: no audio came of it.
        """
        ...

    async def close(self) -> None:
        """End what runs for it; nothing can be spoken afterwards."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """A sentence as audio: files of one stem in a folder, `.wav` at 8 and `.wav16` at 16 kHz."""

    stem: str  # relative to the folder of the speaker, without suffix: ab/ab12…
    seconds: float
    studio: str = ""  # the studio's recording it was made of; empty: the engine spoke


class Speaker(Protocol):
    """Has the audio of sentences; many ask at once, each file is made once."""

    folder: Path

    async def spoken(self, sentence: str, language: Language) -> Spoken:
        """Return the audio of a sentence: a studio recording, a kept file, or a new one.

        Raises:
            SpeechError: there is none and none could be made.
        """
        ...

    async def close(self) -> None:
        """End the engine; nothing can be spoken afterwards."""
        ...
