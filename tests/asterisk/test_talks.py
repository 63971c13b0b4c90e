"""Talks on real calls: what is pressed and said comes to the script, whenever and however."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from customers.model import Language
from dialer.bridges.port import CallAnswered, RecordingReady
from dialer.model import AnsweredBy, TelephonyResult
from scripts.model import AskKind, Reply, ReplyKind, Transfer, Turn
from tests.asterisk.kit.manager import Manager
from tests.asterisk.kit.pair import Pair
from tests.asterisk.kit.phones import Does, Phones
from tests.asterisk.kit.sounds import likeness, likeness_in_pieces, read_wav, speech
from tests.asterisk.talk_rig import BYE, PHONE, TalkRig, asks, talk_rig

KEYS = ReplyKind.KEYS
YES_NO = {"1": "yes", "2": "no"}
GLOBAL = {"*9": "no more calls", "*0": "an agent", "*": "again"}


@pytest.fixture
async def rig(pair: Pair, watcher: Manager) -> AsyncIterator[TalkRig]:
    async with talk_rig(pair) as rig:
        yield rig


def _key(value: str) -> Reply:
    return Reply(kind=KEYS, value=value)


async def _until_asked(rig: TalkRig, phones: Phones) -> None:
    await phones.until_up(PHONE)
    await rig.host.asked.wait()
    rig.host.asked.clear()
    await asyncio.sleep(0.2)  # into the first sentence


_PRESSED = {
    AskKind.KEY: {"1": "1", "#": "#"},
    AskKind.CHOICE: {"3": "3"},
    AskKind.DIGITS: {"0311": "0311", "12#": "12", "*9": "*9", "*#": "*"},
    AskKind.AMOUNT: {"80*50#": "80*50"},
    AskKind.DATE: {"0305#": "0305"},
}


@pytest.mark.parametrize("by_info", [False, True], ids=["RFC 4733", "SIP INFO"])
async def test_keys_come_to_the_script_as_they_are_pressed(
    rig: TalkRig, phones: Phones, by_info: bool
) -> None:
    if by_info:
        await phones.by_info(PHONE)
    rows = [(kind, *row) for kind, pressed in _PRESSED.items() for row in pressed.items()]
    room = {AskKind.DIGITS: 4, AskKind.AMOUNT: 12, AskKind.DATE: 8}
    host = await rig.start(
        *(
            asks(kind, max_digits=room.get(kind, 1), keys={**YES_NO, **GLOBAL}, timeout_s=3)
            for kind, _, _ in rows
        )
    )
    call = await rig.ring()
    for _, pressed, _ in rows:
        await _until_asked(rig, phones)
        await phones.press(PHONE, pressed)
    end = await rig.end_of(call)
    assert host.replies == [_key(keys) for _, _, keys in rows]
    assert (end.result, end.hangup_cause) == (TelephonyResult.ANSWERED, 16)


async def test_a_key_interrupts_what_is_said_and_is_the_first_of_the_answer(
    rig: TalkRig, phones: Phones
) -> None:
    rig.voices.seconds["A long story."] = 8.0
    host = await rig.start(asks(AskKind.DIGITS, "A long story.", "More.", max_digits=3))
    call = await rig.ring()
    await _until_asked(rig, phones)
    await phones.press(PHONE, "471")
    end = await rig.end_of(call)
    assert host.replies == [_key("471")]
    assert end.seconds < 4


async def test_no_key_is_lost_between_sentences_nor_while_the_script_thinks(
    rig: TalkRig, phones: Phones
) -> None:
    say = [f"Word {n}." for n in range(12)]
    rig.voices.seconds |= dict.fromkeys(say, 0.04)
    rig.host.think_s = 0.15
    question = asks(AskKind.KEY, *say, keys=YES_NO)
    host = await rig.start(*[question] * 9)
    call = await rig.ring()
    await _until_asked(rig, phones)
    await phones.press(PHONE, "123456712")
    await rig.end_of(call)
    assert "".join(reply.value for reply in host.replies) == "123456712"


async def test_what_may_not_be_interrupted_is_heard_out(rig: TalkRig, phones: Phones) -> None:
    rig.voices.seconds["The law."] = 1.5
    host = await rig.start(
        asks(AskKind.KEY, "The law.", barge_in=False, keys=YES_NO), asks(AskKind.KEY, keys=YES_NO)
    )
    call = await rig.ring()
    await _until_asked(rig, phones)
    await phones.press(PHONE, "1")
    await phones.hang_up(PHONE)
    await rig.end_of(call)
    assert [reply.kind for reply in host.replies] == [ReplyKind.HUNG_UP]


async def test_the_pound_key_after_a_full_entry_is_no_answer_to_the_next_question(
    rig: TalkRig, phones: Phones
) -> None:
    host = await rig.start(
        asks(AskKind.DIGITS, max_digits=2),
        asks(AskKind.KEY, "A second question.", keys=YES_NO, timeout_s=1.5),
    )
    call = await rig.ring()
    await _until_asked(rig, phones)
    await phones.press(PHONE, "12#")
    await phones.press(PHONE, "2")
    await rig.end_of(call)
    assert host.replies == [_key("12"), _key("2")]


async def test_who_presses_nothing_is_silent(rig: TalkRig, phones: Phones) -> None:
    await phones.behave(PHONE, Does.SILENT)
    host = await rig.start(asks(AskKind.KEY, keys=YES_NO, timeout_s=0.5))
    call = await rig.ring()
    await rig.end_of(call)
    assert host.replies == [Reply(kind=ReplyKind.SILENCE)]


async def test_who_hangs_up_is_the_last_the_script_hears(rig: TalkRig, phones: Phones) -> None:
    rig.voices.seconds["A long story."] = 8.0
    host = await rig.start(asks(AskKind.KEY, "A long story.", keys=YES_NO))
    call = await rig.ring()
    await _until_asked(rig, phones)
    await phones.hang_up(PHONE)
    end = await rig.end_of(call)
    assert host.replies == [Reply(kind=ReplyKind.HUNG_UP)]
    assert (end.result, end.hangup_cause) == (TelephonyResult.ANSWERED, 16)


async def test_a_free_answer_is_kept_as_it_was_said(rig: TalkRig, phones: Phones) -> None:
    said = speech(2.0, seed=99)
    sound = phones.sound("complaint", said)
    host = await rig.start(asks(AskKind.RECORD, timeout_s=2, keys={"9": "", "0": "", "*": ""}))
    call = await rig.ring()
    await _until_asked(rig, phones)
    await asyncio.sleep(0.7)  # the question and the tone
    await phones.say(PHONE, sound)
    await rig.end_of(call)
    (reply,) = host.replies
    assert (reply.kind, reply.value) == (ReplyKind.RECORDING, "recording-1")
    assert reply.seconds == pytest.approx(2.0, abs=1.0)
    (ready,) = [each for each in rig.ear.events if isinstance(each, RecordingReady)]
    assert (ready.name, ready.seconds) == ("recording-1", reply.seconds)
    name = ready.location.rpartition("/")[2]
    kept = read_wav(rig.pair.shared / "recordings" / f"{name}.wav")
    assert likeness(said, kept) > 0.9


@pytest.mark.parametrize(
    ("pressed", "reply"),
    [("9", _key("9")), ("#", Reply(kind=ReplyKind.SILENCE))],
    ids=["no more calls", "nothing to say"],
)
async def test_keys_end_a_recording(
    rig: TalkRig, phones: Phones, pressed: str, reply: Reply
) -> None:
    await phones.behave(PHONE, Does.SILENT)
    host = await rig.start(asks(AskKind.RECORD, timeout_s=5, keys={"9": "", "0": "", "*": ""}))
    call = await rig.ring()
    await _until_asked(rig, phones)
    await asyncio.sleep(0.9)
    await phones.press(PHONE, pressed)
    await rig.end_of(call)
    assert host.replies == [reply]
    assert not any(isinstance(each, RecordingReady) for each in rig.ear.events)


async def test_who_says_nothing_leaves_no_recording(rig: TalkRig, phones: Phones) -> None:
    await phones.behave(PHONE, Does.SILENT)
    before = set((rig.pair.shared / "recordings").glob("*"))
    host = await rig.start(asks(AskKind.RECORD, timeout_s=1))
    call = await rig.ring()
    await rig.end_of(call)
    assert host.replies == [Reply(kind=ReplyKind.SILENCE)]
    assert set((rig.pair.shared / "recordings").glob("*")) == before


async def test_the_prepared_greeting_is_spoken_while_the_script_opens(
    rig: TalkRig, phones: Phones
) -> None:
    rig.voices.seconds |= {"We are the service centre.": 1.0, "Who are you?": 0.7}
    question = asks(AskKind.KEY, "We are the service centre.", "Who are you?", keys=YES_NO)
    rig.host.first = question
    rig.host.may_open.clear()
    await phones.behave(PHONE, Does.SILENT)
    await phones.tape(PHONE)
    host = await rig.start(question)
    call = await rig.ring()
    await phones.until_up(PHONE)
    await asyncio.sleep(0.6)
    host.may_open.set()
    await _until_asked(rig, phones)
    await asyncio.sleep(1.2)
    await phones.press(PHONE, "1")
    await rig.end_of(call)
    heard = await phones.heard(PHONE)
    for sentence in question.say:
        assert likeness_in_pieces(rig.voices.samples(sentence), heard) > 0.9
    assert rig.voices.asked == [*question.say, *question.say, *BYE.say]  # made, and then said once
    assert host.replies == [_key("1")]


async def test_the_first_sentence_is_heard_while_others_are_still_being_made(
    rig: TalkRig, phones: Phones
) -> None:
    rig.voices.slow["Then."] = asyncio.Event()
    host = await rig.start(asks(AskKind.KEY, "First.", "Then.", keys=YES_NO))
    call = await rig.ring()
    await _until_asked(rig, phones)
    await phones.press(PHONE, "2")
    rig.voices.slow["Then."].set()
    await rig.end_of(call)
    assert rig.voices.asked[:2] == ["First.", "Then."]
    assert host.replies == [_key("2")]


@pytest.mark.parametrize(
    ("does", "met", "result"),
    [
        (Does.ANSWERS, AnsweredBy.HUMAN, TelephonyResult.ANSWERED),
        (Does.MACHINE, AnsweredBy.MACHINE, TelephonyResult.MACHINE),
        (Does.SILENT, AnsweredBy.UNSURE, TelephonyResult.ANSWERED),
    ],
)
async def test_machines_persons_and_silence_each_have_their_way(
    rig: TalkRig, phones: Phones, does: Does, met: AnsweredBy, result: TelephonyResult
) -> None:
    await phones.behave(PHONE, does)
    host = await rig.start(BYE)
    call = await rig.ring(detect_machine=True)
    end = await rig.end_of(call)
    assert host.opened == {call.attempt_id: met}
    assert end.result is result
    (answered,) = [each for each in rig.ear.events if isinstance(each, CallAnswered)]
    assert answered.answered_by is met


async def test_without_an_agent_in_time_the_call_is_abandoned_and_says_so(
    rig: TalkRig, phones: Phones
) -> None:
    await phones.tape(PHONE)
    host = await rig.start()
    call = await rig.ring(room="agent-7", room_within_s=0.3)
    end = await rig.end_of(call)
    assert end.result is TelephonyResult.ABANDONED
    assert host.opened == {}
    heard = await phones.heard(PHONE)
    assert likeness_in_pieces(rig.voices.samples("Nobody is free."), heard) > 0.9


async def test_an_agent_who_comes_in_time_has_the_owner(
    rig: TalkRig, phones: Phones, watcher: Manager
) -> None:
    await rig.start()
    call = await rig.ring(room="agent-7", room_within_s=5.0)
    await phones.until_up(PHONE)
    rig.seating.seat("agent-7", rig.server.place)
    joined = await _until_in_room(rig, watcher)
    await phones.hang_up(PHONE)
    end = await rig.end_of(call)
    assert joined == ("agent-7", str(call.attempt_id))
    assert end.result is TelephonyResult.ANSWERED


async def _until_in_room(rig: TalkRig, watcher: Manager) -> tuple[str, str]:
    joined: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()
    watcher.listen(
        lambda event: (
            joined.set_result((event["Conference"], event["Uniqueid"]))
            if event["Event"] == "ConfbridgeJoin" and not joined.done()
            else None
        )
    )
    async with asyncio.timeout(5):
        return await joined


async def test_a_transfer_goes_to_the_room_that_was_reserved(
    rig: TalkRig, phones: Phones, watcher: Manager
) -> None:
    rig.host.room = "agent-3"
    transfer = Turn(
        step="transfer",
        language=Language.ENGLISH,
        say=("One moment.",),
        transfer=Transfer(queue="service"),
        barge_in=False,
    )
    await rig.start(transfer)
    await rig.ring()
    assert (await _until_in_room(rig, watcher))[0] == "agent-3"


async def test_a_stranger_is_refused_before_anything_happens(rig: TalkRig) -> None:
    await rig.start()
    host, port = rig.talks.address.rsplit(":", 1)
    for hello in (
        b"agi_network: yes\nagi_arg_1: %s\nagi_arg_2: 99999999999.%s\n\n" % (b"x" * 36, b"0" * 64),
        b"GET / HTTP/1.1\r\n\r\n",
        b"agi_uniqueid: " + b"x" * 20_000,
    ):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(hello)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
    assert rig.host.opened == {}


async def test_a_crowd_of_silent_strangers_shuts_nobody_out(rig: TalkRig, phones: Phones) -> None:
    await rig.start(asks(AskKind.KEY, "Hello.", keys=YES_NO))
    host, port = rig.talks.address.rsplit(":", 1)
    crowd = [await asyncio.open_connection(host, int(port)) for _ in range(300)]
    await rig.ring()
    async with asyncio.timeout(10):
        await _until_asked(rig, phones)
    for _, writer in crowd:
        writer.close()


async def test_a_dialer_that_goes_leaves_an_apology_and_no_open_line(
    rig: TalkRig, phones: Phones
) -> None:
    rig.voices.seconds["A long story."] = 8.0
    await phones.tape(PHONE)
    await rig.start(asks(AskKind.KEY, "A long story.", keys=YES_NO))
    cut = await rig.ring()
    await _until_asked(rig, phones)
    await rig.bridge.close()
    assert rig.ear.end(cut.attempt_id).result is TelephonyResult.ANSWERED  # its end was awaited
    heard = await phones.heard(PHONE)
    assert likeness_in_pieces(read_wav(rig.pair.shared / "sorry.wav"), heard) > 0.9
