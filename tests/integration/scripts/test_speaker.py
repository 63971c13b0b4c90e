"""A sentence is spoken once: kept by its content, shared by all who ask, a studio's voice first."""

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import structlog

from core.settings_model import Settings
from customers.model import Language
from scripts.speech.model import SpeechError
from scripts.speech.shelf import Shelf
from scripts.speech.speaker import KeptSpeaker, UnknownEngineError, make_speaker
from scripts.speech.studio import SheetError, Studio, read_sheet
from scripts.speech.wav import Sound, read_wav, wav_bytes

THANKS = "谢谢您,再见。"


class Hummer:
    """An engine that hums, and counts how often; it can be made to wait, or to fail."""

    def __init__(self, key: str = "hums") -> None:
        self.key = key
        self.said: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails = False

    async def speak(self, text: str, language: Language, *, rate: int, into: Path) -> None:
        self.said.append(text)
        await self.gate.wait()
        if self.fails:
            message = "no voice today"
            raise SpeechError(message)
        await asyncio.to_thread(into.write_bytes, wav_bytes(hum(440, rate=rate)))

    async def close(self) -> None:
        self.gate.set()


def hum(hertz: float, *, rate: int, seconds: float = 0.5, channels: int = 1) -> Sound:
    at = np.arange(int(rate * seconds) * channels) / rate
    return Sound(samples=(0.3 * np.sin(2 * np.pi * hertz * at)).astype(np.float32), rate=rate)


def pitch(file: Path) -> float:
    sound = read_wav(file)
    return float(np.argmax(np.abs(np.fft.rfft(sound.samples)))) / sound.seconds


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "studio" / "zh-CN").mkdir(parents=True)
    return tmp_path


def speaker_in(home: Path, engine: Hummer) -> KeptSpeaker:
    return KeptSpeaker(engine, folder=home / "speech", studio=Studio(home / "studio"))


def in_studio(home: Path, rows: str, sheet: str = "sheet.csv") -> Path:
    folder = home / "studio" / "zh-CN"
    (folder / sheet).write_text(rows, encoding="utf-8-sig")
    return folder


async def test_a_sentence_is_there_at_both_rates_of_a_line(home: Path) -> None:
    spoken = await speaker_in(home, Hummer()).spoken(THANKS, Language.MANDARIN)

    files = {rate: Shelf(folder=home / "speech").file(spoken.stem, rate) for rate in (8000, 16000)}
    assert {rate: read_wav(file).rate for rate, file in files.items()} == {8000: 8000, 16000: 16000}
    assert [file.suffix for file in files.values()] == [".wav", ".wav16"]
    assert spoken.seconds == pytest.approx(0.5)
    assert spoken.stem.split("/")[0] == spoken.stem.split("/")[1][:2]


async def test_who_asks_at_once_gets_what_is_being_made_and_later_what_is_kept(home: Path) -> None:
    engine = Hummer()
    engine.gate.clear()
    speaker = speaker_in(home, engine)
    asked = [asyncio.create_task(speaker.spoken(THANKS, Language.MANDARIN)) for _ in range(20)]
    while not engine.said:  # noqa: ASYNC110 - the engine is asked after files were looked at
        await asyncio.sleep(0.01)
    asked[0].cancel()
    engine.gate.set()
    made = await asyncio.gather(*asked[1:])

    later = await speaker.spoken(f"  {THANKS}\n", Language.MANDARIN)
    another_process = await speaker_in(home, engine).spoken(THANKS, Language.MANDARIN)

    assert {each.stem for each in [*made, later, another_process]} == {later.stem}
    assert engine.said == [THANKS]


async def test_another_engine_language_or_sentence_is_other_audio(home: Path) -> None:
    engine, other = Hummer(), Hummer("sings")
    stems = [
        await speaker_in(home, engine).spoken(THANKS, Language.MANDARIN),
        await speaker_in(home, engine).spoken(THANKS, Language.ENGLISH),
        await speaker_in(home, engine).spoken("谢谢您,再会。", Language.MANDARIN),
        await speaker_in(home, other).spoken(THANKS, Language.MANDARIN),
    ]

    assert len({each.stem for each in stems}) == 4


