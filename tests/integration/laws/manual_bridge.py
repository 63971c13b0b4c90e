"""A bridge cranked by hand: every call stands still until a test says what the network does."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from core.clock import Clock
from dialer.bridges.floor import Floor
from dialer.bridges.inbound import InboundDesk
from dialer.bridges.port import (
    BridgeError,
    CallAnswered,
    CallEnded,
    CallEvent,
    CallRinging,
    CallSubmitted,
    Capabilities,
    Closed,
    EventSink,
    Fate,
    FateKind,
    OutboundCall,
    PlacedCall,
    ScriptHost,
    SubmissionUnknownError,
    TrunkLimits,
)
from dialer.model import AnsweredBy, TelephonyResult
from scripts.model import Reply, ReplyKind, Turn


class PowerCut(Exception):  # noqa: N818 - no error of anybody's: the machine is gone
    """The process died between its commit and the carrier's answer."""


class Submission(StrEnum):
    """What becomes of the next call handed over."""

    TAKEN = "taken"
    BUSY = "refused, try later"
    IMPOSSIBLE = "refused for good"
    ANSWER_LOST = "taken, and the answer lost"
    LOST = "never arrived, and nobody knows"
    CUT_BEFORE = "the power goes before it leaves"
    CUT_AFTER = "the power goes once it is taken"


@dataclass(kw_only=True, slots=True)
class Line:
    """One call as the network knows it."""

    call: OutboundCall
    placed_at: datetime
    answered_by: AnsweredBy | None = None
    turn: Turn | None = None
    end: CallEnded | None = None
    heard_by: "ManualBridge | None" = None  # who placed it, or asked for its fate last

    @property
    def attempt_id(self) -> UUID:
        return self.call.attempt_id

    @property
    def up(self) -> bool:
        return self.end is None


