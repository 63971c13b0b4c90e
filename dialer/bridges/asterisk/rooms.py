"""Agents' phones and their rooms on Asterisk: seats, hold, third parties, supervisors.

An agent's phone stays in a ConfBridge named by the agent's room; owners come and go. Asterisk
tells nothing twice: after each login the channels that are up are read, and their ids, which are
ours, say which of them are agents' phones.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog

from core.errors import OwnerlineError
from core.ids import IdSource
from core.phone import PhoneNumber
from dialer.bridges.asterisk.legs import Leg, Part, leg_id, read_leg
from dialer.bridges.asterisk.lines import (
    ManagerEvent,
    ManagerGoneError,
    ManagerRefusedError,
    Server,
)
from dialer.bridges.asterisk.parts import Board, Recordings
from dialer.bridges.asterisk.seating import Seating
from dialer.bridges.asterisk.values import Kind, UnsafeValueError, safe
from dialer.bridges.floor import MonitorMode, PhoneTrouble
from dialer.bridges.port import BridgeError

log = structlog.get_logger(__name__)

RING_S = 25.0  # an agent at the desk picks up sooner; the carrier of a guest may need as long
_GUEST_RINGS_S = 45.0
# A server that is away for longer has lost its phones for us: agents are rung from another one.
_GIVE_UP_AFTER = timedelta(seconds=10)
_FLOOR, _OURS = "ownerline-floor", "ownerline"
_NO_ANSWER = "3"  # OriginateResponse
_ASTERISK_TROUBLES = (ManagerGoneError, ManagerRefusedError, UnsafeValueError)


class AsteriskRooms:
    """The floor of the Asterisk bridge; a part of it."""

    def __init__(self, *, ids: IdSource, recordings: Recordings, ring_s: float = RING_S) -> None:
        """Put rooms together; phones of ours ring for `ring_s`."""
        self._ring_s = ring_s
        self._ids = ids
        self._recordings = recordings
        self._seating = Seating()
        self._board: Board | None = None
        self._known: set[str] = set()  # places whose channels have been read since the login
        self._away_since: dict[str, datetime] = {}
        self._changed: list[Callable[[], None]] = []

    # A part of the bridge.

    async def start(self, board: Board) -> None:
        """Listen on every server; each is read when it is up."""
        self._board = board
        for place, server in board.servers.items():
            server.on("Newchannel", partial(self._rung, server))
            server.on("ConfbridgeJoin", partial(self._joined, server))
            server.on("ConfbridgeLeave", self._left)
            server.on("Hangup", partial(self._hung_up, server))
            server.on("OriginateResponse", partial(self._originated, server))
            server.on_connected(partial(self._read, place, server))
        board.lines.on_over(self._call_over)

    async def close(self) -> None:
        """Leave every phone where it is: another dialer, or the next start, finds it."""
        self._board = None

    # Seats.

    async def seat(self, room: str, endpoint: str) -> None:
        """Ring an agent's phone; see the port."""
        self._look_at_places()
        leg = self._seating.seat_of(room)
        if leg is not None:
            return
        try:
            server = self._roomiest()
            await self._ring(server, Part.SEAT, room, endpoint, exten="seat", within_s=self._ring_s)
        except BridgeError:
            self._seating.cannot_ring(room)
            self._tell()
            raise

    async def unseat(self, room: str) -> None:
        """Hang up the agent's phone; see the port."""
        while (leg := self._seating.seat_of(room)) is not None:
            await self._end(leg)
        self._tell()

    def seats(self) -> Mapping[str, str]:
        """Return the place of each room whose agent is in it."""
        self._look_at_places()
        return self._seating.seats(self.is_known)

    def is_known(self, place: str) -> bool:
        """Say whether the place is up and its channels have been read."""
        server = self._servers.get(place)
        if server is None or not server.is_up:
            self._known.discard(place)
            return False
        return place in self._known

    def troubles(self) -> Mapping[str, PhoneTrouble]:
        """Return why rooms that were rung for are not seated."""
        return self._seating.troubles()

    def on_seats(self, changed: Callable[[], None]) -> None:
        """Call this whenever a phone has come or gone."""
        self._changed.append(changed)

    # Owners' calls.

    async def move_to_room(self, attempt_id: UUID, room: str) -> None:
        """Put a live call into a room; `CallInRoom` follows."""
        server = self._server_of(attempt_id)
        place = self.seats().get(room)
        if place is not None and place != server.place:
            message = f"call {attempt_id} hangs on {server.place} and room {room!r} on {place}"
            raise BridgeError(message, retryable=False)
        await self._redirect(attempt_id, "room", {"OWNERLINE_ROOM": _safe(Kind.ROOM, room)})

    async def hold(self, attempt_id: UUID) -> None:
        """Let a call wait with music."""
        await self._redirect(attempt_id, "hold", {})

    async def apologise(self, attempt_id: UUID) -> None:
        """Let a call hear the apology, and end."""
        await self._redirect(attempt_id, "sorry", {})

    async def pass_on(self, attempt_id: UUID, to: PhoneNumber, *, caller_id: str) -> None:
        """Connect a call with an outside number and leave the two alone."""
        dialled = self._dial_string(attempt_id, to)
        variables = {"OWNERLINE_DIAL": dialled, "OWNERLINE_SHOWN": _safe(Kind.CALLER_ID, caller_id)}
        await self._redirect(attempt_id, "pass", variables)

    async def invite(
        self, attempt_id: UUID, room: str, to: PhoneNumber | str, *, caller_id: str
    ) -> None:
        """Ring a third party into the room of a call."""
        server = self._server_of(attempt_id)
        endpoint = self._dial_string(attempt_id, to) if isinstance(to, PhoneNumber) else to
        await self._ring(
            server,
            Part.GUEST,
            room,
            endpoint,
            exten="join",
            within_s=_GUEST_RINGS_S,
            call_id=attempt_id,
            caller_id=caller_id,
        )

    async def dismiss(self, room: str) -> None:
        """Hang up whoever was invited into a room."""
        for guest in self._seating.guests(room=room):
            await self._end(guest)

    async def pause_recording(self, attempt_id: UUID) -> None:
        """Record silence from now on."""
        await self._recordings.pause(attempt_id)

    async def resume_recording(self, attempt_id: UUID) -> None:
        """Record what is said again."""
        await self._recordings.resume(attempt_id)

    # Supervisors.

    async def monitor(self, room: str, endpoint: str, mode: str) -> None:
        """Ring a supervisor's phone; picked up, it takes part in the room."""
        seat = self._seating.seat_of(room)
        if seat is None or not seat.in_room or not self.is_known(seat.place):
            message = f"nobody sits in room {room!r}: there is nothing to {mode} to"
            raise BridgeError(message, retryable=False)
        heard = {} if mode == MonitorMode.JOIN else {"OWNERLINE_SPIED": seat.channel}
        await self._ring(
            self._servers[seat.place],
            Part.MONITOR,
            room,
            endpoint,
            exten=MonitorMode(mode).value,
            within_s=self._ring_s,
            variables=heard,
        )

    # What the servers tell.

    def _rung(self, server: Server, event: ManagerEvent) -> None:
        leg = read_leg(event.get("Uniqueid"), server.place)
        if leg is not None and leg.channel_id not in self._seating.known:
            self._seating.ring(leg)  # by another dialer

    def _joined(self, server: Server, event: ManagerEvent) -> None:
        leg = read_leg(event.get("Uniqueid"), server.place)
        if leg is None:
            self._call_in(event.get("Uniqueid"), event.get("Conference"))
        elif self._seating.joined(leg, channel=event.get("Channel")):
            log.info("phone_in_room", part=leg.part.value, room=leg.room, place=leg.place)
            self._tell()
            self._clear_older_seats()

    def _left(self, event: ManagerEvent) -> None:
        call_id = _uuid(event.get("Uniqueid"))
        if call_id is not None and self._seating.room_of(call_id) == event.get("Conference"):
            self._seating.call_out(call_id)

    def _hung_up(self, server: Server, event: ManagerEvent) -> None:
        leg = read_leg(event.get("Uniqueid"), server.place)
        if leg is None:
            return
        cause = event.get("Cause")
        rang = event.get("ChannelStateDesc") == "Ringing"
        if self._seating.hung_up(leg, cause=int(cause) if cause.isdecimal() else 0, rang=rang):
            log.info("phone_gone", part=leg.part.value, room=leg.room, cause=cause)
            self._tell()

    def _originated(self, server: Server, event: ManagerEvent) -> None:
        leg = read_leg(event.get("Uniqueid"), server.place)
        if leg is None or event.get("Response") != "Failure":
            return
        if self._seating.failed(leg, no_answer=event.get("Reason") == _NO_ANSWER):
            log.info("phone_not_had", part=leg.part.value, room=leg.room)
            self._tell()

    def _call_in(self, channel_id: str, room: str) -> None:
        call_id = _uuid(channel_id)
        board = self._board
        if call_id is None or board is None or board.lines.server(call_id) is None:
            return
        self._seating.call_in(call_id, room)
        board.clock.spawn(self._tell_in_room(call_id, room))
        elsewhere = [leg for leg in self._seating.guests(call_id=call_id) if leg.room != room]
        self._end_soon(elsewhere)

    async def _tell_in_room(self, call_id: UUID, room: str) -> None:
        if self._board is None:
            return
        try:
            await self._board.lines.in_room(call_id, room)
        except Exception:  # the edge of an event: the call and the others go on
            log.exception("in_room_not_told", attempt_id=str(call_id))

    def _call_over(self, call_id: UUID) -> None:
        self._seating.call_out(call_id)
        self._end_soon(self._seating.guests(call_id=call_id))

    # After each login.

    async def _read(self, place: str, server: Server) -> None:
        """Find the phones that are up: nothing that happened before the login is told again."""
        self._known.discard(place)
        before = self._seating.begin_list()
        try:
            channels = await server.list("CoreShowChannels")
        except _ASTERISK_TROUBLES as err:  # it is read after the next login
            self._seating.end_list()
            log.warning("floor_not_read", place=place, error=str(err))
            return
        listed, calls = _read_channels(channels, place)
        self._seating.take_list(place, listed, calls=calls, before=before)
        self._seating.end_list()
        self._known.add(place)
        self._away_since.pop(place, None)
        log.info("floor_read", place=place, phones=len(listed), calls=len(calls))
        rooms = frozenset(calls.values())
        self._end_soon(
            guest
            for guest in self._seating.guests()
            if guest.place == place and guest.room not in rooms
        )
        self._clear_older_seats()
        self._tell()

    # How.

    @property
    def _servers(self) -> Mapping[str, Server]:
        return {} if self._board is None else self._board.servers

    def _tell(self) -> None:
        for changed in self._changed:
            changed()

    def _look_at_places(self) -> None:
        """Give up the phones of a server that has been away for too long."""
        if self._board is None:
            return
        now = self._board.clock.now()
        for place, server in self._servers.items():
            if server.is_up:
                self._away_since.pop(place, None)
            elif now - self._away_since.setdefault(place, now) > _GIVE_UP_AFTER:
                self._seating.forget(place)

    def _roomiest(self) -> Server:
        """Return the server with the fewest phones, of those that are up and take new calls."""
        board = self._board
        taking = (
            [] if board is None else [t.server for t in board.trunks.values() if not t.draining]
        )
        up = [server for server in taking if self.is_known(server.place)]
        if not up:
            message = "no Asterisk is up to ring an agent's phone from; see `ownerline doctor`"
            raise BridgeError(message, retryable=True)
        return min(up, key=lambda server: self._seating.count(server.place))

    def _server_of(self, attempt_id: UUID) -> Server:
        server = None if self._board is None else self._board.lines.server(attempt_id)
        if server is None:
            message = f"call {attempt_id} is not up"
            raise BridgeError(message, retryable=False)
        return server

    def _dial_string(self, attempt_id: UUID, to: PhoneNumber) -> str:
        """Return how the trunk of a call reaches a number; any trunk of its server will do."""
        server, board = self._server_of(attempt_id), self._board
        trunks = {} if board is None else board.trunks
        call = None if board is None else board.lines.call(attempt_id)
        own = trunks.get(call.trunk) if call is not None else None
        trunk = own or next((t for t in trunks.values() if t.server.place == server.place), None)
        if trunk is None:
            message = f"call {attempt_id} hangs on {server.place}, of which no trunk is known"
            raise BridgeError(message, retryable=False)
        try:
            return trunk.dial_string(to)
        except OwnerlineError as err:
            raise BridgeError(str(err), retryable=False) from err

    async def _redirect(self, attempt_id: UUID, exten: str, variables: Mapping[str, str]) -> None:
        server, channel = self._server_of(attempt_id), str(attempt_id)
        for name, value in variables.items():
            given = {"Channel": channel, "Variable": name, "Value": value}
            await _act(server, "Setvar", given)
        goes = {"Channel": channel, "Context": _OURS, "Exten": exten, "Priority": "1"}
        await _act(server, "Redirect", goes)

    async def _ring(
        self,
        server: Server,
        part: Part,
        room: str,
        endpoint: str,
        *,
        exten: str,
        within_s: float,
        call_id: UUID | None = None,
        caller_id: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> None:
        unique = self._ids.new()
        leg = read_leg(leg_id(part, room, unique=unique, call_id=call_id), server.place)
        if leg is None:
            message = f"{room!r} is no room of an agent"
            raise BridgeError(message, retryable=False)
        self._seating.ring(leg)
        self._tell()
        try:
            await _act(
                server,
                "Originate",
                {
                    "Channel": _safe(Kind.ENDPOINT, endpoint),
                    "Context": _FLOOR,
                    "Exten": exten,
                    "Priority": "1",
                    "Timeout": str(int(within_s * 1000)),
                    "Async": "true",
                    "ChannelId": leg.channel_id,
                    "ActionID": str(unique),
                    **({"CallerID": _safe(Kind.CALLER_ID, caller_id)} if caller_id else {}),
                },
                variables={"OWNERLINE_ROOM": _safe(Kind.ROOM, room), **(variables or {})},
            )
        except BridgeError:
            self._seating.failed(leg, no_answer=False)
            self._tell()
            raise

    async def _end(self, leg: Leg) -> None:
        """Hang up a channel of ours; one that is gone already is forgotten."""
        self._seating.let_go(leg)
        server = self._servers.get(leg.place)
        if server is None:
            return
        try:
            await server.act("Hangup", {"Channel": leg.channel_id, "Cause": "16"})
        except ManagerRefusedError:
            log.debug("phone_gone_already", room=leg.room)
        except ManagerGoneError as err:
            raise BridgeError(str(err), retryable=True) from err

    def _end_soon(self, legs: Iterable[Leg]) -> None:
        if self._board is None:
            return
        for leg in legs:
            self._board.clock.spawn(self._end_or_say_so(leg))

    async def _end_or_say_so(self, leg: Leg) -> None:
        try:
            await self._end(leg)
        except BridgeError as err:  # what is still up is found at the next login
            log.warning("phone_not_hung_up", room=leg.room, error=str(err))

    def _clear_older_seats(self) -> None:
        """Hang up phones that were given up, and were there all the time."""
        self._end_soon(leg for leg in self._seating.older_seats() if self.is_known(leg.place))


async def _act(
    server: Server,
    action: str,
    headers: Mapping[str, str],
    *,
    variables: Mapping[str, str] | None = None,
) -> None:
    try:
        await server.act(action, headers, variables=variables)
    except ManagerGoneError as err:
        raise BridgeError(str(err), retryable=True) from err
    except (ManagerRefusedError, UnsafeValueError) as err:
        raise BridgeError(str(err), retryable=False) from err


def _safe(kind: Kind, value: str) -> str:
    try:
        return safe(kind, value)
    except UnsafeValueError as err:
        raise BridgeError(str(err), retryable=False) from err


def _uuid(channel_id: str) -> UUID | None:
    try:
        return UUID(channel_id)
    except ValueError:
        return None


def _read_channels(
    channels: Iterable[ManagerEvent], place: str
) -> tuple[list[Leg], dict[UUID, str]]:
    """Return our own legs among the channels, and the rooms of the calls that are in one."""
    legs, calls = [], {}
    for channel in channels:
        channel_id, name = channel.get("Uniqueid"), channel.get("Channel")
        in_conference = channel.get("Application") == "ConfBridge"
        conference = channel.get("ApplicationData").partition(",")[0] if in_conference else None
        leg = read_leg(channel_id, place)
        if leg is not None:
            there = in_conference or leg.part is Part.MONITOR
            legs.append(replace(leg, channel=name, in_room=there))
        elif conference is not None and (call_id := _uuid(channel_id)) is not None:
            calls[call_id] = conference
    return legs, calls
