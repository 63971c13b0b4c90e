"""A trunk's folder of announcements: what can be used is, and the rest is said, with its reason."""

from pathlib import Path

import pytest

from dialer.bridges.asterisk.announcement_files import (
    RESULTS,
    AnnouncementsError,
    Meaning,
    read_announcements,
)
from scripts.speech.wav import wav_bytes
from tests.asterisk.voices import TEXTS, says


def test_a_folder_has_its_good_recordings_used_and_its_bad_ones_named(tmp_path: Path) -> None:
    empty = wav_bytes(says(TEXTS["empty_number"]))
    for name, data in {
        "empty_number/ours.wav": empty,
        "busy/ours.wav": wav_bytes(says(TEXTS["busy"])),
        "switched_off/copied.wav": empty,
        "out_of_reach/broken.wav": b"an mp3",
        "out_of_reach/notes.txt": b"no recording",
        "moved/ours.wav": empty,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)

    found = read_announcements(tmp_path)

    assert [each.name for each in found.references] == ["busy/ours.wav"]
    told = "\n".join(found.problems)
    assert len(found.problems) == 3
    assert "moved is no meaning; there are: empty_number, suspended" in told
    assert "out_of_reach/broken.wav is no usable WAV file" in told
    assert "empty_number/ours.wav and switched_off/copied.wav sound alike" in told


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnnouncementsError, match="nowhere is no folder"):
        read_announcements(tmp_path / "nowhere")


def test_every_meaning_has_a_result() -> None:
    assert set(RESULTS) == set(Meaning)
