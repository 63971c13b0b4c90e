"""The speaker: finds the audio of a sentence or has it made, once, whoever asks and how often."""

import asyncio
import fcntl
import hashlib
import json
import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import structlog

from core.settings_model import Settings, SpeechSettings
from customers.model import Language
from scripts.speech.command import CommandEngine
from scripts.speech.espeak import EspeakEngine
from scripts.speech.model import RATES, SpeechEngine, SpeechError, Spoken
from scripts.speech.shelf import Shelf
from scripts.speech.sound import level, resample
from scripts.speech.studio import Recorded, Studio, normalised, read_recording
from scripts.speech.wav import Sound, read_wav, wav_bytes

log = structlog.get_logger(__name__)

FOLDER = "speech"  # in the home
STUDIO = "studio"
_MADE_AT = max(RATES)  # what engines are asked for; the lower rate is made of it
_KNOWN_FOR_S = 300.0  # then the files are looked at again, and counted as used
_KNOWN = 20_000  # sentences
_AT_ONCE = 8
_LOCK_WITHIN_S = 90.0
_LOCK_POLL_S = 0.02
_CONVERTED = 1  # counts up when a studio's recording comes to be converted differently


class UnknownEngineError(SpeechError):
    """The setting speech.engine names no engine."""


class KeptSpeaker:
    """A speaker over a folder of kept audio; several processes may share the folder.

    The texts are personal: nobody but the program's own user may look into the folder.
    """

    def __init__(self, engine: SpeechEngine, *, folder: Path, studio: Studio) -> None:
        self.folder = folder
        self._engine = engine
        self._studio = studio
        self._shelf = Shelf(folder=folder)
        self._known: OrderedDict[tuple[str, Language], tuple[float, Spoken]] = OrderedDict()
        self._being_made: dict[tuple[str, Language], asyncio.Task[Spoken]] = {}
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def spoken(self, sentence: str, language: Language) -> Spoken:
        """Return the audio of a sentence: a studio recording, a kept file, or a new one.

        Raises:
            SpeechError: there is none and none could be made.
        """
        asked = (sentence, language)
        known = self._known.get(asked)
        if known is not None and monotonic() < known[0]:
            return known[1]
        task = self._being_made.get(asked)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._find_or_make(sentence, language))
            self._being_made[asked] = task
            task.add_done_callback(lambda done: self._made(asked, done))
        return await asyncio.shield(task)  # whoever gives up takes nothing from the others

    async def close(self) -> None:
        """End the engine; nothing can be spoken afterwards."""
        tasks = tuple(self._being_made.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._engine.close()

    def _made(self, asked: tuple[str, Language], task: asyncio.Task[Spoken]) -> None:
        del self._being_made[asked]
        if task.cancelled() or task.exception() is not None:
            return
        self._known[asked] = (monotonic() + _KNOWN_FOR_S, task.result())
        self._known.move_to_end(asked)
        if len(self._known) > _KNOWN:
            self._known.popitem(last=False)

    async def _find_or_make(self, sentence: str, language: Language) -> Spoken:
        text = normalised(sentence)
        if not text:
            message = "an empty sentence cannot be spoken"
            raise SpeechError(message)
        try:
            recorded = await asyncio.to_thread(self._studio.find, text, language)
            if recorded is not None:
                try:
                    return await self._of_studio(recorded, language)
                except SpeechError as err:
                    log.warning(
                        "studio_recording_unusable", file=recorded.file.name, reason=str(err)
                    )
            return await self._of_engine(text, language)
        except OSError as err:
            message = f"audio cannot be kept in {self.folder}: {err}"
            raise SpeechError(message) from err

    async def _of_studio(self, recorded: Recorded, language: Language) -> Spoken:
        stem = _stem(f"studio {_CONVERTED}", language, recorded.version)

        async def read() -> Sound:
            return await asyncio.to_thread(read_recording, recorded.file)

        seconds = await self._shelved(stem, read)
        return Spoken(stem=stem, seconds=seconds, studio=recorded.file.name)

    async def _of_engine(self, text: str, language: Language) -> Spoken:
        stem = _stem(self._engine.key, language, text)

        async def speak() -> Sound:
            draft = await asyncio.to_thread(self._shelf.draft, stem)
            try:
                await self._engine.speak(text, language, rate=_MADE_AT, into=draft)
                return await asyncio.to_thread(read_wav, draft)
            finally:
                await asyncio.to_thread(draft.unlink, missing_ok=True)

        return Spoken(stem=stem, seconds=await self._shelved(stem, speak))

    async def _shelved(self, stem: str, make: Callable[[], Awaitable[Sound]]) -> float:
        """Return how long a stem's audio plays; it is made unless it, or another's work, is here.

        Raises:
            SpeechError: it could not be made.
        """
        seconds = await asyncio.to_thread(self._shelf.seconds_of, stem)
        if seconds is not None:
            return seconds
        async with self._free, _alone(self.folder, stem):
            seconds = await asyncio.to_thread(self._shelf.seconds_of, stem)
            if seconds is not None:
                return seconds
            sound = await make()
            await asyncio.to_thread(self._keep, stem, sound)
            return sound.seconds

    def _keep(self, stem: str, sound: Sound) -> None:
        try:
            audio = {rate: wav_bytes(level(resample(sound, rate))) for rate in RATES}
        except SpeechError as err:
            message = f"nothing to hear came of it: {err}"
            raise SpeechError(message) from err
        self._shelf.put(stem, audio)


def make_speaker(settings: Settings, home: Path) -> KeptSpeaker:
    """Return the speaker of an installation; nothing runs until the first sentence.

    Raises:
        SpeechError: the settings name no engine that can be.
    """
    speech = settings.speech
    folder = home / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return KeptSpeaker(
        make_engine(speech), folder=folder, studio=Studio(studio_folder(speech, home))
    )


def make_engine(speech: SpeechSettings) -> SpeechEngine:
    """Return the engine of the settings.

    Raises:
        SpeechError: there is no such engine, or its command cannot be.
    """
    match speech.engine:
        case "espeak-ng":
            return EspeakEngine()
        case "command":
            return CommandEngine(speech.command, within_s=speech.command_timeout_s)
        case other:
            message = f"speech.engine is {other!r}; it is espeak-ng or command"
            raise UnknownEngineError(message)


def studio_folder(speech: SpeechSettings, home: Path) -> Path:
    """Return where studio recordings are dropped; a relative folder lies in the home."""
    return home / (speech.studio or STUDIO)


def _stem(key: str, language: Language, text: str) -> str:
    digest = hashlib.sha256(json.dumps([key, language.value, text]).encode()).hexdigest()
    return f"{digest[:2]}/{digest}"


@asynccontextmanager
async def _alone(folder: Path, stem: str) -> AsyncIterator[None]:
    """Be the only one, of all processes, that makes this stem's audio.

    Raises:
        SpeechError: another process has been at it for too long.
    """
    descriptor = await asyncio.to_thread(_open_lock, folder / "locks" / stem[:2])
    try:
        until_s = monotonic() + _LOCK_WITHIN_S
        while not _locked(descriptor):
            if monotonic() > until_s:
                message = f"another process has long been making audio in {folder}"
                raise SpeechError(message)
            await asyncio.sleep(_LOCK_POLL_S)
        yield
    finally:
        os.close(descriptor)


def _open_lock(file: Path) -> int:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(file, os.O_RDWR | os.O_CREAT, 0o600)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
