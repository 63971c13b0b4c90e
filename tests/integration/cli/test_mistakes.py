"""What a newcomer gets wrong: one clear line, the right exit code, never a traceback."""

from pathlib import Path

import pytest

from tests.integration.cli.command import SAMPLES, Installation

_WRONG_USAGE = {
    "no such command": ["ring"],
    "no such option": ["import", "--everything"],
    "no file to import": ["import"],
    "no such table": ["export", "nonsense", "-"],
    "a date of another country": ["lists", "build", "--date", "23.11.2026"],
    "no date at all": ["explain", "3-2-401", "--date", ""],
    "a year nobody rings in": ["dialer", "--drain", "--at", "0001-01-01T00:00"],
    "no instant": ["dialer", "--drain", "--at", "nine o'clock"],
    "an instant without an end": ["dialer", "--at", "2026-11-23T09:00"],
    "pause and resume at once": ["campaign", "overdue", "--pause", "--resume"],
    "a language not spoken": ["explain", "3-2-401", "--language", "fr"],
    "three words to explain": ["explain", "a", "b", "c"],
}
_FAILED = {
    "a file that is not there": ["import", "{tmp}/none.xlsx"],
    "a folder": ["import", "{tmp}"],
    "no workbook": ["import", "{tmp}/letter.xlsx"],
    "half a workbook": ["import", "{tmp}/half.xlsx"],
    "an empty table": ["import", "{tmp}/empty.csv"],
    "columns nobody knows": ["import", "{tmp}/strange.csv"],
    "an export to nowhere": ["export", "contacts", "{tmp}/letter.xlsx/contacts.csv"],
    "an export of another kind": ["export", "contacts", "{tmp}/contacts.pdf"],
    "a unit nobody has": ["explain", "99-9-9999"],
    "a campaign nobody runs": ["campaign", "raffle"],
    "a pack of no country": ["community", "云麓花园", "--pack", "ATLANTIS"],
    "a zone of another planet": ["community", "云麓花园", "--time-zone", "Mars/Base"],
    "a script nobody wrote": ["scripts", "walk", "lullaby"],
}


@pytest.fixture
def ours(tmp_path: Path) -> Installation:
    return Installation(home=tmp_path / "home")


@pytest.fixture
def served(tmp_path: Path, database_url: str) -> Installation:
    """An installation on the tests' own server: nothing to start for each command."""
    return Installation(home=tmp_path / "home", database_url=database_url)


@pytest.mark.parametrize("words", _WRONG_USAGE.values(), ids=_WRONG_USAGE)
def test_wrong_usage_is_told_at_once_and_ends_with_2(ours: Installation, words: list[str]) -> None:
    done = ours.run(*words)
    assert done.code == 2
    assert done.out == ""
    assert "Traceback" not in done.err
    assert not ours.home.exists()


@pytest.mark.parametrize("words", _FAILED.values(), ids=_FAILED)
def test_what_failed_is_one_line_and_ends_with_1(
    served: Installation, tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "letter.xlsx").write_text("Dear owners, …", encoding="utf-8")
    (tmp_path / "half.xlsx").write_bytes((SAMPLES / "owners.xlsx").read_bytes()[:5_000])
    (tmp_path / "empty.csv").touch()
    (tmp_path / "strange.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    done = served.run(*(word.format(tmp=tmp_path) for word in words))
    assert done.code == 1
    assert done.out == ""
    assert done.err.startswith("ownerline: ")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("database_url", "postgresql://owner:secret@127.0.0.1:9/ownerline"),
        ("database_url", "mysql://owner:secret@127.0.0.1/ownerline"),
        ("time_zone", "Mars/Base"),
        ("bridge", "pigeon"),
        ("packs", "CN"),
    ],
    ids=["a server that is not there", "a server of another make", "zone", "bridge", "no list"],
)
def test_a_setting_that_cannot_be_is_named_without_its_secret(
    ours: Installation, setting: str, value: str
) -> None:
    done = ours.run("lists", "build", **{setting: value})
    assert done.code == 1
    assert done.err.startswith("ownerline: ")
    assert done.err.count("\n") == 1
    assert "secret" not in done.err


def test_doctor_names_what_is_wrong(ours: Installation) -> None:
    done = ours.run("doctor", brigde="simulated")
    assert done.code == 1
    assert "WRONG environment: OWNERLINE_BRIGDE names no setting" in done.out


def test_a_new_home_is_sound_and_its_switches_hold(served: Installation) -> None:
    assert served.ask("doctor")["sound"]
    assert "already disarmed" in served.run("disarm").out
    assert served.run("stop").out.startswith("stopped")
    found = {each["subject"]: each["found"] for each in served.ask("doctor")["findings"]}
    assert found["dialling"].startswith("stopped")
    assert found["real bridges"].startswith("not armed")
    assert served.run("resume").out.startswith("resumed")
    assert served.ask("campaign", "overdue", "--pause")["paused"]
    assert not served.ask("campaign", "overdue", "--resume")["paused"]
