"""Scripts walked on real calls: each talk of the walk, pressed and said at a phone."""

import asyncio
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from uuid import UUID

from core.clock import SystemClock
from core.ids import IdSource
from core.phone import PhoneNumber
from customers.model import Language
from dialer.bridges.port import Bridge, CallEnded, CallEvent, OutboundCall
from dialer.model import AnsweredBy
from scripts.interpreter import advance, start
from scripts.library import Library
from scripts.model import AskKind, Reply, ReplyKind, TalkState, Turn
from scripts.walk import Heard, Walked, walk
from tests.asterisk.kit.manager import Manager, Message
from tests.asterisk.kit.pair import TRUNK
from tests.asterisk.kit.phones import Does, Phones

CLOCK = SystemClock()
IDS = IdSource(CLOCK, random.SystemRandom())
SPEECH = "words"  # what a phone says where an answer is recorded
_ONE_KEY = {AskKind.KEY, AskKind.CHOICE}
_AT_ONCE = 80
_SILENCE_S = 0.3  # where the walk says nothing
_PATIENCE_S = 8.0  # where it does: machines are slow under load
_FIRST_MOMENT_S = 0.3  # nobody presses a key while the phone is on its way to the ear
_TALK_WITHIN_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Talk:
    """One talk to be walked."""

    script: str
    walked: Walked

    def __str__(self) -> str:
        """Return what a failure is known by."""
        labels = " ".join(heard.label for heard in self.walked.heard)
        return f"{self.script} ({self.walked.situation.name}): {labels}"


@dataclass(kw_only=True)
class _Line:
    """A talk on its call."""

    talk: Talk
    phone: PhoneNumber
    state: TalkState | None = None
    turns: list[Turn] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    acting: list[asyncio.Task[None]] = field(default_factory=list)
    recording: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def planned(self) -> Heard | None:
        """Return what the walk answers next; None: it has come to its end."""
        heard = self.talk.walked.heard
        return heard[len(self.replies)] if len(self.replies) < len(heard) else None


def every_talk(library: Library, script: str, language: Language) -> list[Talk]:
    """Return all talks of the walk through a script in a language."""
    return [Talk(script=script, walked=walked) for walked in walk(library, script, language)]


def covering(talks: Iterable[Talk]) -> list[Talk]:
    """Return few talks of a script in which each answer at each step is heard at least once.

    Greedy: the talk with the most that is new an answer comes first.
    """
    ways = [(talk, _ways(talk)) for talk in talks]
    missing = set().union(*(each for _, each in ways))
    chosen: list[Talk] = []
    while missing:
        talk, taken = max(
            ways, key=lambda each: len(each[1] & missing) / (2 + len(each[0].walked.heard))
        )
        chosen.append(talk)
        missing -= taken
        ways = [(other, its) for other, its in ways if its & missing]
    return chosen


def _ways(talk: Talk) -> set[tuple[str, str]]:
    walked = talk.walked
    return {
        (turn.step, heard.label) for turn, heard in zip(walked.turns, walked.heard, strict=False)
    }


