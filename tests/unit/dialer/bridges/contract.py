"""What every bridge must do, as one suite: a bridge's own test module inherits `BridgeContract`.

The rig of a bridge says how its phones behave; the contract knows only the port.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

import pytest

from core.clock import SystemClock
from core.ids import IdSource
from core.phone import PhoneNumber
from customers.model import Language
from dialer.bridges.port import (
    Bridge,
    BridgeError,
    CallAnswered,
    CallEnded,
    CallEvent,
    CallRinging,
    CallSubmitted,
    FateKind,
    OutboundCall,
)
from dialer.model import AnsweredBy, TelephonyResult
from scripts.model import Ask, AskKind, Reply, ReplyKind, Transfer, Turn

T = TypeVar("T")

PHONE = PhoneNumber("+8613800138001")
OTHER_PHONE = PhoneNumber("+8613800138002")


class Phone(StrEnum):
    """How a rig makes a phone behave."""

    PRESSES_ONE = "presses 1 at every question"
    LISTENS = "listens and presses nothing"
    HANGS_UP = "hangs up at the first question"
    MACHINE = "an answering machine"
    BUSY = "busy"
    REJECTS = "rejects the call"
    RINGS_OUT = "is never picked up"
    SWITCHED_OFF = "switched off"
    DEAD = "no such number"
    CONGESTED = "no circuit to it"


@dataclass(kw_only=True)
class Ear:
    """An event sink that keeps what it hears."""

    events: list[CallEvent] = field(default_factory=list)

    async def heard(self, event: CallEvent) -> None:
        self.events.append(event)

    def of(self, attempt_id: UUID) -> list[CallEvent]:
        return [event for event in self.events if event.attempt_id == attempt_id]

    def kinds(self, attempt_id: UUID) -> list[type[CallEvent]]:
        return [type(event) for event in self.of(attempt_id)]

    def end(self, attempt_id: UUID) -> CallEnded:
        ends = [event for event in self.of(attempt_id) if isinstance(event, CallEnded)]
        assert len(ends) == 1, f"one end is owed, not {ends}"
        return ends[0]


@dataclass(kw_only=True)
class Script:
    """A script host that asks so many questions and says goodbye."""

    questions: int = 1
    last: Turn = field(
        default_factory=lambda: Turn(
            step="bye", language=Language.ENGLISH, say=("Goodbye.",), hang_up=True
        )
    )
    opened: dict[UUID, AnsweredBy] = field(default_factory=dict)
    replies: dict[UUID, list[Reply]] = field(default_factory=dict)

    async def open(self, attempt_id: UUID, answered_by: AnsweredBy) -> Turn:
        assert attempt_id not in self.opened, "a talk opens once"
        self.opened[attempt_id] = answered_by
        self.replies[attempt_id] = []
        return self._turn(attempt_id)

    async def reply(self, attempt_id: UUID, reply: Reply) -> Turn:
        self.replies[attempt_id].append(reply)
        return self.last if reply.kind is ReplyKind.HUNG_UP else self._turn(attempt_id)

    async def prepare(self, attempt_id: UUID) -> Turn | None:
        return None

    async def abandoned(self, attempt_id: UUID) -> Turn:
        return replace(self.last, step="abandoned")

    async def put_through(self, attempt_id: UUID, queue: str) -> str | None:
        return None

    def _turn(self, attempt_id: UUID) -> Turn:
        asked = len(self.replies[attempt_id])
        if asked >= self.questions:
            return self.last
        return Turn(
            step=f"question-{asked}",
            language=Language.ENGLISH,
            say=("Is the repair to your satisfaction? If so, press 1.",),
            ask=Ask(kind=AskKind.KEY, keys={"1": "yes", "2": "no"}),
        )


class Rig(ABC):
    """A bridge under test with phones that do as they are told.

    A rig in real time may take less of it: its times stand for those of the suite.
    """

    bridge: Bridge
    ring_s: float = 15.0  # the shortest a phone is rung in the suite
    rings_out_s: float = 30.0  # how long one that nobody picks up is rung
    longest_s: float = 20.0  # the longest call, where one is cut
    synthetic: bool = True  # a bridge to real telephones refuses invented people

    def call(self, number: int, to: PhoneNumber = PHONE, **changes: Any) -> OutboundCall:
        """Return a call of this rig; the same number, the same attempt."""
        usual = {"ring_timeout_s": self.rings_out_s, "synthetic": self.synthetic}
        return call(number, to, **(usual | changes))

    @abstractmethod
    def phone(self, number: PhoneNumber, behaves: Phone) -> None:
        """Make a phone behave from now on."""

    @abstractmethod
    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something and wait for its result."""

    @abstractmethod
    async def until_ringing(self) -> None:
        """Wait until a call placed just now rings."""

    @abstractmethod
    async def until_over(self) -> None:
        """Wait until every call has ended."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the instant of the bridge's clock."""


