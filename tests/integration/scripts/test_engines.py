"""The engines speak: the one that comes along, and any program; when they cannot, they say why."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from customers.model import Language
from scripts.speech.command import CommandEngine, CommandError
from scripts.speech.espeak import EspeakEngine
from scripts.speech.model import SpeechError
from scripts.speech.wav import read_wav

_WRITES = """
import sys, wave
output, rate = sys.argv[1], int(sys.argv[2])
text = sys.argv[3] if sys.argv[3:] else sys.stdin.read()
with wave.open(output, "wb") as file:
    file.setnchannels(1); file.setsampwidth(2); file.setframerate(rate)
    file.writeframes(b"\\x00\\x20\\x00\\xe0" * 100 * len(text))
"""


@pytest.fixture
async def espeak() -> AsyncIterator[EspeakEngine]:
    engine = EspeakEngine(at_once=2)
    yield engine
    await engine.close()


def children() -> list[int]:
    """Return the processes that this one has started and that are alive."""
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    return [int(pid) for pid in found if "espeak_child" in command_of(int(pid))]


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize(
    ("text", "language"),
    [("您好,这里是安居物业。", Language.MANDARIN), ("Hello, this is Anju.", Language.ENGLISH)],
    ids=["Mandarin", "English"],
)
async def test_both_languages_are_spoken_out_of_the_box(
    espeak: EspeakEngine, tmp_path: Path, text: str, language: Language, rate: int
) -> None:
    await espeak.speak(text, language, rate=rate, into=tmp_path / "said.wav")

    sound = read_wav(tmp_path / "said.wav")
    assert sound.rate == rate
    assert 1.0 < sound.seconds < 4.0
    assert 0.05 < np.abs(sound.samples).max() < 1.0


async def test_a_text_that_makes_no_sound_is_an_error(espeak: EspeakEngine, tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match="no sound of 0 characters"):
        await espeak.speak("", Language.ENGLISH, rate=8000, into=tmp_path / "said.wav")


async def test_a_process_that_dies_is_replaced(espeak: EspeakEngine, tmp_path: Path) -> None:
    into = tmp_path / "said.wav"
    says = [espeak.speak("One.", Language.ENGLISH, rate=8000, into=into) for _ in range(2)]
    await asyncio.gather(*says)
    assert len(children()) == 2
    for pid in children():
        os.kill(pid, signal.SIGKILL)
    into.unlink()

    await espeak.speak("Two.", Language.ENGLISH, rate=8000, into=into)

    assert read_wav(into).seconds > 0.3


async def test_no_more_processes_than_allowed_speak_at_once(
    espeak: EspeakEngine, tmp_path: Path
) -> None:
    says = [
        espeak.speak(f"Number {n}.", Language.ENGLISH, rate=8000, into=tmp_path / f"{n}.wav")
        for n in range(8)
    ]
    await asyncio.gather(*says)

    assert len(children()) <= 2
    assert all(read_wav(tmp_path / f"{n}.wav").seconds > 0.3 for n in range(8))


async def test_a_sentence_nobody_waits_for_any_more_is_not_taken_for_the_next_one(
    espeak: EspeakEngine, tmp_path: Path
) -> None:
    long = asyncio.create_task(
        espeak.speak("One. " * 400, Language.ENGLISH, rate=8000, into=tmp_path / "long.wav")
    )
    await asyncio.sleep(0)
    long.cancel()
    await asyncio.gather(long, return_exceptions=True)

    await espeak.speak("Two.", Language.ENGLISH, rate=8000, into=tmp_path / "short.wav")

    assert read_wav(tmp_path / "short.wav").seconds < 2.0


async def test_nothing_is_left_when_the_engine_is_closed(tmp_path: Path) -> None:
    engine = EspeakEngine()
    await engine.speak("One.", Language.ENGLISH, rate=8000, into=tmp_path / "said.wav")
    assert children()

    await engine.close()

    assert not children()
    with pytest.raises(SpeechError, match="closed"):
        await engine.speak("Two.", Language.ENGLISH, rate=8000, into=tmp_path / "said.wav")


_SPEAKS_AND_HANGS = """
import asyncio, os, sys
from pathlib import Path
from customers.model import Language
from scripts.speech.espeak import EspeakEngine

