"""`ownerline asterisk config` as an administrator runs it."""

from pathlib import Path

from tests.integration.cli.command import Installation


def test_the_files_come_with_what_is_left_to_do(tmp_path: Path) -> None:
    home, etc = tmp_path / "home", tmp_path / "etc" / "ownerline"
    home.mkdir()
    installation = Installation(home=home)
    done = installation.run("asterisk", "config", str(etc))
    secret = (home / "ami.secret").read_text().strip()
    assert done.code == 0, done.err
    assert secret not in done.out + done.err
    assert "#include ownerline/extensions.conf" in done.out
    assert 'asterisk -rx "dialplan reload"' in done.out
    again = installation.ask("asterisk", "config", str(etc))
    assert {each["state"] for each in again["files"]} == {"unchanged"}


def test_a_file_changed_by_hand_ends_the_command_with_1(tmp_path: Path) -> None:
    home, etc = tmp_path / "home", tmp_path / "etc" / "ownerline"
    home.mkdir()
    installation = Installation(home=home)
    installation.run("asterisk", "config", str(etc))
    (etc / "http.conf").write_text("; mine\n")
    done = installation.run("asterisk", "config", str(etc))
    assert done.code == 1
    assert "-; mine" in done.out
    assert (etc / "http.conf").read_text() == "; mine\n"


def test_an_asterisk_elsewhere_is_not_opened_to_everybody(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    settings = {"asterisk__servers": '[{"name": "a", "host": "192.0.2.10"}]'}
    done = Installation(home=home).run(
        "asterisk", "config", str(tmp_path / "ownerline"), **settings
    )
    assert done.code == 1
    assert "--dialer-address" in done.err
    assert not (tmp_path / "ownerline").exists()
