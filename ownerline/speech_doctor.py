"""What `ownerline doctor` says of speech: the engine, studio recordings, announcements."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

from core.errors import OwnerlineError
from core.settings import Settings
from customers.model import Language
from dialer.bridges.asterisk.announcement_files import AnnouncementsError, read_announcements
from ownerline.finding import Finding
from scripts.speech.model import SpeechEngine
from scripts.speech.speaker import make_engine, studio_folder
from scripts.speech.studio import Studio
from scripts.speech.wav import read_wav

_RATE = 16_000
_WORDS = {Language.MANDARIN: "您好", Language.ENGLISH: "Hello"}


async def examine_speech(settings: Settings) -> list[Finding]:
    """Have the engine say a word, and read what recordings there are."""
    findings = [await _engine(settings)]
    findings += await asyncio.to_thread(lambda: [*_studio(settings), *_announcements(settings)])
    return findings


async def _engine(settings: Settings) -> Finding:
    name = settings.speech.engine
    try:
        engine = make_engine(settings.speech)
        try:
            seconds = [await _says(engine, word, language) for language, word in _WORDS.items()]
        finally:
            await engine.close()
    except OwnerlineError as err:
        return Finding(subject="speech", found=str(err), sound=False)
    return Finding(subject="speech", found=f"{name} speaks: {sum(seconds):.1f} s of two words")


async def _says(engine: SpeechEngine, word: str, language: Language) -> float:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "word.wav")
        await engine.speak(word, language, rate=_RATE, into=file)
        return read_wav(file).seconds


def _studio(settings: Settings) -> Iterator[Finding]:
    folder = studio_folder(settings.speech, settings.home)
    for problem in Studio(folder).problems():
        yield Finding(subject="studio recordings", found=problem, sound=False)


def _announcements(settings: Settings) -> Iterator[Finding]:
    for server in settings.asterisk.servers:
        if server.announcements is None:
            continue
        subject = f"announcements of trunk {server.name}"
        try:
            found = read_announcements(settings.home / server.announcements)
        except AnnouncementsError as err:
            yield Finding(subject=subject, found=str(err), sound=False)
            continue
        for problem in found.problems:
            yield Finding(subject=subject, found=problem, sound=False)
        yield Finding(
            subject=subject,
            found=f"{len(found.references)} recordings are known",
            sound=bool(found.references),
        )
