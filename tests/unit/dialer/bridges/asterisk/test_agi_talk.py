"""A talk over a session: turns in, commands out, replies as the scripts read them."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest

from core.clock import VirtualClock
from core.ids import IdSource
from customers.model import Language
from dialer.bridges.asterisk.agi.answers import Answers, Place
from dialer.bridges.asterisk.agi.session import CallGoneError
from dialer.bridges.asterisk.agi.talk import Prepared, Stage, Talk
from scripts.model import Ask, AskKind, Reply, ReplyKind, Transfer, Turn
from tests.unit.dialer.bridges.asterisk.scripted_asterisk import ScriptedAsterisk
from tests.unit.dialer.bridges.asterisk.test_agi_signing import START

SPEAK, WAIT, RECORD = "STREAM FILE", "WAIT FOR DIGIT", "RECORD FILE"
BYE = Turn(step="bye", language=Language.ENGLISH, say=("Goodbye.",), hang_up=True)
SILENCE = Reply(kind=ReplyKind.SILENCE)
GONE = Reply(kind=ReplyKind.HUNG_UP)


def asks(kind: AskKind, *say: str, barge_in: bool = True, **asked: object) -> Turn:
    ask = Ask(kind=kind, **asked)  # type: ignore[arg-type]
    say = say or ("Well?",)
    return Turn(step="asks", language=Language.ENGLISH, say=say, ask=ask, barge_in=barge_in)


@dataclass
class Turns:
    """A source that gives its turns one after another."""

    turns: list[Turn]
    rooms: list[str | Turn | None] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    answers: list[tuple[str, str, float]] = field(default_factory=list)

    async def open(self) -> Turn:
        return self.turns.pop(0)

    async def reply(self, reply: Reply) -> Turn:
        self.replies.append(reply)
        return self.turns.pop(0) if self.turns else BYE

    async def put_through(self, queue: str) -> str | Turn | None:
        return self.rooms.pop(0)

    async def recorded(self, name: str, location: str, seconds: float) -> None:
        self.answers.append((name, location, seconds))


class Heard(Answers):
    """Answers without files: what was said is given."""

    def __init__(self, *, speech: bool) -> None:
        super().__init__(folder=Path("/shared"), ids=IdSource(VirtualClock(START), Random(1)))
        self.speech = speech
        self.discarded = 0

    async def has_speech(self, place: Place) -> bool:
        return self.speech

    async def discard(self, place: Place) -> None:
        self.discarded += 1


class Spoken:
    """Audio whose file has the sentence's name."""

    async def stem(self, sentence: str, language: Language, *, shared: str) -> str:
        return f"{shared}/{sentence.split(maxsplit=1)[0].strip('.?')}"


@dataclass
class Scene:
    """A talk with its line and its source."""

    line: ScriptedAsterisk
    turns: Turns
    answers: Heard
    followed: list[bool] = field(default_factory=list)

    def talk(self) -> Talk:
        async def follow(recorded: bool) -> None:
            self.followed.append(recorded)

        stage = Stage(
            session=self.line.session,
            source=self.turns,
            audio=Spoken(),
            answers=self.answers,
            shared="/shared",
            follow=follow,
        )
        return Talk(stage)

    def spoken(self) -> list[str]:
        return [each[1] for each in self.line.commands if each[0] == SPEAK]


def scene(*turns: Turn, speech: bool = True, **script: list[str | None]) -> Scene:
    named = {verb.replace("_", " "): answers for verb, answers in script.items()}
    line = ScriptedAsterisk(script=named)
    return Scene(line=line, turns=Turns([*turns]), answers=Heard(speech=speech))


async def test_turns_are_spoken_in_order_until_one_hangs_up() -> None:
    it = scene(asks(AskKind.KEY, "One.", "Two.", timeout_s=0.01), WAIT_FOR_DIGIT=["200 result=50"])
    assert await it.talk().run() is None
    assert it.spoken() == ["/shared/One", "/shared/Two", "/shared/Goodbye"]
    assert it.turns.replies == [Reply(kind=ReplyKind.KEYS, value="2")]


