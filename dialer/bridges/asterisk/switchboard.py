"""The calls of this dialer: what the servers tell of them goes in, events of the port come out."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog

from core.clock import Clock
from dialer.bridges.asterisk.call import Call
from dialer.bridges.asterisk.lines import (
    ManagerEvent,
    ManagerGoneError,
    ManagerRefusedError,
    Server,
)
from dialer.bridges.asterisk.teller import Teller
from dialer.bridges.port import (
    BridgeError,
    CallAnswered,
    CallEnded,
    CallInRoom,
    CallRinging,
    CallSubmitted,
    OutboundCall,
    RecordingReady,
    RecordingStarted,
)
from dialer.model import AnsweredBy, TelephonyResult

log = structlog.get_logger(__name__)

# Whoever asks for a call's fate asks soon.
_ENDS_KEPT = 20_000
# How long the end of a call may wait for what was pressed before it.
_TALKED_WITHIN_S = 5.0
# A call has its channel at once; whoever asks after one that has none has asked by then.
_MADE_WITHIN = timedelta(minutes=2)


class Switchboard:
    """Implements `Lines`; events of channels that are not of its calls pass it by."""

    def __init__(self, clock: Clock) -> None:
        self.teller = Teller()
        self._clock = clock
        self._calls: dict[UUID, Call] = {}
        self._by_channel: dict[str, Call] = {}
        self._by_action: dict[str, Call] = {}
        self._ends: OrderedDict[UUID, CallEnded] = OrderedDict()
        self._progress: list[Callable[[UUID, Server], None]] = []
        self._talking: dict[UUID, asyncio.Future[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._ringing: list[Callable[[UUID], None]] = []
        self._over: list[Callable[[UUID], None]] = []

    async def close(self) -> None:
        """Tell nothing more; ends that were heard before are told."""
        if self._ending:
            await asyncio.wait(self._ending)
        await self.teller.close()

    # The calls.

    @property
    def calls(self) -> Mapping[UUID, Call]:
        """The calls that have not ended."""
        return self._calls

    def end_of(self, attempt_id: UUID) -> CallEnded | None:
        """Return the end of a call that was ours, while it is remembered."""
        return self._ends.get(attempt_id)

    def add(self, call: Call) -> None:
        """Know a call from now on."""
        self._calls[call.attempt_id] = call
        self._by_channel[call.channel_id] = call
        if call.action_id:
            self._by_action[call.action_id] = call

    def forget(self, call: Call) -> None:
        """Know nothing of a call any more that never came to be."""
        self._calls.pop(call.attempt_id, None)
        self._by_channel.pop(call.channel_id, None)
        self._by_action.pop(call.action_id, None)

    def refused_late(self, call: Call) -> None:
        """End a call that was taken, and of which Asterisk says now that it makes no channel."""
        if call.attempt_id in self._calls:
            call.said = TelephonyResult.CONGESTION
            self._end(call, cause=None, sip_code=None)

    def cut_short(self, call: Call) -> None:
        """End a call that was hung up before Asterisk was asked to place it."""
        if call.attempt_id in self._calls:
            self._end(call, cause=None, sip_code=None)

    def watch(self, server: Server) -> None:
        """Take what a server tells of our calls."""
        for name, hear in (
            ("Newchannel", self._new_channel),
            ("Newstate", self._new_state),
            ("DialState", self._dial_state),
            ("HangupRequest", self._hangup_request),
            ("Hangup", self._hangup),
        ):
            server.on(name, partial(self._of_a_call, server, hear))
        server.on("OriginateResponse", self._originated)

    def made(self) -> frozenset[UUID]:
        """Return the calls that have a channel; to be asked before a list is, for `compare`."""
        return frozenset(call.attempt_id for call in self._calls.values() if call.has_channel)

    def compare(
        self,
        server: Server,
        listed: Mapping[str, ManagerEvent],
        *,
        made: Collection[UUID],
        twice: bool,
    ) -> None:
        """Bring our calls on a server in line with the channels it listed a moment ago.

        Those it does not list have ended unheard; with `twice` only if it is so again next time.
        Calls that were not `made` when the list was asked for are too new for it.
        """
        for call in [each for each in self._calls.values() if each.server.place == server.place]:
            channel = listed.get(call.channel_id)
            if channel is not None:
                self.seen(call, channel)
            elif call.attempt_id in made:
                call.unlisted += 1
                if call.unlisted > 1 or not twice:
                    log.warning("call_ended_unheard", attempt_id=call.channel_id)
                    self._end(call, cause=None, sip_code=None)
            elif not call.has_channel and self._clock.now() - call.placed_at > _MADE_WITHIN:
                self.forget(call)  # the answer to it was lost, and it came to nothing

    def seen(self, call: Call, channel: ManagerEvent) -> None:
        """Take where a call stands from its channel in a list."""
        call.unlisted = 0
        self._made(call)
        self._stands(call, channel)

    # What talks, rooms and the others ask: `Lines`.

    def call(self, attempt_id: UUID) -> OutboundCall | None:
        """Return the call as it was ordered, also by another process; None: it is not known."""
        call = self._calls.get(attempt_id)
        return None if call is None else call.order

    def server(self, attempt_id: UUID) -> Server | None:
        """Return the server that carries the call, None when no call of that id is up."""
        call = self._calls.get(attempt_id)
        return None if call is None else call.server

    def answered_s(self, attempt_id: UUID) -> float:
        """Return how many seconds ago the phone was picked up; 0 while it was not."""
        call = self._calls.get(attempt_id)
        if call is None or call.up_at is None:
            return 0.0
        return (self._clock.now() - call.up_at).total_seconds()

    async def met(self, attempt_id: UUID, answered_by: AnsweredBy) -> None:
        """Tell the sink who answered; only once a call."""
        call = self._calls.get(attempt_id)
        if call is not None and not call.answer_told:
            await self._answered(call, answered_by)

    async def in_room(self, attempt_id: UUID, room: str) -> None:
        """Tell the sink that the owner has come into a room."""
        if attempt_id in self._calls:
            event = CallInRoom(attempt_id=attempt_id, at=self._clock.now(), room=room)
            await self.teller.tell(event)

    async def recorded(self, event: RecordingStarted | RecordingReady) -> None:
        """Tell the sink of a recording, also of one that came after the call's end."""
        await self.teller.tell(event)

    def abandon(self, attempt_id: UUID) -> None:
        """Let the call, whose line is about to go, end as `abandoned`."""
        if (call := self._calls.get(attempt_id)) is not None:
            call.abandoned = True

    async def hang_up(self, attempt_id: UUID) -> None:
        """End a call with Q.850 cause 16; one that is gone changes nothing."""
        call = self._calls.get(attempt_id)
        if call is None:
            return
        call.cut = True  # a channel that is still being made is hung up when it is there
        await hang_up_channel(call.server, call.channel_id)

    async def end_as(self, attempt_id: UUID, result: TelephonyResult) -> None:
        """Hang up a call that nobody has picked up; it ends with this result."""
        call = self._calls.get(attempt_id)
        if call is not None and call.up_at is None:
            call.said = result
            await self.hang_up(attempt_id)

    def end_after(self, attempt_id: UUID, talked: "asyncio.Future[None]") -> None:
        """Tell the end of a call when this is done, or a little later at most."""
        if attempt_id in self._calls:
            self._talking[attempt_id] = talked

    def on_ringing(self, hear: Callable[[UUID], None]) -> None:
        """Call this when a phone begins to ring; it must return at once."""
        self._ringing.append(hear)

    def on_progress(self, hear: Callable[[UUID, Server], None]) -> None:
        """Call this when the network begins to speak on a call that does not ring."""
        self._progress.append(hear)

    def on_over(self, hear: Callable[[UUID], None]) -> None:
        """Call this when the line of a call of ours has gone; it must return at once."""
        self._over.append(hear)

    # What the servers tell.

    def _of_a_call(
        self, server: Server, hear: Callable[[Call, ManagerEvent], None], event: ManagerEvent
    ) -> None:
        call = self._by_channel.get(event.get("Uniqueid") or event.get("DestUniqueid"))
        if call is not None and call.server.place == server.place:
            hear(call, event)

    def _new_channel(self, call: Call, _: ManagerEvent) -> None:
        self._made(call)

    def _new_state(self, call: Call, event: ManagerEvent) -> None:
        self._made(call)
        self._stands(call, event)

    def _dial_state(self, call: Call, event: ManagerEvent) -> None:
        if event.get("DialStatus") != "PROGRESS" or call.in_progress:
            return
        call.in_progress = True
        if not call.rang:
            for hear in self._progress:
                hear(call.attempt_id, call.server)

    def _hangup_request(self, call: Call, _: ManagerEvent) -> None:
        call.far_end = True

    def _hangup(self, call: Call, event: ManagerEvent) -> None:
        self._made(call)
        self._end(call, cause=_number(event, "Cause"), sip_code=_number(event, "TechCause"))

    def _originated(self, event: ManagerEvent) -> None:
        """Take what became of an Originate: by its own id, as another call may have the channel."""
        call = self._by_action.get(event.get("ActionID"))
        if call is not None and event.get("Response") == "Failure" and not call.has_channel:
            call.decide(made=False)

    def _made(self, call: Call) -> None:
        if call.has_channel:
            return
        call.decide(made=True)
        event = CallSubmitted(attempt_id=call.attempt_id, at=self._clock.now())
        self.teller.tell(event)
        if call.cut:
            self._clock.spawn(self._cut(call))

    def _stands(self, call: Call, channel: ManagerEvent) -> None:
        state = channel.get("ChannelStateDesc")
        if state == "Ringing" and not call.rang:
            call.rang = True
            self.teller.tell(CallRinging(attempt_id=call.attempt_id, at=self._clock.now()))
            for hear in self._ringing:
                hear(call.attempt_id)
        elif state == "Up" and call.up_at is None:
            call.up_at = self._clock.now()

    def _end(self, call: Call, *, cause: int | None, sip_code: int | None) -> None:
        self.forget(call)
        end = call.ended(at=self._clock.now(), cause=cause, sip_code=sip_code)
        if call.up_at is not None and not call.answer_told:
            self._answered(call, AnsweredBy.UNSURE)
        self._ends[call.attempt_id] = end
        while len(self._ends) > _ENDS_KEPT:
            self._ends.popitem(last=False)
        talked = self._talking.pop(call.attempt_id, None)
        if talked is None or talked.done():
            self.teller.tell(end)
        else:
            ending = self._clock.spawn(self._tell_after(talked, end))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)
        for hear in self._over:
            hear(call.attempt_id)

    async def _tell_after(self, talked: "asyncio.Future[None]", end: CallEnded) -> None:
        await asyncio.wait([talked], timeout=_TALKED_WITHIN_S)
        self.teller.tell(end)

    def _answered(self, call: Call, answered_by: AnsweredBy) -> "asyncio.Future[None]":
        call.answer_told, call.met = True, answered_by
        call.up_at = call.up_at or self._clock.now()
        event = CallAnswered(attempt_id=call.attempt_id, at=call.up_at, answered_by=answered_by)
        return self.teller.tell(event)

    async def _cut(self, call: Call) -> None:
        try:
            await hang_up_channel(call.server, call.channel_id)
        except BridgeError as err:  # whoever wanted it gone looks again
            log.warning("hang_up_refused", attempt_id=call.channel_id, error=str(err))


async def hang_up_channel(server: Server, channel_id: str) -> None:
    """Hang a channel up with cause 16; one that is not there changes nothing.

    Raises:
        BridgeError: the server does not answer.
    """
    try:
        await server.act("Hangup", {"Channel": channel_id, "Cause": "16"})
    except ManagerRefusedError:  # no such channel
        return
    except ManagerGoneError as err:
        message = f"channel {channel_id} could not be hung up: {err}"
        raise BridgeError(message, retryable=True) from err


def by_id(channels: Iterable[ManagerEvent]) -> dict[str, ManagerEvent]:
    """Return channels of a list by their ids."""
    return {channel.get("Uniqueid"): channel for channel in channels}


def _number(event: ManagerEvent, header: str) -> int | None:
    value = event.get(header)
    return int(value) if value.isdecimal() else None
