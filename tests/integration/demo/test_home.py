"""The demo's home: fresh each time, never anybody else's, one demo at a time."""

from datetime import date
from pathlib import Path

import pytest

from ownerline.demo.home import MARKER, DemoBusyError, DemoHome, ForeignFolderError, Played

PLAYED = Played(seed=3, owners=40, last_day=date(2026, 12, 16))


def test_a_fresh_home_takes_the_place_of_an_earlier_demo(tmp_path: Path) -> None:
    home = DemoHome.below(tmp_path)
    home.make_fresh()
    home.note(PLAYED)
    (home.folder / "postgres").mkdir()
    (home.folder / "postgres" / "state").write_text("old", encoding="utf-8")
    home.make_fresh()
    assert [each.name for each in home.folder.iterdir()] == [MARKER]
    home.remove_old()
    assert [each.name for each in tmp_path.iterdir()] == ["demo"]


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    home = DemoHome.below(tmp_path)
    home.folder.mkdir()
    letter = home.folder / "letter.txt"
    letter.write_text("mine", encoding="utf-8")
    for refused in (home.make_fresh, home.played):
        with pytest.raises(ForeignFolderError, match="was not made by a demo"):
            refused()
    (tmp_path / "demo.1.old").mkdir()
    (tmp_path / "demo.1.old" / "letter.txt").write_text("mine", encoding="utf-8")
    home.remove_old()
    assert letter.exists()
    assert (tmp_path / "demo.1.old" / "letter.txt").exists()


def test_a_link_to_somewhere_else_is_not_followed(tmp_path: Path) -> None:
    elsewhere = DemoHome.below(tmp_path / "elsewhere")
    elsewhere.folder.parent.mkdir()
    elsewhere.make_fresh()
    home = DemoHome.below(tmp_path)
    home.folder.symlink_to(elsewhere.folder)
    with pytest.raises(ForeignFolderError, match="no folder of its own"):
        home.make_fresh()
    assert (elsewhere.folder / MARKER).exists()


def test_what_was_played_is_known_to_the_next_demo(tmp_path: Path) -> None:
    home = DemoHome.below(tmp_path)
    assert home.played() is None
    home.make_fresh()
    assert home.played() is None
    home.note(PLAYED)
    assert home.played() == PLAYED


def test_two_demos_do_not_play_in_one_home(tmp_path: Path) -> None:
    home = DemoHome.below(tmp_path)
    with (
        home.held(),
        pytest.raises(DemoBusyError, match="another demo"),
        DemoHome.below(tmp_path).held(),
    ):
        pytest.fail("two hold one home")
    with home.held():
        assert not home.folder.exists()