async def main():
    engine = EspeakEngine()
    await engine.speak("One.", Language.ENGLISH, rate=8000, into=Path(sys.argv[1]))
    print(Path(f"/proc/self/task/{os.getpid()}/children").read_text(), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_nothing_is_left_when_the_program_is_killed(tmp_path: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", _SPEAKS_AND_HANGS, tmp_path / "said.wav"], stdout=subprocess.PIPE
    )
    with program:
        assert program.stdout is not None
        [child] = map(int, program.stdout.readline().split())
        waiting = os.pidfd_open(child)
        program.kill()
        gone = asyncio.run(_readable(waiting))

    assert gone, f"process {child} goes on alone"


async def _readable(descriptor: int) -> bool:
    """Wait until a process is over; its descriptor can be read then."""
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(descriptor, over.set)
    try:
        async with asyncio.timeout(5.0):
            await over.wait()
    except TimeoutError:
        return False
    finally:
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)
    return True


def program(tmp_path: Path, text: str = _WRITES) -> list[str]:
    file = tmp_path / "speak.py"
    file.write_text(text, encoding="utf-8")
    return [sys.executable, str(file)]


@pytest.mark.parametrize("arguments", [("{text}",), ()], ids=["as argument", "on stdin"])
async def test_any_program_may_speak(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    engine = CommandEngine([*program(tmp_path), "{output}", "{rate}", *arguments])
    into = tmp_path / "said.wav"

    await engine.speak("四个汉字", Language.MANDARIN, rate=16000, into=into)

    assert read_wav(into).seconds == pytest.approx(4 * 200 / 16000)


@pytest.mark.parametrize(
    "text", ["$(touch owned)", "`touch owned`", "; touch owned", "{output}", "-o x", "a\0b", "'\""]
)
async def test_a_sentence_is_never_more_than_a_sentence(tmp_path: Path, text: str) -> None:
    told = tmp_path / "told"
    says = f"import sys; open({str(told)!r}, 'w').write(repr(sys.argv[3:]))\n{_WRITES}"
    engine = CommandEngine([*program(tmp_path, says), "{output}", "{rate}", "{text}"])

    await engine.speak(text, Language.ENGLISH, rate=8000, into=tmp_path / "said.wav")

    shown = text.replace("\0", " ")
    assert told.read_text() == repr([f" {shown}" if shown.startswith("-") else shown])
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import sys; sys.exit('no voice today')", "ended with exit 1: no voice today"),
        ("import sys", "ended well, but .* cannot be read"),
        ("import sys; open(sys.argv[1], 'w').write('mp3')", "ended well, but .* not with RIFF"),
        (_WRITES.replace("setframerate(rate)", "setframerate(44100)"), "wrote 44100 .* not 8000"),
        ("import time; time.sleep(60)", "took longer than 1 s"),
    ],
    ids=["fails", "writes nothing", "writes no WAV", "writes another rate", "hangs"],
)
async def test_a_program_that_does_not_speak_is_named_with_its_reason(
    tmp_path: Path, text: str, why: str
) -> None:
    engine = CommandEngine([*program(tmp_path, text), "{output}", "{rate}"], within_s=1.0)

    with pytest.raises(SpeechError, match=f"speech.command: .*python.* {why}"):
        await engine.speak("Hello", Language.ENGLISH, rate=8000, into=tmp_path / "said.wav")


async def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    engine = CommandEngine(["/nowhere/speak", "{output}"])

    with pytest.raises(SpeechError, match="/nowhere/speak cannot be started: No such file"):
        await engine.speak("Hello", Language.ENGLISH, rate=8000, into=tmp_path / "said.wav")


@pytest.mark.parametrize("command", [[], ["speak"], ["speak", "{text}"]])
def test_a_command_without_an_output_is_refused(command: list[str]) -> None:
    with pytest.raises(CommandError, match=re.escape("one of which has {output}")):
        CommandEngine(command)
