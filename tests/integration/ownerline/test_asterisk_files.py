"""`ownerline asterisk config`: the files, the secret, and what an administrator changed."""

import stat
from pathlib import Path

import pytest

from core.settings import load_settings
from core.settings_model import Settings
from ownerline.asterisk_files import (
    SnippetFilesError,
    State,
    Written,
    publish_audio,
    write_snippets,
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose settings name a secret that is not there yet."""
    home = tmp_path / "home"
    home.mkdir()
    settings = home / "ownerline.toml"
    settings.write_text('[[asterisk.servers]]\nname = "a"\nsecret_file = "ami.secret"\n')
    settings.chmod(0o600)
    return home


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """The folder the files go to."""
    return tmp_path / "etc" / "ownerline"


def _write(home: Path, etc: Path, *addresses: str, force: bool = False) -> Written:
    return write_snippets(
        _settings(home), etc, server=None, dialer_addresses=addresses, force=force, audio="audio"
    )


def _settings(home: Path) -> Settings:
    return load_settings(home, secrets_may_lack=True)


def _states(written: Written) -> dict[str, State]:
    return {each.path.name: each.state for each in written.files}


def test_files_are_written_once_and_a_second_time_changes_nothing(home: Path, etc: Path) -> None:
    assert set(_states(_write(home, etc)).values()) == {State.WRITTEN}
    before = {path.name: path.read_bytes() for path in etc.iterdir()}
    assert set(_states(_write(home, etc)).values()) == {State.UNCHANGED}
    assert {path.name: path.read_bytes() for path in etc.iterdir()} == before


def test_the_secret_is_made_for_both_sides_and_never_shown(home: Path, etc: Path) -> None:
    written = _write(home, etc)
    ours, theirs = home / "ami.secret", etc / "manager-ownerline.secret.conf"
    secret = ours.read_text().strip()
    assert len(secret) > 30
    assert secret not in "\n".join(written.lines()) + str(written.as_json())
    assert f"secret = {secret}\n" in theirs.read_text()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (ours, theirs)] == [0o600, 0o600]


def test_a_folder_with_a_group_of_its_own_lets_that_group_read_the_secret(
    home: Path, etc: Path
) -> None:
    etc.mkdir(parents=True)
    etc.chmod(0o2750)
    _write(home, etc)
    theirs = etc / "manager-ownerline.secret.conf"
    assert stat.S_IMODE(theirs.stat().st_mode) == 0o640
    assert theirs.stat().st_gid == etc.stat().st_gid


def test_a_secret_that_is_there_is_kept(home: Path, etc: Path) -> None:
    (home / "ami.secret").write_text("one-of-our-own\n")
    (home / "ami.secret").chmod(0o600)
    assert _write(home, etc).secret_made is None
    assert "secret = one-of-our-own\n" in (etc / "manager-ownerline.secret.conf").read_text()


def test_what_was_changed_by_hand_stays_and_the_difference_is_shown(home: Path, etc: Path) -> None:
    _write(home, etc)
    mine = etc / "manager.conf"
    mine.write_text(mine.read_text() + "secret = of-my-own-hand\n")
    written = _write(home, etc)
    shown = "\n".join(written.lines())
    assert [each.path for each in written.kept] == [mine]
    assert "-secret = …" in shown
    assert "of-my-own-hand" not in shown
    assert "of-my-own-hand" in mine.read_text()
    assert _states(_write(home, etc, force=True))["manager.conf"] is State.UPDATED
    assert "of-my-own-hand" not in mine.read_text()


def test_what_nobody_changed_follows_the_settings(home: Path, etc: Path) -> None:
    _write(home, etc)
    states = _states(_write(home, etc, "192.0.2.7"))
    assert states["manager.conf"] is State.UPDATED
    assert states["confbridge.conf"] is State.UNCHANGED
    assert "permit = 192.0.2.7/32" in (etc / "manager.conf").read_text()


def test_asterisks_own_files_are_not_written_over(home: Path, etc: Path) -> None:
    etc.mkdir(parents=True)
    (etc / "asterisk.conf").touch()
    with pytest.raises(SnippetFilesError, match=str(etc / "ownerline")):
        _write(home, etc)
    assert [path.name for path in etc.iterdir()] == ["asterisk.conf"]


async def test_apologies_and_music_lie_ready_before_asterisk_looks(home: Path) -> None:
    await publish_audio(_settings(home))
    assert (home / "asterisk" / "sorry.wav").stat().st_size > 1000
    assert (home / "asterisk" / "hold" / "ownerline.wav16").stat().st_size > 1000
