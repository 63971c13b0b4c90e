"""The announcements of a trunk's network: a folder for each meaning, with recordings in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from core.errors import OwnerlineError
from dialer.bridges.asterisk.matching import (
    Reference,
    UnfitReferenceError,
    confusable,
    make_reference,
)
from dialer.model import TelephonyResult
from scripts.speech.model import SpeechError
from scripts.speech.wav import Sound, read_wav


class Meaning(StrEnum):
    """What a network may say instead of ringing; the names of the folders."""

    EMPTY_NUMBER = "empty_number"  # 空号
    SUSPENDED = "suspended"  # 停机
    SWITCHED_OFF = "switched_off"  # 关机
    OUT_OF_REACH = "out_of_reach"  # 无法接通, 不在服务区
    NO_ANSWER = "no_answer"  # 无人接听
    BUSY = "busy"  # 正在通话中


# An invalid number is dead until a person finds a better one. A suspended one mostly comes back
# within days, when its bill is paid: it counts as not answered, and the next phone is tried.
RESULTS: Mapping[Meaning, TelephonyResult] = MappingProxyType(
    {
        Meaning.EMPTY_NUMBER: TelephonyResult.INVALID_NUMBER,
        Meaning.SUSPENDED: TelephonyResult.NO_ANSWER,
        Meaning.SWITCHED_OFF: TelephonyResult.NO_ANSWER,
        Meaning.OUT_OF_REACH: TelephonyResult.NO_ANSWER,
        Meaning.NO_ANSWER: TelephonyResult.NO_ANSWER,
        Meaning.BUSY: TelephonyResult.BUSY,
    }
)


class AnnouncementsError(OwnerlineError):
    """The folder of a trunk's announcements is not there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcements:
    """What a trunk's folder holds: the recordings that can be used, and why others cannot."""

    references: tuple[Reference, ...]
    problems: tuple[str, ...]


def read_announcements(folder: Path) -> Announcements:
    """Read `<meaning>/*.wav` of a folder. Blocks.

    A recording that is broken, too short, or not told from one of another meaning is left out.

    Raises:
        AnnouncementsError: there is no such folder.
    """
    if not folder.is_dir():
        message = f"{folder} is no folder; it is to have {', '.join(Meaning)}, with .wav files"
        raise AnnouncementsError(message)
    found: dict[str, tuple[Reference, Sound]] = {}
    problems: list[str] = []
    for below in sorted(each for each in folder.iterdir() if each.is_dir()):
        if below.name not in set(Meaning):
            problems.append(f"{below} is no meaning; there are: {', '.join(Meaning)}")
            continue
        for file in sorted(below.glob("*.wav")):
            name = f"{below.name}/{file.name}"
            try:
                sound = read_wav(file)
                found[name] = (make_reference(name, below.name, sound), sound)
            except (SpeechError, UnfitReferenceError) as err:
                problems.append(str(err))
    pairs = confusable(found)
    problems += [
        f"{one} and {other} sound alike and mean different things; neither is used: record more "
        "of each, so that what tells them apart comes in the first eight seconds"
        for one, other in pairs
    ]
    alike = {name for pair in pairs for name in pair}
    references = [reference for name, (reference, _) in found.items() if name not in alike]
    return Announcements(references=tuple(references), problems=tuple(problems))