async def test_what_failed_is_tried_again_when_it_is_asked_for_again(home: Path) -> None:
    engine = Hummer()
    engine.fails = True
    speaker = speaker_in(home, engine)
    with pytest.raises(SpeechError, match="no voice today"):
        await speaker.spoken(THANKS, Language.MANDARIN)
    engine.fails = False

    assert (await speaker.spoken(THANKS, Language.MANDARIN)).seconds > 0
    assert not [*(home / "speech").glob("??/.*")]


async def test_an_empty_sentence_is_refused(home: Path) -> None:
    with pytest.raises(SpeechError, match="an empty sentence"):
        await speaker_in(home, Hummer()).spoken(" \n", Language.MANDARIN)


_SPEAKS = """
import asyncio, sys
from pathlib import Path
from core.settings_model import Settings
from customers.model import Language
from scripts.speech.speaker import make_speaker

async def main():
    home = Path(sys.argv[1])
    count = home / "count"
    command = ("/bin/sh", "-c", "echo >> $0; sleep 0.2; cp $1 $2", str(count),
               str(home / "hum.wav"), "{output}")
    speaker = make_speaker(Settings(speech={"engine": "command", "command": command}), home)
    print((await speaker.spoken("Hello", Language.ENGLISH)).stem)
    await speaker.close()

asyncio.run(main())
"""


