"""What the suite of the port stands on: an ear, a script, and rigs of phones."""

from abc import ABC, abstractmethod
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from core.phone import PhoneNumber
from customers.model import Language
from dialer.bridges.port import (
    Bridge,
    CallEnded,
    CallEvent,
    OutboundCall,
)
from dialer.model import AnsweredBy
from scripts.model import Ask, AskKind, Reply, ReplyKind, Turn

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

    async def open(
        self, attempt_id: UUID, answered_by: AnsweredBy, *, key: str | None = None
    ) -> Turn:
        assert attempt_id not in self.opened, "a talk opens once"
        self.opened[attempt_id] = answered_by
        self.replies[attempt_id] = []
        return self._turn(attempt_id)

    async def reply(self, attempt_id: UUID, reply: Reply, *, key: str | None = None) -> Turn:
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


def call(number: int, to: PhoneNumber = PHONE, **changes: Any) -> OutboundCall:
    """Return a call to a person who is real to the bridge; equal numbers are one attempt."""
    plain = OutboundCall(
        attempt_id=UUID(int=(0x0198 << 112) + (7 << 76) + (2 << 62) + number),
        to=to,
        caller_id="075512345678",
        trunk="a",
        ring_timeout_s=30.0,
        max_seconds=300.0,
        detect_machine=True,
        synthetic=False,
    )
    return replace(plain, **changes)
