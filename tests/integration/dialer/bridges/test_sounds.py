"""Sentences lie where Asterisk can play them: readable, whole, and put there once."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from customers.model import Language
from dialer.bridges.apology import SORRY_WORDS
from dialer.bridges.asterisk.hold_music import hold_music
from dialer.bridges.asterisk.sounds import Sounds
from scripts.speech.model import SpeechError
from scripts.speech.sound import active_level
from scripts.speech.speaker import KeptSpeaker
from scripts.speech.studio import Studio
from scripts.speech.wav import Sound, read_wav, wav_bytes

SAID = "谢谢您,再见。"


class Clicks:
    """An engine whose audio is quickly made."""

    key = "clicks"

    def __init__(self) -> None:
        self.said: list[str] = []

    async def speak(self, text: str, language: Language, *, rate: int, into: Path) -> None:
        self.said.append(text)
        samples = np.resize(np.array([0.3, -0.3], np.float32), rate // 4)
        into.write_bytes(wav_bytes(Sound(samples=samples, rate=rate)))  # noqa: ASYNC240 - small

    async def close(self) -> None:
        """Nothing runs."""


@pytest.fixture
def engine() -> Clicks:
    return Clicks()


@pytest.fixture
async def sounds(tmp_path: Path, engine: Clicks) -> AsyncIterator[Sounds]:
    speaker = KeptSpeaker(engine, folder=tmp_path / "kept", studio=Studio(tmp_path / "studio"))
    yield Sounds(speaker, folder=tmp_path / "shared")
    await speaker.close()


@pytest.fixture
def another_disk() -> Iterator[Path]:
    """A folder in memory, which files on a disk cannot be linked into."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


async def test_a_sentence_is_played_by_the_name_that_server_knows_it_by(
    sounds: Sounds, tmp_path: Path
) -> None:
    here = await sounds.stem(SAID, Language.MANDARIN, shared=str(tmp_path / "shared"))
    there = await sounds.stem(SAID, Language.MANDARIN, shared="/mnt/ownerline")

    assert read_wav(Path(f"{here}.wav")).rate == 8000
    assert read_wav(Path(f"{here}.wav16")).rate == 16000
    assert there == here.replace(str(tmp_path / "shared"), "/mnt/ownerline")


async def test_asterisk_may_read_whatever_lies_below_the_shared_folder(
    sounds: Sounds, tmp_path: Path
) -> None:
    before = os.umask(0o077)
    try:
        await sounds.start()
        await sounds.publish(SAID, Language.MANDARIN)
    finally:
        os.umask(before)
    below = [*(tmp_path / "shared").rglob("*")]

    assert all(each.stat().st_mode & 0o055 == 0o055 for each in below if each.is_dir())
    assert all(each.stat().st_mode & 0o044 == 0o044 for each in below if each.is_file())
    assert (tmp_path / "shared").stat().st_mode & 0o007 == 0


async def test_what_was_published_costs_no_look_at_the_disk(
    sounds: Sounds, engine: Clicks, tmp_path: Path
) -> None:
    first = await sounds.publish(SAID, Language.MANDARIN)
    (tmp_path / "kept").rename(tmp_path / "elsewhere")
    (tmp_path / "shared").rename(tmp_path / "gone")

    assert await sounds.publish(SAID, Language.MANDARIN) == first
    assert engine.said == [SAID]


async def test_a_shared_folder_on_another_disk_gets_copies(
    engine: Clicks, tmp_path: Path, another_disk: Path
) -> None:
    speaker = KeptSpeaker(engine, folder=tmp_path / "kept", studio=Studio(tmp_path / "studio"))

    stem = await Sounds(speaker, folder=another_disk).stem(
        SAID, Language.MANDARIN, shared=str(another_disk)
    )

    assert read_wav(Path(f"{stem}.wav")).seconds == pytest.approx(0.25)
    assert read_wav(Path(f"{stem}.wav16")).seconds == pytest.approx(0.25)
    assert not drafts_in(another_disk)


def drafts_in(folder: Path) -> list[Path]:
    return [*folder.rglob("*.draft")]


async def test_what_plays_without_a_dialer_is_there_from_the_start(
    sounds: Sounds, engine: Clicks, tmp_path: Path
) -> None:
    await sounds.start()
    await sounds.start()  # another dialer, or the next day

    for language in Language:
        stem = sounds.sorry(language, shared=str(tmp_path / "shared"))
        assert read_wav(Path(f"{stem}.wav")).seconds == pytest.approx(0.25)
    both = read_wav(tmp_path / "shared/sorry.wav")
    assert both.seconds == pytest.approx(0.25 + 0.5 + 0.25)
    assert read_wav(tmp_path / "shared/hold/ownerline.wav").seconds > 20
    assert read_wav(tmp_path / "shared/hold/ownerline.wav16").rate == 16000
    assert engine.said == [*SORRY_WORDS.values()]


async def test_a_folder_that_cannot_be_written_is_named(engine: Clicks, tmp_path: Path) -> None:
    (tmp_path / "shared").touch()
    speaker = KeptSpeaker(engine, folder=tmp_path / "kept", studio=Studio(tmp_path / "studio"))

    with pytest.raises(SpeechError, match=r"/shared: .*asterisk\.shared_folder"):
        await Sounds(speaker, folder=tmp_path / "shared").publish(SAID, Language.MANDARIN)


def test_music_on_hold_is_quiet_and_goes_round_without_a_click() -> None:
    music = hold_music(8000)
    steps = np.abs(np.diff(np.concatenate([music.samples, music.samples[:1]])))

    assert 0.005 < active_level(music) < 0.05
    assert steps[-1] <= np.percentile(steps, 99)
    assert np.abs(music.samples).max() < 0.1