def test_processes_that_ask_at_once_have_it_made_once(home: Path) -> None:
    (home / "hum.wav").write_bytes(wav_bytes(hum(440, rate=16000)))
    programs = [
        subprocess.Popen([sys.executable, "-c", _SPEAKS, home], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    stems = {program.communicate(timeout=60)[0] for program in programs}

    assert len(stems) == 1
    assert "/" in stems.pop()
    assert (home / "count").read_text() == "\n"


async def test_only_this_user_may_look_into_the_folder_of_what_was_spoken(home: Path) -> None:
    speaker = make_speaker(Settings(), home)
    await speaker.close()

    assert (home / "speech").stat().st_mode & 0o777 == 0o700


def test_an_engine_nobody_knows_is_refused(home: Path) -> None:
    with pytest.raises(UnknownEngineError, match="'festival'; it is espeak-ng or command"):
        make_speaker(Settings(speech={"engine": "festival"}), home)


def test_audio_goes_when_nobody_has_heard_it_for_long(tmp_path: Path) -> None:
    shelf = Shelf(folder=tmp_path)
    for stem in ("ab/old", "cd/heard", "ef/new"):
        shelf.put(stem, {8000: b"." * 16044, 16000: b"." * 32044})
    now = datetime.now(UTC)  # noqa: TID251 - files have the machine's time
    old_s = (now - timedelta(days=40)).timestamp()
    for file in (*tmp_path.glob("ab/*"), *tmp_path.glob("cd/*")):
        os.utime(file, (old_s, old_s))
    (tmp_path / "ab" / ".old.1234.draft").touch()
    os.utime(tmp_path / "ab" / ".old.1234.draft", (old_s, old_s))

    assert shelf.seconds_of("cd/heard") == 1.0
    gone = shelf.take_away(unused_since=now - timedelta(days=30))

    assert gone == 3
    assert [stem for stem in ("ab/old", "cd/heard", "ef/new") if shelf.seconds_of(stem)] == [
        "cd/heard",
        "ef/new",
    ]


# A studio's recordings.


async def test_a_studio_recording_wins_whatever_its_rate_and_channels(home: Path) -> None:
    folder = in_studio(home, f'text,file\n"{THANKS}",thanks.wav\n')
    (folder / "thanks.wav").write_bytes(wav_bytes(hum(880, rate=44100)))
    engine = Hummer()

    spoken = await speaker_in(home, engine).spoken(f" {THANKS} ", Language.MANDARIN)

    assert spoken.studio == "thanks.wav"
    assert engine.said == []
    shelf = Shelf(folder=home / "speech")
    assert pitch(shelf.file(spoken.stem, 8000)) == pytest.approx(880, abs=4)
    assert read_wav(shelf.file(spoken.stem, 16000)).rate == 16000


async def test_the_engine_speaks_what_is_on_the_sheet_and_not_recorded_yet(home: Path) -> None:
    in_studio(home, f'text,file\n"{THANKS}",thanks.wav\n')

    assert (await speaker_in(home, Hummer()).spoken(THANKS, Language.MANDARIN)).studio == ""


@pytest.mark.parametrize("broken", [b"", b"ID3 an mp3", wav_bytes(hum(0, rate=8000))])
async def test_a_broken_recording_is_named_and_the_engine_speaks(home: Path, broken: bytes) -> None:
    folder = in_studio(home, f'text,file\n"{THANKS}",thanks.wav\n')
    (folder / "thanks.wav").write_bytes(broken)
    engine = Hummer()

    with structlog.testing.capture_logs() as told:
        spoken = await speaker_in(home, engine).spoken(THANKS, Language.MANDARIN)

    assert [each["file"] for each in told] == ["thanks.wav"]
    assert (spoken.studio, engine.said) == ("", [THANKS])
    [problem] = Studio(home / "studio").problems()
    assert "thanks.wav" in problem


async def test_a_new_recording_replaces_the_old_one(home: Path) -> None:
    folder = in_studio(home, f'text,file\n"{THANKS}",thanks.wav\n')
    (folder / "thanks.wav").write_bytes(wav_bytes(hum(880, rate=8000)))
    before = await speaker_in(home, Hummer()).spoken(THANKS, Language.MANDARIN)
    (folder / "thanks.wav").write_bytes(wav_bytes(hum(660, rate=8000, seconds=0.7)))

    after = await speaker_in(home, Hummer()).spoken(THANKS, Language.MANDARIN)

    assert before.stem != after.stem
    assert after.seconds == pytest.approx(0.7, abs=0.01)


def test_a_sheet_keeps_its_rows_and_leaves_out_what_others_have(home: Path) -> None:
    studio = Studio(home / "studio")
    opening = studio.write_sheet("opening", ["您好。", "再见。"], Language.MANDARIN)
    repair = studio.write_sheet("repair", ["您好。", "谢谢。"], Language.MANDARIN)
    again = studio.write_sheet("repair", ["抱歉。", "谢谢。"], Language.MANDARIN)

    assert dict(read_sheet(opening)) == {"您好。": "opening-001.wav", "再见。": "opening-002.wav"}
    assert repair == again
    assert dict(read_sheet(again)) == {"谢谢。": "repair-001.wav", "抱歉。": "repair-002.wav"}


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("sentence,name\n你好,a.wav\n", "a recording sheet has text,file"),
        ("text,file\n谢谢您,再见。,a.wav\n", "line 2 .* a comma stands in quotes"),
        ("text,file\n你好,../../etc/passwd\n", "line 2: .* is no file beside the sheet"),
        ("text,file\n你好,/etc/passwd\n", "line 2: .* is no file beside the sheet"),
    ],
)
def test_a_sheet_that_cannot_be_is_refused_with_its_row(home: Path, rows: str, why: str) -> None:
    folder = in_studio(home, rows)

    with pytest.raises(SheetError, match=why):
        [*read_sheet(folder / "sheet.csv")]


def test_a_sheet_saved_by_a_chinese_spreadsheet_is_read(home: Path) -> None:
    sheet = home / "studio" / "zh-CN" / "sheet.csv"
    sheet.write_bytes("text,file\r\n谢谢。,a.wav\r\n".encode("gb18030"))

    assert [*read_sheet(sheet)] == [("谢谢。", "a.wav")]