async def test_each_turn_says_whether_it_may_be_recorded_before_it_is_spoken() -> None:
    it = scene(replace(asks(AskKind.KEY, timeout_s=0.01), recorded=True))
    await it.talk().run()
    assert it.followed == [True, False]


async def test_keys_pressed_during_speech_are_the_first_of_the_answer() -> None:
    it = scene(
        asks(AskKind.DIGITS, "One.", "Two.", max_digits=3),
        STREAM_FILE=["200 result=52 endpos=100"],
        WAIT_FOR_DIGIT=["200 result=55", "200 result=49"],
    )
    await it.talk().run()
    assert it.spoken() == ["/shared/One", "/shared/Goodbye"]
    assert it.turns.replies == [Reply(kind=ReplyKind.KEYS, value="471")]


async def test_what_was_pressed_when_time_is_up_is_the_answer() -> None:
    it = scene(
        asks(AskKind.DATE, max_digits=8, timeout_s=0.02),
        WAIT_FOR_DIGIT=["200 result=48", "200 result=51"],
    )
    await it.talk().run()
    assert it.turns.replies == [Reply(kind=ReplyKind.KEYS, value="03")]


async def test_the_pound_key_alone_is_keys_without_any() -> None:
    it = scene(asks(AskKind.DIGITS, max_digits=4), WAIT_FOR_DIGIT=["200 result=35"])
    await it.talk().run()
    assert it.turns.replies == [Reply(kind=ReplyKind.KEYS, value="")]


async def test_the_pound_key_after_a_full_entry_does_not_cut_the_next_question_short() -> None:
    it = scene(
        asks(AskKind.DIGITS, max_digits=1),
        asks(AskKind.KEY, "Next."),
        WAIT_FOR_DIGIT=["200 result=49", "200 result=50"],
        STREAM_FILE=["200 result=0 endpos=1", "200 result=35 endpos=1"],
    )
    await it.talk().run()
    assert it.spoken() == ["/shared/Well", "/shared/Next", "/shared/Next", "/shared/Goodbye"]
    assert [reply.value for reply in it.turns.replies] == ["1", "2"]


async def test_who_hangs_up_in_a_question_is_told_of() -> None:
    it = scene(asks(AskKind.KEY), STREAM_FILE=["200 result=-1 endpos=0\nHANGUP"])
    with pytest.raises(CallGoneError):
        await it.talk().run()
    assert it.turns.replies == [GONE]


async def test_who_hangs_up_at_the_end_changes_nothing() -> None:
    it = scene(BYE, STREAM_FILE=["200 result=-1 endpos=0\nHANGUP"])
    with pytest.raises(CallGoneError):
        await it.talk().run()
    assert it.turns.replies == []


@pytest.mark.parametrize(
    ("room", "ends"), [("agent-3", "agent-3"), (None, None), (BYE, None)], ids=str
)
async def test_a_transfer_ends_in_a_room_or_in_what_is_said_instead(
    room: str | Turn | None, ends: str | None
) -> None:
    turn = replace(BYE, say=("Wait.",), hang_up=False, transfer=Transfer(queue="service"))
    it = scene(turn)
    it.turns.rooms = [room]
    assert await it.talk().run() == ends
    assert it.spoken() == ["/shared/Wait", *(["/shared/Goodbye"] if room is BYE else [])]
    assert it.turns.replies == []


# Free answers.


async def test_a_free_answer_is_on_file_before_the_script_hears_of_it() -> None:
    it = scene(
        asks(AskKind.RECORD, timeout_s=3.2, max_seconds=60),
        RECORD_FILE=["200 result=0 (timeout) endpos=32000"],
    )
    await it.talk().run()
    (reply,) = it.turns.replies
    assert reply == Reply(kind=ReplyKind.RECORDING, value="recording-1", seconds=3.0)
    ((name, location, seconds),) = it.turns.answers
    assert (name, seconds) == ("recording-1", 3.0)
    (record,) = [each for each in it.line.commands if each[0] == RECORD]
    assert record[1].endswith(location.rpartition("/")[2])
    assert record[2:] == ("wav", "#", "60000", "s=4")
    assert "/shared/beep" in it.spoken()


