"""`ownerline scripts speak` has a script spoken, and writes what a studio is to record."""

import csv
import json
from pathlib import Path

import pytest

from scripts.speech.wav import read_wav, wav_bytes
from tests.integration.cli.command import Installation


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(home=tmp_path_factory.mktemp("house"))


def test_all_that_a_script_may_say_is_made_and_told(house: Installation, tmp_path: Path) -> None:
    told = house.ask("scripts", "speak", "repair", "--language", "zh-CN", "--out", str(tmp_path))

    assert (told["script"], told["language"]) == ("repair", "zh-CN")
    assert len(told["sentences"]) > 20
    for each in told["sentences"]:
        assert read_wav(Path(each["file"])).seconds == pytest.approx(each["seconds"], abs=0.01)
        assert read_wav(Path(each["file"]).with_suffix(".wav16")).rate == 16000
    assert told["sentences"][0]["file"] == str(tmp_path / "repair-001.wav")


def test_what_a_studio_has_recorded_is_what_is_spoken(house: Installation) -> None:
    sheet = house.ask("scripts", "speak", "survey", "--sheet", "--language", "en")
    with Path(sheet["sheet"]).open(encoding="utf-8-sig", newline="") as file:
        rows = [*csv.DictReader(file)]
    assert sheet["to_record"] == len(rows)
    assert not any("{" in row["text"] for row in rows)
    spoken = house.ask("scripts", "speak", "survey", "--language", "en")
    said = {each["text"]: each for each in spoken["sentences"]}
    recorded = said[rows[0]["text"]]
    recording = Path(sheet["sheet"]).parent / rows[0]["file"]
    recording.write_bytes(wav_bytes(read_wav(Path(recorded["file"]))))

    done = house.run("scripts", "speak", "survey", "--language", "en")

    assert f"[{rows[0]['file']}]" in done.out
    again = house.ask("scripts", "speak", "survey", "--sheet", "--language", "en")
    assert (again["recorded"], again["to_record"]) == (1, len(rows) - 1)


def test_a_script_nobody_knows_is_refused_with_those_there_are(house: Installation) -> None:
    done = house.run("scripts", "speak", "lullaby")

    assert done.code == 1
    assert "no script 'lullaby'" in done.err
    assert "repair" in done.err


def test_an_engine_that_fails_is_named(house: Installation) -> None:
    done = house.run(
        "scripts",
        "speak",
        "repair",
        speech__engine="command",
        speech__command=json.dumps(["/bin/false", "{output}"]),
    )

    assert done.code == 1
    assert "/bin/false ended with exit 1" in done.err
    assert "Traceback" not in done.err


def test_a_sheet_is_not_copied_elsewhere(house: Installation, tmp_path: Path) -> None:
    assert house.run("scripts", "speak", "repair", "--sheet", "--out", str(tmp_path)).code == 2