@dataclass(kw_only=True, eq=False)
class ManualBridge:
    """Takes calls, says what it was told to say, and remembers everything that rang.

    Bridges of several dialers share `lines`: each is one dialer's door to the same network.
    """

    clock: Clock
    on_ring: Callable[[OutboundCall], Awaitable[None]]
    is_real: bool = False
    name: str = "manual"
    trunks: tuple[TrunkLimits, ...] = (
        TrunkLimits(name="a", channels=2, calls_per_second=1, caller_id="+862151082000"),
        TrunkLimits(name="b", channels=1, calls_per_second=0.5),
    )
    max_seconds: float = 600.0
    closed: Mapping[str, Closed] = field(default_factory=dict)
    floor: Floor | None = None
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(rooms=True))
    submission: Submission = Submission.TAKEN
    deaf_fates: int = 0
    has_book: bool = False  # whether it can say what it placed
    behind: timedelta = timedelta(0)  # how far the carrier's clock is from ours
    lines: dict[UUID, Line] = field(default_factory=dict)
    untold: list[CallEvent] = field(default_factory=list)
    told: list[CallEvent] = field(default_factory=list)
    _sink: EventSink | None = None
    _host: ScriptHost | None = None

    # The port.

    async def start(
        self, sink: EventSink, host: ScriptHost, *, inbound: InboundDesk | None = None
    ) -> None:
        self._sink, self._host = sink, host

    async def close(self) -> None:
        """Disconnect; what is said from now on is heard by nobody."""
        self._sink = self._host = None
        self.untold.clear()

    async def originate(self, call: OutboundCall) -> None:
        submission, self.submission = self.submission, Submission.TAKEN
        assert call.attempt_id not in self.lines, f"attempt {call.attempt_id} was handed over twice"
        if submission is Submission.CUT_BEFORE:
            raise PowerCut
        if submission in {Submission.BUSY, Submission.IMPOSSIBLE}:
            message = f"call {call.attempt_id} is refused: {submission}"
            raise BridgeError(message, retryable=submission is Submission.BUSY)
        if submission is not Submission.LOST:
            await self.on_ring(call)
            self.lines[call.attempt_id] = Line(
                call=call, placed_at=self.clock.now() - self.behind, heard_by=self
            )
            self._say(CallSubmitted(attempt_id=call.attempt_id, at=self.clock.now() - self.behind))
        if submission is Submission.CUT_AFTER:
            raise PowerCut
        if submission in {Submission.LOST, Submission.ANSWER_LOST}:
            message = f"the answer to call {call.attempt_id} was lost"
            raise SubmissionUnknownError(message)

    async def hang_up(self, attempt_id: UUID) -> None:
        line = self.lines.get(attempt_id)
        if line is not None and line.up:
            self.end(line)

    async def fate(self, attempt_id: UUID) -> Fate:
        if self.deaf_fates:
            self.deaf_fates -= 1
            return Fate(kind=FateKind.UNKNOWN)
        line = self.lines.get(attempt_id)
        if line is None:
            return Fate(kind=FateKind.NEVER_PLACED)
        if line.end is None:
            line.heard_by = self
            return Fate(kind=FateKind.LIVE)
        return Fate(kind=FateKind.ENDED, ended=line.end)

    async def placed_since(self, instant: datetime) -> tuple[PlacedCall, ...] | None:
        if not self.has_book:
            return None
        return tuple(
            PlacedCall(
                attempt_id=line.attempt_id,
                to=line.call.to,
                trunk=line.call.trunk,
                placed_at=line.placed_at,
                answered_at=None if line.answered_by is None else line.placed_at,
                ended_at=None if line.end is None else max(line.end.at, line.placed_at),
                result=None if line.end is None else line.end.result,
            )
            for line in self.lines.values()
            if line.placed_at >= instant
        )

    async def live(self) -> tuple[UUID, ...]:
        return tuple(line.attempt_id for line in self.up())

    async def stop_all(self) -> None:
        for line in self.up():
            self.end(line)

    async def move_to_room(self, attempt_id: UUID, room: str) -> None:
        line = self.lines.get(attempt_id)
        if line is None or not line.up:
            message = f"call {attempt_id} cannot enter {room!r}: it is gone"
            raise BridgeError(message, retryable=False)

    async def monitor(self, room: str, endpoint: str, mode: str) -> None:
        message = f"{endpoint!r} cannot {mode} in {room!r}: this bridge has no rooms"
        raise BridgeError(message, retryable=False)

    # The crank.

    def up(self) -> list[Line]:
        """Return the lines that are up, in the order they were placed."""
        return [line for line in self.lines.values() if line.up]

    def ring(self, line: Line) -> None:
        """Let the phone ring."""
        self._say(CallRinging(attempt_id=line.attempt_id, at=self.clock.now() - self.behind))

    def answer(self, line: Line, by: AnsweredBy) -> None:
        """Let somebody or something pick up."""
        line.answered_by = by
        self._say(
            CallAnswered(
                attempt_id=line.attempt_id, at=self.clock.now() - self.behind, answered_by=by
            )
        )

    def end(self, line: Line, result: TelephonyResult = TelephonyResult.CANCELLED) -> None:
        """Let the line go; who was answered ends as answered."""
        if line.answered_by is not None:
            machine = line.answered_by is AnsweredBy.MACHINE
            result = TelephonyResult.MACHINE if machine else TelephonyResult.ANSWERED
        line.end = CallEnded(
            attempt_id=line.attempt_id,
            at=self.clock.now() - self.behind,
            result=result,
            hangup_cause=16,
            sip_code=None,
            seconds=0.0,
        )
        self._say(line.end)

    async def tell(self, index: int = 0) -> None:
        """Tell one of the events not yet told, in whatever order."""
        event = self.untold.pop(index % len(self.untold))
        self.told.append(event)
        await self.tell_again(event)

    async def tell_all(self) -> None:
        """Tell everything, in order."""
        while self.untold:
            await self.tell()

    async def tell_again(self, event: CallEvent) -> None:
        """Tell an event, perhaps not for the first time."""
        if self._sink is not None:
            await self._sink.heard(event)

    async def say(self, line: Line, reply: Reply | None) -> Turn | None:
        """Open the talk (None) or give a reply; a last turn ends the line. None: nobody hears."""
        if self._host is None or line.answered_by is None:
            return None
        if reply is None:
            line.turn = await self._host.open(line.attempt_id, line.answered_by)
        else:
            line.turn = await self._host.reply(line.attempt_id, reply)
        hung_up = reply is not None and reply.kind is ReplyKind.HUNG_UP
        if line.up and (hung_up or line.turn.hang_up or line.turn.transfer is not None):
            self.end(line)
        return line.turn

    def _say(self, event: CallEvent) -> None:
        to = self.lines[event.attempt_id].heard_by or self
        if to.is_connected:
            to.untold.append(event)

    @property
    def host(self) -> ScriptHost:
        """Whoever knows what is said next."""
        assert self._host is not None, "it was started"
        return self._host

    @property
    def is_connected(self) -> bool:
        return self._sink is not None