class Walker:
    """Places a call for each talk, is its script host, and answers at its phone as the walk says.

    The interpreter is fed with what really came over the line.
    """

    def __init__(self, library: Library, *, phones: Phones, watcher: Manager) -> None:
        self._library = library
        self._phones = phones
        self._watcher = watcher
        self._lines: dict[str, _Line] = {}  # by channel id
        self._free: asyncio.Queue[PhoneNumber] = asyncio.Queue()
        for n in range(_AT_ONCE):
            self._free.put_nowait(PhoneNumber(f"+86138001380{n:02d}"))
        watcher.listen(self._watched)

    async def prepare_phones(self) -> None:
        """Let the phones say nothing by themselves, and hear of Asterisk only what is needed."""
        await self._watcher.act("Events", EventMask="agi")
        for _ in range(self._free.qsize()):
            phone = self._free.get_nowait()
            await self._phones.behave(phone, Does.SILENT)
            self._free.put_nowait(phone)

    async def walk(self, bridge: Bridge, talk: Talk) -> list[str]:
        """Walk a talk on a call of its own; returns how it was otherwise than in the walk."""
        phone = await self._free.get()
        line = _Line(talk=talk, phone=phone)
        call = _order(phone, talk)
        self._lines[str(call.attempt_id)] = line
        try:
            async with asyncio.timeout(_TALK_WITHIN_S):
                await bridge.originate(call)
                await line.over.wait()
                await asyncio.gather(*line.acting)
                await self._phones.until_over(phone)
        except TimeoutError:
            return [f"{talk}: not over in time, at {[turn.step for turn in line.turns]}"]
        finally:
            del self._lines[str(call.attempt_id)]
            self._free.put_nowait(phone)
        return [f"{talk}: {difference}" for difference in _differences(line)]

    # The bridge's ear.

    async def heard(self, event: CallEvent) -> None:
        """Take an event of the bridge."""
        if isinstance(event, CallEnded) and (line := self._lines.get(str(event.attempt_id))):
            line.over.set()

    # The bridge's script host.

    async def open(
        self, attempt_id: UUID, answered_by: AnsweredBy, *, key: str | None = None
    ) -> Turn:
        """Return the first turn."""
        line = self._lines[str(attempt_id)]
        line.state, turn = start(self._library, line.talk.walked.situation.plan)
        return self._next(line, turn)

    async def reply(self, attempt_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
        """Take a reply and return the next turn."""
        line = self._lines[str(attempt_id)]
        assert line.state is not None, "a talk opens before it hears a reply"
        planned = line.planned
        withdrawn = planned is not None and planned.withdrawn
        gone = [each.due_call_id for each in line.state.plan.sections] if withdrawn else []
        line.replies.append(reply)
        line.state, turn = advance(self._library, line.state, reply, withdrawn=gone)
        return self._next(line, turn)

    async def prepare(self, attempt_id: UUID) -> Turn | None:
        """Return nothing: the first turn is known when somebody answers."""
        return None

    async def abandoned(self, attempt_id: UUID) -> Turn:
        """Refuse: no agent is in these talks."""
        message = f"call {attempt_id} was abandoned, and no agent was asked for"
        raise AssertionError(message)

    async def put_through(self, attempt_id: UUID, queue: str) -> str | None:
        """Return that nobody is free: the walk ends here."""
        return None

    # At the phone.

    def _next(self, line: _Line, turn: Turn) -> Turn:
        line.turns.append(turn)
        if turn.ask is None:
            return turn
        planned = line.planned
        is_silence = planned is not None and planned.reply.kind is ReplyKind.SILENCE
        line.recording.clear()
        act = asyncio.get_running_loop().create_task(
            self._act(line, turn, planned, after=[*line.acting])
        )
        line.acting.append(act)
        patience_s = _SILENCE_S if is_silence else _PATIENCE_S
        return replace(turn, ask=replace(turn.ask, timeout_s=patience_s))

    async def _act(
        self, line: _Line, turn: Turn, planned: Heard | None, *, after: list[asyncio.Task[None]]
    ) -> None:
        # The script may ask anew while the last key is still held down: it is let go first.
        await asyncio.gather(*after)
        if not line.replies:
            await asyncio.sleep(_FIRST_MOMENT_S)
        if planned is None or planned.reply.kind is ReplyKind.HUNG_UP:
            await self._phones.hang_up(line.phone)
        elif planned.reply.kind is ReplyKind.KEYS:
            await self._phones.press(line.phone, _pressed(turn, planned.reply.value))
        elif planned.reply.kind is ReplyKind.RECORDING:
            await line.recording.wait()
            await self._phones.say(line.phone, SPEECH)
            await asyncio.sleep(0.8)  # as long as somebody speaks
            await self._phones.press(line.phone, "#")

    def _watched(self, event: Message) -> None:
        """See a recording begin on one of the calls."""
        is_recording = event["Event"] == "AGIExecStart" and "RECORD FILE" in event["Command"]
        if is_recording and (line := self._lines.get(event["Uniqueid"])) is not None:
            line.recording.set()


def _order(phone: PhoneNumber, talk: Talk) -> OutboundCall:
    return OutboundCall(
        attempt_id=IDS.new(),
        to=phone,
        caller_id="075512345678",
        trunk=TRUNK,
        ring_timeout_s=20.0,
        max_seconds=_TALK_WITHIN_S,
        detect_machine=False,
        synthetic=False,
        language=talk.walked.situation.plan.language,
    )


def _pressed(turn: Turn, keys: str) -> str:
    """Return the keys with the one that ends them, where one has to."""
    assert turn.ask is not None, "keys answer a question"
    ends_itself = (
        turn.ask.kind in _ONE_KEY
        or turn.ask.kind is AskKind.RECORD
        or len(keys) >= turn.ask.max_digits
        or (keys != "*" and keys in turn.ask.keys)
    )
    return keys if ends_itself else f"{keys}#"


def _differences(line: _Line) -> Iterator[str]:
    walked = line.talk.walked
    replies = [(reply.kind, reply.value) for reply in line.replies]
    planned = [(heard.reply.kind, heard.reply.value) for heard in walked.heard]
    if replies != planned:
        yield f"heard {replies} instead of {planned}"
    elif tuple(line.turns) != walked.turns:
        yield f"said {[turn.step for turn in line.turns]}"
    elif line.state is None or line.state.outcomes != walked.outcomes or not line.state.ended:
        yield f"came to {line.state and line.state.outcomes} instead of {walked.outcomes}"
