"""The port over the simulated carrier: nobody outside this machine is ever rung."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

import structlog

from core.phone import PhoneNumber
from dialer.bridges.floor import Floor
from dialer.bridges.inbound import InboundDesk
from dialer.bridges.port import (
    BridgeError,
    CallAnswered,
    CallEnded,
    CallEvent,
    CallInRoom,
    CallRinging,
    CallSubmitted,
    Capabilities,
    Closed,
    EventSink,
    Fate,
    FateKind,
    OutboundCall,
    PlacedCall,
    RecordingReady,
    ScriptHost,
)
from dialer.bridges.simulated.carrier import SimulatedCarrier
from dialer.bridges.simulated.floor import AWAY, SimulatedFloor
from dialer.bridges.simulated.ledger import CarrierCall
from dialer.bridges.simulated.line import Line
from dialer.model import AnsweredBy
from scripts.model import Reply, ReplyKind, Turn

log = structlog.get_logger()

_LOOK_S = 0.2


class SimulatedBridge:
    """Speaks the turns of the script host with the carrier's invented people."""

    is_real = False
    closed: Mapping[str, Closed] = MappingProxyType({})

    def __init__(
        self,
        carrier: SimulatedCarrier,
        *,
        name: str = "simulated",
        max_seconds: float = 600.0,
        floor: SimulatedFloor | None = None,
    ) -> None:
        """Put a bridge together; without a floor agents have no phones, and need none."""
        self.give_desks(floor)
        self.name = name
        self.trunks = carrier.trunks
        self.max_seconds = max_seconds
        self.carrier = carrier
        self._sink: EventSink | None = None
        self._host: ScriptHost | None = None

    def give_desks(self, floor: SimulatedFloor | None) -> None:
        """Let agents who have an endpoint be rung at this floor; None: nobody has a phone."""
        self.floor: Floor | None = floor
        self._desks = floor
        self.capabilities = Capabilities(
            rooms=True, seats=floor is not None, recording=True, machine_detection=True
        )

    async def start(
        self, sink: EventSink, host: ScriptHost, *, inbound: InboundDesk | None = None
    ) -> None:
        """Connect to the carrier; from now on events reach the sink."""
        self._sink, self._host = sink, host
        self.carrier.attach(self)

    async def close(self) -> None:
        """Disconnect; live calls are left alone, and people hang up on the silence."""
        self._sink = self._host = None
        self.carrier.attach(None)

    async def originate(self, call: OutboundCall) -> None:
        """Place a call; see the port."""
        self.carrier.place(call, max_seconds=min(call.max_seconds, self.max_seconds))

    async def hang_up(self, attempt_id: UUID) -> None:
        """End a call; one that is gone already changes nothing."""
        self.carrier.hang_up(attempt_id)

    async def fate(self, attempt_id: UUID) -> Fate:
        """Say what became of a call, by the carrier's own book."""
        if not self.carrier.answers_fates():
            return Fate(kind=FateKind.UNKNOWN)
        call = self.carrier.ledger.get(attempt_id)
        if call is None:
            return Fate(kind=FateKind.NEVER_PLACED)
        if call.live:
            return Fate(kind=FateKind.LIVE)
        return Fate(kind=FateKind.ENDED, ended=_ended(call))

    async def placed_since(self, instant: datetime) -> tuple[PlacedCall, ...] | None:
        """Return the calls of the carrier's own book; None while it answers no question."""
        if not self.carrier.answers_fates():
            return None
        since = [call for call in self.carrier.ledger.calls() if call.placed_at >= instant]
        return tuple(_placed(call) for call in sorted(since, key=lambda call: call.placed_at))

    async def live(self) -> tuple[UUID, ...]:
        """Return the calls up now, in the order they were placed."""
        return self.carrier.live()

    async def stop_all(self) -> None:
        """Hang up everything."""
        for call_id in self.carrier.live():
            self.carrier.hang_up(call_id)

    async def move_to_room(self, attempt_id: UUID, room: str) -> None:
        """Put a call that is in a room into another one; see the port."""
        if not self.carrier.rooms.move(attempt_id, room):
            message = f"call {attempt_id} cannot enter room {room!r}: it is with no agent"
            raise BridgeError(message, retryable=False)

    async def monitor(self, room: str, endpoint: str, mode: str) -> None:
        """Refuse: nobody can listen in on invented people."""
        message = f"{endpoint!r} cannot {mode} in {room!r}: bridge {self.name} cannot monitor"
        raise BridgeError(message, retryable=False)

    # What the carrier tells us.

    async def progress(self, line: Line) -> None:
        """Report a new stage of a call to the sink."""
        if self._sink is None:
            return
        event = _event(line)
        try:
            await self._sink.heard(event)
        except Exception:  # a call session's edge: as good as dropped, reconciliation asks
            name = type(event).__name__
            log.exception("event_lost", attempt_id=str(event.attempt_id), event_type=name)

    async def answered(self, line: Line) -> None:
        """Talk until the script or the person is done."""
        try:
            await self._talk(line)
        except Exception:  # a call session's edge: the call ends, the other calls go on
            log.exception("talk_failed", attempt_id=str(line.order.attempt_id))
            line.hang_up()

    async def _talk(self, line: Line) -> None:
        attempt_id = line.order.attempt_id
        host = self._host
        if host is None:
            return
        if line.order.room is not None and line.heard_as is not AnsweredBy.MACHINE:
            await self._meet(line, line.order.room, host)
            return
        turn = await host.open(attempt_id, line.heard_as)
        while line.is_up() and self._host is host:
            reply = await line.say(turn)
            if self._host is not host:
                return  # closed meanwhile: the line is left alone
            if reply.kind is ReplyKind.RECORDING:
                await self._recorded(line, reply)
            if turn.transfer is not None and line.is_up():
                room = await host.put_through(attempt_id, turn.transfer.queue)
                if room is not None and line.is_up():
                    await self._with_an_agent(line, room)
                    return
            if _is_last(turn):
                line.hang_up()
                return
            turn = await host.reply(attempt_id, reply)

    async def _meet(self, line: Line, room: str, host: ScriptHost) -> None:
        """Put whoever answered into the agent's room, or tell them that nobody is there."""
        if await self._is_there(line, room):
            await self._with_an_agent(line, room)
        elif line.is_up():
            line.is_abandoned = True
            await line.say(await host.abandoned(line.order.attempt_id))
            line.hang_up()

    async def _is_there(self, line: Line, room: str) -> bool:
        """Wait as long as the rules allow for an agent whose phone is not in its room."""
        desks, clock = self._desks, self.carrier.clock
        if desks is None:
            return True
        until = clock.now() + timedelta(seconds=line.order.room_within_s)
        while desks.is_missing(room) and line.is_up() and clock.now() < until:
            await line.hold(min(_LOOK_S, (until - clock.now()).total_seconds()))
        return not desks.is_missing(room)

    async def _with_an_agent(self, line: Line, room: str) -> None:
        rooms, at = self.carrier.rooms, self.carrier.clock
        rooms.put(line, room)
        where: str | None = room
        while where is not None:
            if self._sink is not None and where not in AWAY:
                attempt_id = line.order.attempt_id
                await self._sink.heard(CallInRoom(attempt_id=attempt_id, at=at.now(), room=where))
            where = await rooms.stay(line)

    async def _recorded(self, line: Line, reply: Reply) -> None:
        if self._sink is None:
            return
        await self._sink.heard(
            RecordingReady(
                attempt_id=line.order.attempt_id,
                at=self.carrier.clock.now(),
                name=reply.value,
                location=f"simulated:{line.order.attempt_id}/{reply.value}",
                seconds=reply.seconds,
            )
        )


def _is_last(turn: Turn) -> bool:
    return turn.hang_up or turn.transfer is not None


def _event(line: Line) -> CallEvent:
    call = line.call
    if call.ended_at is not None:
        return _ended(call)
    if call.answered_at is not None:
        return CallAnswered(attempt_id=call.call_id, at=call.answered_at, answered_by=line.heard_as)
    if call.ringing_at is not None:
        return CallRinging(attempt_id=call.call_id, at=call.ringing_at)
    return CallSubmitted(attempt_id=call.call_id, at=call.placed_at)


def _placed(call: CarrierCall) -> PlacedCall:
    return PlacedCall(
        attempt_id=call.call_id,
        to=PhoneNumber(call.e164),
        trunk=call.trunk,
        placed_at=call.placed_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        result=call.result,
    )


def _ended(call: CarrierCall) -> CallEnded:
    if call.ended_at is None or call.result is None:
        message = f"call {call.call_id} has not ended"
        raise BridgeError(message, retryable=True)
    return CallEnded(
        attempt_id=call.call_id,
        at=call.ended_at,
        result=call.result,
        hangup_cause=call.hangup_cause,
        sip_code=call.sip_code,
        seconds=call.talk_seconds,
    )
