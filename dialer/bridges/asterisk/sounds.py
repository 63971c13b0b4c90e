"""Audio for Asterisk: spoken sentences and fixed sounds, put into the folder both sides see."""

import asyncio
import errno
import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np

from customers.model import Language
from dialer.bridges.apology import SORRY_WORDS
from dialer.bridges.asterisk.hold_music import hold_music
from scripts.speech.model import RATES, Speaker, SpeechError
from scripts.speech.shelf import Shelf
from scripts.speech.wav import Sound, read_wav, wav_bytes

SPEECH = "speech"  # below the shared folder
HOLD = "hold"  # musiconhold.conf plays what lies here
SORRY = "sorry"

_KNOWN_FOR_S = 300.0  # then the file is looked at again, and counted as used
_KNOWN = 20_000
_PAUSE_S = 0.5
# The shared folder itself says who may come in; below it nothing is closed to those.
_FOLDER_MODE = 0o755
_SHARED_MODE = 0o750


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """Audio that lies in the shared folder."""

    stem: str  # below the shared folder, without suffix
    seconds: float

    def seen_at(self, shared: str) -> str:
        """Return what Asterisk is to play; `shared` is the shared folder as that server sees it."""
        return f"{shared}/{self.stem}"


class Sounds:
    """Publishes sentences for every server that sees the folder."""

    def __init__(self, speaker: Speaker, *, folder: Path) -> None:
        """Take the shared folder as we see it."""
        self.folder = folder
        self._speaker = speaker
        self._kept = Shelf(folder=speaker.folder)
        self._shelf = Shelf(folder=folder / SPEECH)
        self._known: OrderedDict[str, float] = OrderedDict()

    async def start(self) -> None:
        """Publish what is played without a dialer: the apologies and the music on hold.

        Raises:
            SpeechError: the folder cannot be written, or nothing can be spoken.
        """
        said = [await self._speaker.spoken(words, each) for each, words in SORRY_WORDS.items()]
        apologies = dict(zip(SORRY_WORDS, [spoken.stem for spoken in said], strict=True))
        try:
            await asyncio.to_thread(self._put_fixed, apologies)
        except OSError as err:
            raise _not_written(self.folder, err) from err

    async def publish(self, sentence: str, language: Language) -> Published:
        """Have a sentence spoken and put where Asterisk can play it.

        Costs two look-ups in memory when that was done a short while ago.

        Raises:
            SpeechError: there is no audio of it and none could be made, or it cannot be put there.
        """
        spoken = await self._speaker.spoken(sentence, language)
        if monotonic() >= self._known.get(spoken.stem, 0.0):
            try:
                await asyncio.to_thread(self._put, spoken.stem)
            except OSError as err:
                raise _not_written(self.folder, err) from err
            self._known[spoken.stem] = monotonic() + _KNOWN_FOR_S
            self._known.move_to_end(spoken.stem)
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        return Published(stem=f"{SPEECH}/{spoken.stem}", seconds=spoken.seconds)

    async def stem(self, sentence: str, language: Language, *, shared: str) -> str:
        """Return what a server is to play for a sentence; errors as `publish`."""
        return (await self.publish(sentence, language)).seen_at(shared)

    def sorry(self, language: Language, *, shared: str) -> str:
        """Return the apology's audio as a server sees it; `start` puts it there."""
        return f"{shared}/{SORRY}-{language.value}"

    def _put(self, stem: str) -> None:
        if self._shelf.seconds_of(stem) is None:
            self._make_folder((self._shelf.folder / stem).parent)
            for rate in sorted(RATES, reverse=True):
                _link_or_copy(self._kept.file(stem, rate), self._shelf, stem, rate)

    def _put_fixed(self, apologies: Mapping[Language, str]) -> None:
        self._make_folder(self.folder / HOLD)
        shelf = Shelf(folder=self.folder)
        both: dict[int, bytes] = {}
        for rate in RATES:
            sounds = [read_wav(self._kept.file(stem, rate)) for stem in apologies.values()]
            for language, sound in zip(apologies, sounds, strict=True):
                shelf.put(f"{SORRY}-{language.value}", {rate: wav_bytes(sound)})
            both[rate] = wav_bytes(_one_after_another(sounds, rate))
        shelf.put(SORRY, both)  # for a caller whose language nobody knows yet
        shelf.put(f"{HOLD}/ownerline", {rate: wav_bytes(hold_music(rate)) for rate in RATES})

    def _make_folder(self, folder: Path) -> None:
        self.folder.mkdir(mode=_SHARED_MODE, parents=True, exist_ok=True)
        below = [folder, *folder.parents]
        for each in reversed(below[: below.index(self.folder)]):
            if not each.is_dir():
                each.mkdir(exist_ok=True)
                each.chmod(each.stat().st_mode | _FOLDER_MODE)


def _link_or_copy(kept: Path, shelf: Shelf, stem: str, rate: int) -> None:
    """Put a kept file on the shelf under its own name, whole at once."""
    draft = shelf.draft(stem)
    try:
        os.link(kept, draft)
        draft.replace(shelf.file(stem, rate))
        draft.unlink(missing_ok=True)  # a rename onto another name of the same file leaves both
    except OSError as err:
        # Another disk, or one that knows no links (CIFS, some NFS): a copy does.
        if err.errno not in {errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK}:
            raise
        shelf.put(stem, {rate: kept.read_bytes()})


def _one_after_another(sounds: list[Sound], rate: int) -> Sound:
    pause = np.zeros(int(_PAUSE_S * rate), dtype=np.float32)
    parts = [part for sound in sounds for part in (sound.samples, pause)]
    return Sound(samples=np.concatenate(parts[:-1]), rate=rate)


def _not_written(folder: Path, err: OSError) -> SpeechError:
    message = (
        f"audio for Asterisk cannot be put into {folder}: {err}; let this program's user write "
        "there, and Asterisk's user read (asterisk.shared_folder)"
    )
    return SpeechError(message)
