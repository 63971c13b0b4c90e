"""A FastAGI session: what its commands come to when lines break, keys come and files lack."""

import asyncio

import pytest

from dialer.bridges.asterisk.agi.session import (
    AudioMissingError,
    CallGoneError,
    CommandRefusedError,
)
from dialer.bridges.asterisk.agi.wire import AgiSpeechError
from dialer.bridges.asterisk.values import UnsafeValueError
from tests.unit.dialer.bridges.asterisk.scripted_asterisk import ScriptedAsterisk

SPEAK, WAIT, RECORD = "STREAM FILE", "WAIT FOR DIGIT", "RECORD FILE"
USAGE = """520-Invalid command syntax.  Proper usage follows:
Send the given file, allowing playback to be interrupted by the given digits.
520 End of proper usage."""


async def test_a_key_that_interrupts_speech_is_kept() -> None:
    line = ScriptedAsterisk(script={SPEAK: ["200 result=49 endpos=13760"]})
    await line.session.speak("/shared/speech/ab", barge_in=True)
    assert line.keys.take() == "1"
    assert line.commands == [(SPEAK, "/shared/speech/ab", "0123456789*#")]


async def test_while_a_key_waits_nothing_more_is_said() -> None:
    line = ScriptedAsterisk()
    line.keys.told_by_manager("9")
    await line.session.speak("/shared/a", barge_in=True)
    await line.session.wait_key(5.0)
    assert line.commands == []


async def test_a_key_that_only_the_manager_tells_stops_speech() -> None:
    line = ScriptedAsterisk(script={SPEAK: [None]})
    line.on_command = lambda verb: line.keys.told_by_manager("9") if verb == SPEAK else None
    await line.session.speak("/shared/a", barge_in=True)
    assert line.verbs() == [SPEAK, "GET FULL VARIABLE"]
    assert line.keys.take() == "9"
    await line.session.set_variable("OWNERLINE_NEXT", "bye")  # and the session goes on


async def test_speech_that_ends_as_it_is_being_stopped_leaves_no_response_behind() -> None:
    line = ScriptedAsterisk(script={SPEAK: [None], WAIT: ["200 result=53"]})

    def hear(verb: str) -> None:
        if verb == SPEAK:
            line.keys.told_by_manager("9")
            # Asterisk's own word is on its way as the other command goes out.
            line.script["GET FULL VARIABLE"] = ["200 result=57 endpos=80\n200 result=1 (unique)"]

    line.on_command = hear
    await line.session.speak("/shared/a", barge_in=True)
    assert line.keys.take() == "9"
    assert line.keys.take() is None
    await line.session.wait_key(1.0)
    assert line.keys.take() == "5"


async def test_what_may_not_be_interrupted_is_not_and_its_keys_are_kept() -> None:
    line = ScriptedAsterisk()
    line.on_command = lambda verb: line.keys.told_by_manager("1") if verb == SPEAK else None
    await line.session.speak("/shared/a", barge_in=False)
    assert line.commands == [(SPEAK, "/shared/a", "")]
    assert line.keys.take() == "1"


@pytest.mark.parametrize(
    ("answer", "recorded"),
    [
        ("200 result=16926 (timeout) endpos=8160", (1.02, None, True, False)),
        ("200 result=0 (timeout) endpos=80000", (10.0, None, False, False)),
        ("200 result=57 (dtmf) endpos=16000", (2.0, "9", False, False)),
        ("200 result=-1 (hangup) endpos=16000", (2.0, None, False, True)),
    ],
    ids=["silence", "the longest time", "a key", "hung up"],
)
async def test_a_recording_ends_in_four_ways(
    answer: str, recorded: tuple[float, str | None, bool, bool]
) -> None:
    line = ScriptedAsterisk(script={RECORD: [answer]})
    taken = await line.session.record("/shared/a", end_keys="#09", max_seconds=10, silence_s=3)
    assert (taken.seconds, taken.key, taken.fell_silent, taken.gone) == recorded
    assert line.commands == [(RECORD, "/shared/a", "wav", "#09", "10000", "s=3")]


