"""Two sides of a call become the two channels of one file, whatever state they come in."""

import hashlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from recordings.sound import UnreadableSoundError, bring_together, shape_of
from tests.integration.recordings.studio import RATE, noise, read_wav, write_wav


def test_each_side_has_its_channel_and_the_shorter_one_ends_in_silence(tmp_path: Path) -> None:
    owner, us = noise(1.5, seed=1), noise(2.25, seed=2)
    sources = [write_wav(tmp_path / "o.wav", owner), write_wav(tmp_path / "u.wav", us)]
    sound = bring_together(sources, tmp_path / "both.wav")
    both = read_wav(tmp_path / "both.wav")
    assert np.array_equal(both[: len(owner), 0], owner)
    assert not both[len(owner) :, 0].any()
    assert np.array_equal(both[:, 1], us)
    assert (sound.seconds, sound.channels, sound.rate) == (2.25, 2, RATE)
    whole = (tmp_path / "both.wav").read_bytes()
    assert (sound.size_bytes, sound.sha256) == (len(whole), hashlib.sha256(whole).digest())


@pytest.mark.parametrize("claimed", [0, 100, 0xFFFFFFFF], ids=["nothing", "less", "more"])
def test_a_header_left_by_a_writer_that_died_is_not_believed_beyond_the_file(
    tmp_path: Path, claimed: int
) -> None:
    path = write_wav(tmp_path / "a.wav", noise(1.0, seed=1))
    data = bytearray(path.read_bytes())
    data[40:44] = claimed.to_bytes(4, "little")
    path.write_bytes(data)
    assert shape_of(path).frames == (50 if claimed == 100 else RATE)


def test_a_free_answer_keeps_its_one_channel(tmp_path: Path) -> None:
    source = write_wav(tmp_path / "a.wav", noise(0.5, seed=1))
    assert bring_together([source], tmp_path / "b.wav").channels == 1


def test_a_file_of_both_sides_keeps_them_apart(tmp_path: Path) -> None:
    owner, us = noise(0.5, seed=1), noise(0.5, seed=2)
    source = write_wav(tmp_path / "a.wav", owner, us)
    sound = bring_together([source], tmp_path / "b.wav")
    both = read_wav(tmp_path / "b.wav")
    assert np.array_equal(both[:, 0], owner)
    assert np.array_equal(both[:, 1], us)
    assert (sound.seconds, sound.channels) == (0.5, 2)


def test_sides_without_a_sample_are_a_file_of_no_seconds(tmp_path: Path) -> None:
    empty = [write_wav(tmp_path / name, noise(0, seed=1)) for name in ("a.wav", "b.wav")]
    assert bring_together(empty, tmp_path / "c.wav").seconds == 0


def test_an_hour_takes_no_more_memory_than_a_minute(tmp_path: Path) -> None:
    peaks = []
    for seconds in (60, 600):
        sides = [write_wav(tmp_path / f"{n}.wav", noise(seconds, seed=n)) for n in (1, 2)]
        tracemalloc.start()
        bring_together(sides, tmp_path / "both.wav")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no WAV"),
        (b"RIFF\0\0\0\0WAVE", "no samples"),
        (b"RIFF\0\0\0\0WAVEfmt \4\0\0\0\1\0\1\0data", "cut short"),
        (b"x" * 100, "no WAV"),
    ],
    ids=["empty", "nothing in it", "a format of four bytes", "something else"],
)
def test_what_is_no_sound_is_refused_by_name(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(UnreadableSoundError, match=rf"a\.wav .*{told}"):
        shape_of(path)


def test_sides_of_two_rates_are_not_brought_together(tmp_path: Path) -> None:
    sides = [
        write_wav(tmp_path / "a.wav", noise(1, seed=1)),
        write_wav(tmp_path / "b.wav", noise(1, seed=2), rate=16_000),
    ]
    with pytest.raises(UnreadableSoundError, match="16000 Hz"):
        bring_together(sides, tmp_path / "c.wav")