class Ids:
    """Attempt ids of one test: a carrier that outlives it has not heard of them before."""

    first = UUID(int=(0x0198 << 112) + (7 << 76) + (2 << 62)).int

    @classmethod
    def renew(cls) -> None:
        made = IdSource(SystemClock(), random.Random()).new().int
        cls.first = made - made % 1_000


def call(number: int, to: PhoneNumber = PHONE, **changes: Any) -> OutboundCall:
    """Return a call to a person who is real to the bridge; equal numbers are one attempt."""
    plain = OutboundCall(
        attempt_id=UUID(int=Ids.first + number),
        to=to,
        caller_id="075512345678",
        trunk="a",
        ring_timeout_s=30.0,
        max_seconds=300.0,
        detect_machine=True,
        synthetic=False,
    )
    return replace(plain, **changes)


class BridgeContract:
    """The suite; a subclass gives a `rig` fixture whose bridge has a trunk `a` of two channels."""

    @pytest.fixture(autouse=True)
    def own_ids(self) -> None:
        Ids.renew()

    @pytest.fixture
    def ear(self) -> Ear:
        return Ear()

    @pytest.fixture
    def script(self) -> Script:
        return Script()

    @pytest.fixture(autouse=True)
    async def started(self, rig: Rig, ear: Ear, script: Script) -> None:
        await rig.run(rig.bridge.start(ear, script))

    async def test_an_answered_call_tells_its_life_in_order(
        self, rig: Rig, ear: Ear, script: Script
    ) -> None:
        rig.phone(PHONE, Phone.PRESSES_ONE)
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        assert ear.kinds(placed.attempt_id) == [
            CallSubmitted,
            CallRinging,
            CallAnswered,
            CallEnded,
        ]
        instants = [event.at for event in ear.of(placed.attempt_id)]
        assert instants == sorted(instants)
        assert all(at.tzinfo is not None for at in instants)
        assert script.opened == {placed.attempt_id: AnsweredBy.HUMAN}
        assert script.replies[placed.attempt_id] == [Reply(kind=ReplyKind.KEYS, value="1")]
        end = ear.end(placed.attempt_id)
        assert (end.result, end.hangup_cause) == (TelephonyResult.ANSWERED, 16)
        assert end.seconds > 0

    @pytest.mark.parametrize(
        ("behaves", "result", "causes"),
        [
            (Phone.PRESSES_ONE, TelephonyResult.ANSWERED, {16}),
            (Phone.LISTENS, TelephonyResult.ANSWERED, {16}),
            (Phone.HANGS_UP, TelephonyResult.ANSWERED, {16}),
            (Phone.MACHINE, TelephonyResult.MACHINE, {16}),
            (Phone.BUSY, TelephonyResult.BUSY, {17}),
            (Phone.REJECTS, TelephonyResult.REJECTED, {21}),
            (Phone.RINGS_OUT, TelephonyResult.NO_ANSWER, {18, 19}),
            (Phone.SWITCHED_OFF, TelephonyResult.NO_ANSWER, {18, 20}),
            (Phone.DEAD, TelephonyResult.INVALID_NUMBER, {1, 28}),
            (Phone.CONGESTED, TelephonyResult.CONGESTION, {34, 38, 42}),
        ],
        ids=lambda value: str(value) if isinstance(value, Phone) else "",
    )
    async def test_every_behaviour_of_a_phone_has_its_telephony_result(
        self, rig: Rig, ear: Ear, behaves: Phone, result: TelephonyResult, causes: set[int]
    ) -> None:
        rig.phone(PHONE, behaves)
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        end = ear.end(placed.attempt_id)
        assert end.result is result
        assert end.hangup_cause in causes
        assert end == ear.of(placed.attempt_id)[-1]
        answered = CallAnswered in ear.kinds(placed.attempt_id)
        assert answered == (result in {TelephonyResult.ANSWERED, TelephonyResult.MACHINE})
        assert (end.seconds > 0) == answered

    async def test_who_says_nothing_is_heard_as_silence(self, rig: Rig, script: Script) -> None:
        rig.phone(PHONE, Phone.LISTENS)
        script.questions = 2
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        heard = [reply.kind for reply in script.replies[placed.attempt_id]]
        assert heard == [ReplyKind.SILENCE, ReplyKind.SILENCE]

    async def test_who_hangs_up_is_the_last_the_script_hears(
        self, rig: Rig, script: Script
    ) -> None:
        rig.phone(PHONE, Phone.HANGS_UP)
        script.questions = 5
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        assert [reply.kind for reply in script.replies[placed.attempt_id]] == [ReplyKind.HUNG_UP]

    async def test_without_detection_nobody_is_called_a_machine(
        self, rig: Rig, script: Script
    ) -> None:
        rig.phone(PHONE, Phone.MACHINE)
        placed = rig.call(1, detect_machine=False)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        assert script.opened == {placed.attempt_id: AnsweredBy.UNSURE}

    async def test_a_transfer_ends_the_script(self, rig: Rig, ear: Ear, script: Script) -> None:
        rig.phone(PHONE, Phone.PRESSES_ONE)
        script.last = Turn(
            step="agent",
            language=Language.ENGLISH,
            say=("I am putting you through.",),
            transfer=Transfer(queue="collections"),
        )
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        assert ear.end(placed.attempt_id).result is TelephonyResult.ANSWERED
        assert len(script.replies[placed.attempt_id]) == 1

    async def test_a_phone_rings_no_longer_than_the_call_says(self, rig: Rig, ear: Ear) -> None:
        rig.phone(PHONE, Phone.RINGS_OUT)
        placed = rig.call(1, ring_timeout_s=rig.ring_s)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        events = {type(event): event.at for event in ear.of(placed.attempt_id)}
        rang_s = (events[CallEnded] - events[CallRinging]).total_seconds()
        assert rang_s == pytest.approx(rig.ring_s, abs=1.0)
        assert ear.end(placed.attempt_id).result is TelephonyResult.NO_ANSWER

    async def test_a_ringing_call_that_is_hung_up_is_cancelled(self, rig: Rig, ear: Ear) -> None:
        rig.phone(PHONE, Phone.RINGS_OUT)
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_ringing()
        await rig.run(rig.bridge.hang_up(placed.attempt_id))
        await rig.until_over()
        assert ear.end(placed.attempt_id).result is TelephonyResult.CANCELLED

    async def test_hanging_up_twice_or_too_late_or_nothing_changes_nothing(
        self, rig: Rig, ear: Ear
    ) -> None:
        rig.phone(PHONE, Phone.RINGS_OUT)
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_ringing()
        for _ in range(2):
            await rig.run(rig.bridge.hang_up(placed.attempt_id))
        await rig.until_over()
        before = ear.end(placed.attempt_id)
        await rig.run(rig.bridge.hang_up(placed.attempt_id))
        await rig.run(rig.bridge.hang_up(rig.call(2).attempt_id))
        await rig.until_over()
        assert ear.end(placed.attempt_id) == before

    async def test_no_call_lasts_longer_than_it_may(
        self, rig: Rig, ear: Ear, script: Script
    ) -> None:
        rig.phone(PHONE, Phone.LISTENS)
        script.questions = 1_000
        placed = rig.call(1, max_seconds=rig.longest_s)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        end = ear.end(placed.attempt_id)
        assert end.result is TelephonyResult.ANSWERED
        assert end.seconds == pytest.approx(rig.longest_s, abs=1.0)
        assert script.replies[placed.attempt_id][-1].kind is ReplyKind.HUNG_UP

    async def test_the_fate_of_a_call_follows_its_life(self, rig: Rig, ear: Ear) -> None:
        rig.phone(PHONE, Phone.RINGS_OUT)
        placed = rig.call(1)
        never = await rig.run(rig.bridge.fate(placed.attempt_id))
        await rig.run(rig.bridge.originate(placed))
        await rig.until_ringing()
        live = await rig.run(rig.bridge.fate(placed.attempt_id))
        assert await rig.run(rig.bridge.live()) == (placed.attempt_id,)
        await rig.until_over()
        ended = await rig.run(rig.bridge.fate(placed.attempt_id))
        assert (never.kind, live.kind, ended.kind) == (
            FateKind.NEVER_PLACED,
            FateKind.LIVE,
            FateKind.ENDED,
        )
        assert never.ended is None
        assert live.ended is None
        assert ended.ended is not None
        assert ended.ended.result is ear.end(placed.attempt_id).result
        assert await rig.run(rig.bridge.live()) == ()

    async def test_an_attempt_is_never_rung_twice(self, rig: Rig, ear: Ear) -> None:
        rig.phone(PHONE, Phone.RINGS_OUT)
        rig.phone(OTHER_PHONE, Phone.RINGS_OUT)
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        with pytest.raises(BridgeError) as live:
            await rig.run(rig.bridge.originate(placed))
        await rig.until_over()
        with pytest.raises(BridgeError) as over:
            await rig.run(rig.bridge.originate(replace(placed, to=OTHER_PHONE)))
        assert not live.value.retryable
        assert not over.value.retryable
        assert ear.kinds(placed.attempt_id).count(CallSubmitted) == 1

    async def test_a_trunk_takes_no_more_calls_than_it_has_channels(
        self, rig: Rig, ear: Ear
    ) -> None:
        numbers = [PhoneNumber(f"+861380013800{n}") for n in range(3)]
        for number in numbers:
            rig.phone(number, Phone.RINGS_OUT)
        for n, number in enumerate(numbers[:2]):
            await rig.run(rig.bridge.originate(rig.call(n, number)))
        with pytest.raises(BridgeError) as refused:
            await rig.run(rig.bridge.originate(rig.call(2, numbers[2])))
        assert refused.value.retryable
        await rig.until_over()
        assert ear.of(rig.call(2).attempt_id) == []
        await rig.run(rig.bridge.originate(rig.call(2, numbers[2])))
        await rig.until_over()
        assert ear.end(rig.call(2).attempt_id).result is TelephonyResult.NO_ANSWER

    async def test_an_unknown_trunk_is_refused_for_good(self, rig: Rig, ear: Ear) -> None:
        rig.phone(PHONE, Phone.PRESSES_ONE)
        with pytest.raises(BridgeError) as refused:
            await rig.run(rig.bridge.originate(rig.call(1, trunk="elsewhere")))
        assert not refused.value.retryable
        await rig.until_over()
        assert ear.events == []

    async def test_stop_ends_every_call(self, rig: Rig, ear: Ear) -> None:
        for n, number in enumerate((PHONE, OTHER_PHONE)):
            rig.phone(number, Phone.RINGS_OUT)
            await rig.run(rig.bridge.originate(rig.call(n, number)))
        await rig.until_ringing()
        stopped_at = rig.now()
        await rig.run(rig.bridge.stop_all())
        await rig.until_over()
        for n in range(2):
            end = ear.end(rig.call(n).attempt_id)
            assert end.result is TelephonyResult.CANCELLED
            assert (end.at - stopped_at).total_seconds() < 1.0

    async def test_a_closed_bridge_tells_nothing_and_leaves_its_calls_alone(
        self, rig: Rig, ear: Ear
    ) -> None:
        rig.phone(PHONE, Phone.RINGS_OUT)
        placed = rig.call(1)
        await rig.run(rig.bridge.originate(placed))
        await rig.until_ringing()
        told = len(ear.events)
        await rig.run(rig.bridge.close())
        assert await rig.run(rig.bridge.live()) == (placed.attempt_id,)
        await rig.until_over()
        assert len(ear.events) == told

    async def test_what_a_bridge_cannot_do_it_refuses(self, rig: Rig) -> None:
        if not rig.bridge.capabilities.rooms:
            with pytest.raises(BridgeError):
                await rig.run(rig.bridge.move_to_room(rig.call(1).attempt_id, "agent-1"))
        if not rig.bridge.capabilities.monitor:
            with pytest.raises(BridgeError):
                await rig.run(rig.bridge.monitor("agent-1", "1001", "listen"))