async def test_a_file_that_lacks_is_told_from_a_line_that_is_gone() -> None:
    line = ScriptedAsterisk(script={SPEAK: ["200 result=-1 endpos=0"]})
    with pytest.raises(AudioMissingError):
        await line.session.speak("/shared/a", barge_in=True)
    line = ScriptedAsterisk(script={SPEAK: ["200 result=-1 endpos=0\nHANGUP"]})
    with pytest.raises(CallGoneError):
        await line.session.speak("/shared/a", barge_in=True)
    line = ScriptedAsterisk(script={RECORD: ["200 result=-1 (writefile)"]})
    with pytest.raises(AudioMissingError):
        await line.session.record("/shared/a", end_keys="#", max_seconds=10, silence_s=3)


async def test_a_line_that_went_says_so_at_the_next_command() -> None:
    line = ScriptedAsterisk(script={SPEAK: ["HANGUP\n511 Command Not Permitted on a dead channel"]})
    with pytest.raises(CallGoneError):
        await line.session.speak("/shared/a", barge_in=True)
    await line.session.set_variable("OWNERLINE_NEXT", "bye")  # Asterisk takes that still


async def test_asterisk_that_dies_is_a_call_that_is_gone() -> None:
    line = ScriptedAsterisk(script={SPEAK: [None]})
    line.on_command = lambda _: line.hang_up()
    with pytest.raises(CallGoneError):
        await line.session.speak("/shared/a", barge_in=True)


@pytest.mark.parametrize("answer", ["510 Invalid or unknown command", USAGE])
async def test_a_command_that_asterisk_refuses_is_an_error_of_its_own(answer: str) -> None:
    line = ScriptedAsterisk(script={SPEAK: [answer]})
    with pytest.raises(CommandRefusedError):
        await line.session.speak("/shared/a", barge_in=True)
    await line.session.speak("/shared/a", barge_in=True)


async def test_what_is_no_response_ends_the_session() -> None:
    line = ScriptedAsterisk(script={SPEAK: ["200 OK"]})
    with pytest.raises(AgiSpeechError):
        await line.session.speak("/shared/a", barge_in=True)


@pytest.mark.parametrize(
    "hostile", ['/shared/a" "9"', "/shared/a\nHANGUP", "/shared/${SHELL(id)}", "/a,b", ""]
)
async def test_no_value_says_more_than_it_means(hostile: str) -> None:
    line = ScriptedAsterisk()
    with pytest.raises(UnsafeValueError):
        await line.session.speak(hostile, barge_in=True)
    with pytest.raises(UnsafeValueError):
        await line.session.set_variable("OWNERLINE_ROOM", f"room\r\n{hostile}")
    assert line.commands == []


async def test_a_key_waited_for_may_be_told_by_either() -> None:
    line = ScriptedAsterisk(script={WAIT: ["200 result=53", None]})
    await line.session.wait_key(1.0)
    assert line.keys.take() == "5"
    waiting = asyncio.create_task(line.session.wait_key(60.0))
    await asyncio.sleep(0)
    line.keys.told_by_manager("5")  # the same press: Asterisk tells of it twice
    assert len(line.keys) == 0
    line.keys.told_by_manager("7")
    await waiting
    assert line.keys.take() == "7"


async def test_a_wait_that_a_key_of_the_manager_has_stopped_is_no_key_itself() -> None:
    line = ScriptedAsterisk(script={WAIT: [None], "GET FULL VARIABLE": [None]})

    def hear(verb: str) -> None:
        if verb == WAIT:
            line.keys.told_by_manager("0")
        else:  # as Asterisk 22.10.1: the wait answers 1, and the new command for itself
            line.say("200 result=1")
            line.say("200 result=1 (unique)")

    line.on_command = hear
    await line.session.wait_key(60.0)
    assert line.keys.take() == "0"
    assert line.keys.take() is None
