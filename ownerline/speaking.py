"""`ownerline scripts speak`: the audio of a script's sample talks, and its recording sheet."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import OwnerlineError
from core.settings_model import Settings
from customers.model import Language
from scripts.library import load_library
from scripts.speech.said import fixed_sentences, sentences_said
from scripts.speech.shelf import SUFFIXES, Shelf
from scripts.speech.speaker import make_speaker, studio_folder
from scripts.speech.studio import Studio, normalised, read_sheet

_RATE = 8000
_RATE_HERE = 16000  # a browser plays it as well
_SUFFIX = SUFFIXES[_RATE]


class OutFolderError(OwnerlineError):
    """The folder for the audio cannot be written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SpokenSentence:
    """One sentence and where its audio lies; `.wav16` beside it has 16 kHz."""

    text: str
    file: Path
    seconds: float
    studio: str  # the recording it is; empty: the engine spoke


@dataclass(frozen=True, kw_only=True, slots=True)
class SpokenScript:
    """All that a script's sample talks say in a language."""

    script: str
    language: Language
    sentences: tuple[SpokenSentence, ...]

    def as_json(self) -> dict[str, object]:
        """Return the object that `scripts speak --json` prints."""
        return {
            "script": self.script,
            "language": self.language.value,
            "seconds": round(sum(each.seconds for each in self.sentences), 1),
            "sentences": [
                {
                    "text": each.text,
                    "file": str(each.file),
                    "seconds": round(each.seconds, 2),
                    "studio": each.studio or None,
                }
                for each in self.sentences
            ],
        }

    def lines(self) -> Iterator[str]:
        """Return what a person reads."""
        for each in self.sentences:
            origin = f"  [{each.studio}]" if each.studio else ""
            yield f"{each.file}  {each.seconds:.1f} s{origin}  {each.text}"
        seconds = sum(each.seconds for each in self.sentences)
        count = len(self.sentences)
        yield f"{self.script}, {self.language.value}: {count} sentences, {seconds:.0f} s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """A recording sheet that was written, by its rows."""

    file: Path
    recorded: int
    to_record: int
    elsewhere: int  # sentences of the script that other sheets have

    def as_json(self) -> dict[str, object]:
        """Return the object that `scripts speak --sheet --json` prints."""
        return {
            "sheet": str(self.file),
            "recorded": self.recorded,
            "to_record": self.to_record,
            "on_other_sheets": self.elsewhere,
        }

    def lines(self) -> Iterator[str]:
        """Return what a person reads."""
        yield f"{self.file}: {self.to_record} sentences to record, {self.recorded} recorded"
        if self.elsewhere:
            yield f"{self.elsewhere} sentences of this script are on other sheets beside it"
        yield f"put each recording into {self.file.parent}, named as the sheet says"


async def speak_script(
    settings: Settings, name: str, language: Language, *, out: Path | None = None
) -> SpokenScript:
    """Make the audio of all that a script's sample talks say; with `out` a copy lies there too.

    Raises:
        UnknownScriptError: there is no such script.
        SpeechError: a sentence cannot be spoken.
        OutFolderError: the copies cannot be written.
    """
    sentences = sentences_said(load_library(), name, language)
    speaker = await asyncio.to_thread(make_speaker, settings, settings.home)
    try:
        made = await asyncio.gather(*(speaker.spoken(each, language) for each in sentences))
    finally:
        await speaker.close()
    shelf = Shelf(folder=speaker.folder)
    files = [shelf.file(spoken.stem, _RATE) for spoken in made]
    if out is not None:
        files = await asyncio.to_thread(_copied, files, out, name)
    return SpokenScript(
        script=name,
        language=language,
        sentences=tuple(
            SpokenSentence(text=text, file=file, seconds=spoken.seconds, studio=spoken.studio)
            for text, spoken, file in zip(sentences, made, files, strict=True)
        ),
    )


def speech_of(settings: Settings) -> Callable[[str, Language], Awaitable[bytes]]:
    """Return what makes the audio of one sentence, a WAV of 16 kHz; kept ones come at once."""

    async def speak(sentence: str, language: Language) -> bytes:
        speaker = await asyncio.to_thread(make_speaker, settings, settings.home)
        try:
            spoken = await speaker.spoken(sentence, language)
            file = Shelf(folder=speaker.folder).file(spoken.stem, _RATE_HERE)
            return await asyncio.to_thread(file.read_bytes)
        finally:
            await speaker.close()

    return speak


def _copied(files: Sequence[Path], out: Path, name: str) -> list[Path]:
    """Copy both rates of each file into a folder, numbered in the order of the talk."""
    copies = [out / f"{name}-{number:03}{_SUFFIX}" for number in range(1, len(files) + 1)]
    try:
        out.mkdir(parents=True, exist_ok=True)
        for file, copy in zip(files, copies, strict=True):
            for suffix in SUFFIXES.values():
                shutil.copyfile(file.with_suffix(suffix), copy.with_suffix(suffix))
    except OSError as err:
        message = f"{err.filename2 or err.filename} cannot be written: {err.strerror}"
        raise OutFolderError(message) from err
    return copies


def write_sheet(settings: Settings, name: str, language: Language) -> Sheet:
    """Write a script's recording sheet into the folder of studio recordings.

    Raises:
        UnknownScriptError: there is no such script.
        SpeechError: a sheet there cannot be read.
    """
    studio = Studio(studio_folder(settings.speech, settings.home))
    sentences = fixed_sentences(load_library(), name, language)
    file = studio.write_sheet(name, sentences, language)
    rows = {normalised(text) for text, _ in read_sheet(file)}
    recorded = sum(studio.find(each, language) is not None for each in rows)
    return Sheet(
        file=file,
        recorded=recorded,
        to_record=len(rows) - recorded,
        elsewhere=len(set(sentences) - rows),
    )