@pytest.mark.parametrize(
    ("answer", "speech", "reply"),
    [
        ("200 result=16926 (timeout) endpos=8000", True, SILENCE),
        ("200 result=35 (dtmf) endpos=0", True, SILENCE),
        ("200 result=35 (dtmf) endpos=80000", False, SILENCE),
        ("200 result=57 (dtmf) endpos=80000", True, Reply(kind=ReplyKind.KEYS, value="9")),
    ],
    ids=["silence", "pound at once", "pound after silence", "no more calls"],
)
async def test_what_is_no_free_answer_leaves_no_file(
    answer: str, speech: bool, reply: Reply
) -> None:
    keys = {"9": "", "0": "", "*": ""}
    it = scene(asks(AskKind.RECORD, keys=keys), speech=speech, RECORD_FILE=[answer])
    await it.talk().run()
    assert it.turns.replies == [reply]
    assert (it.turns.answers, it.answers.discarded) == ([], 1)


async def test_who_hangs_up_after_speaking_has_answered() -> None:
    it = scene(
        asks(AskKind.RECORD),
        asks(AskKind.KEY),
        RECORD_FILE=["200 result=-1 (hangup) endpos=40000\nHANGUP"],
        STREAM_FILE=["200 result=0 endpos=1", "200 result=0 endpos=1", "511 dead"],
    )
    with pytest.raises(CallGoneError):
        await it.talk().run()
    assert [reply.kind for reply in it.turns.replies] == [ReplyKind.RECORDING, ReplyKind.HUNG_UP]


async def test_a_key_pressed_in_the_question_answers_before_anything_is_recorded() -> None:
    it = scene(asks(AskKind.RECORD, keys={"0": ""}), STREAM_FILE=["200 result=48 endpos=1"])
    await it.talk().run()
    assert it.turns.replies == [Reply(kind=ReplyKind.KEYS, value="0")]
    assert RECORD not in it.line.verbs()


# The first word.

GREETING = Prepared(sentence="Hello.", language=Language.ENGLISH, barge_in=True)


@pytest.mark.parametrize(
    ("say", "spoken"),
    [
        (("Hello.", "Who?"), ["Hello", "Who"]),
        (("Sorry.", "Bye."), ["Hello", "Sorry", "Bye"]),
        (("Hello.",), ["Hello"]),
    ],
    ids=["as prepared", "otherwise", "nothing more"],
)
async def test_a_prepared_greeting_is_said_once(say: tuple[str, ...], spoken: list[str]) -> None:
    it = scene(asks(AskKind.KEY, *say, timeout_s=0.01))
    await it.talk().run(GREETING)
    assert it.spoken() == [f"/shared/{each}" for each in [*spoken, "Goodbye"]]
    assert it.turns.replies == [SILENCE]


async def test_a_key_pressed_in_the_prepared_greeting_answers_the_first_question() -> None:
    it = scene(asks(AskKind.KEY, "Hello.", "Who?"), STREAM_FILE=["200 result=49 endpos=1"])
    await it.talk().run(GREETING)
    assert it.spoken() == ["/shared/Hello", "/shared/Goodbye"]
    assert it.turns.replies == [Reply(kind=ReplyKind.KEYS, value="1")]


async def test_who_hangs_up_in_the_prepared_greeting_is_told_of_once_the_talk_is_open() -> None:
    it = scene(asks(AskKind.KEY, "Hello."), STREAM_FILE=["200 result=-1 endpos=0\nHANGUP"])
    with pytest.raises(CallGoneError):
        await it.talk().run(GREETING)
    assert it.turns.replies == [GONE]
