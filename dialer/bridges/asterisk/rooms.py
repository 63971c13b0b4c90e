"""Agents' phones and their rooms on Asterisk: seats, hold, third parties, supervisors.

An agent's phone stays in a ConfBridge named by the agent's room; owners come and go. Asterisk
tells nothing twice: after each login the channels that are up are read, and their ids, which are
ours, say which of them are agents' phones.
"""

from collections.abc import Callable, Mapping
from uuid import UUID

import structlog

from core.clock import Clock
from core.errors import OwnerlineError
from core.ids import IdSource
from core.phone import PhoneNumber
from dialer.bridges.asterisk.desk_phones import DeskPhones, ask, call_of, checked
from dialer.bridges.asterisk.legs import Part
from dialer.bridges.asterisk.lines import (
    ManagerEvent,
    Server,
)
from dialer.bridges.asterisk.parts import Board, Recordings
from dialer.bridges.asterisk.seating import Seating
from dialer.bridges.asterisk.values import Kind
from dialer.bridges.floor import MonitorMode, PhoneTrouble
from dialer.bridges.port import BridgeError

log = structlog.get_logger(__name__)

RING_S = 25.0  # an agent at the desk picks up sooner; the carrier of a guest may need as long
_GUEST_RINGS_S = 45.0
_LOOK_S = 0.2
_OURS = "ownerline"


class AsteriskRooms:
    """The floor of the Asterisk bridge; a part of it."""

    def __init__(self, *, ids: IdSource, recordings: Recordings, ring_s: float = RING_S) -> None:
        """Put rooms together; phones of ours ring for `ring_s`."""
        self._ring_s = ring_s
        self._recordings = recordings
        self._seating = Seating()
        self._phones = DeskPhones(self._seating, ids=ids)
        self._board: Board | None = None
        self._waiting: set[str] = set()  # rooms that are rung for in a moment

    # A part of the bridge.

    async def start(self, board: Board) -> None:
        """Listen on every server; each is read when it is up."""
        self._board = board
        self._phones.start(board)
        for server in board.servers.values():
            server.on("ConfbridgeJoin", self._joined)
            server.on("ConfbridgeLeave", self._left)
        board.lines.on_over(self._call_over)

    async def close(self) -> None:
        """Leave every phone where it is: another dialer, or the next start, finds it."""
        self._board = None
        self._phones.close()

    # Seats.

    async def seat(self, room: str, endpoint: str) -> None:
        """Ring an agent's phone; see the port.

        While a server cannot be asked the phone may be in its room there: then it rings later.
        """
        self._phones.look_at_places()
        if room in self._waiting or self._seating.seat_of(room) is not None:
            return
        if self._board is not None and self._phones.may_be_elsewhere():
            self._waiting.add(room)
            self._board.clock.spawn(self._seat_later(self._board.clock, room, endpoint))
            return
        await self._seat_now(room, endpoint)

    async def _seat_later(self, clock: Clock, room: str, endpoint: str) -> None:
        while self._phones.may_be_elsewhere():
            await clock.sleep(_LOOK_S)
            self._phones.look_at_places()
        if room not in self._waiting:
            return  # it is to be left alone after all
        self._waiting.discard(room)
        if self._board is None or self._seating.seat_of(room) is not None:
            return
        try:
            await self._seat_now(room, endpoint)
        except BridgeError as err:  # it shows among the troubles
            log.warning("phone_not_rung", room=room, error=str(err))

    async def _seat_now(self, room: str, endpoint: str) -> None:
        try:
            server = self._phones.roomiest()
            await self._phones.ring(
                server, Part.SEAT, room, endpoint, exten="seat", within_s=self._ring_s
            )
        except BridgeError:
            self._seating.cannot_ring(room)
            self._phones.tell()
            raise

    async def unseat(self, room: str) -> None:
        """Hang up the agent's phone; see the port."""
        self._waiting.discard(room)
        while (leg := self._seating.seat_of(room)) is not None:
            await self._phones.end(leg)
        self._phones.tell()

    def seats(self) -> Mapping[str, str]:
        """Return the place of each room whose agent is in it."""
        self._phones.look_at_places()
        return self._seating.seats(self._phones.is_known)

    def is_known(self, place: str) -> bool:
        """Say whether the place is up and its channels have been read."""
        return self._phones.is_known(place)

    def troubles(self) -> Mapping[str, PhoneTrouble]:
        """Return why rooms that were rung for are not seated."""
        return self._seating.troubles()

    def on_seats(self, changed: Callable[[], None]) -> None:
        """Call this whenever a phone has come or gone."""
        self._phones.on_change(changed)

    # Owners' calls.

    async def move_to_room(self, attempt_id: UUID, room: str) -> None:
        """Put a live call into a room; `CallInRoom` follows."""
        server = self._server_of(attempt_id)
        place = self.seats().get(room)
        if place is not None and place != server.place:
            message = f"call {attempt_id} hangs on {server.place} and room {room!r} on {place}"
            raise BridgeError(message, retryable=False)
        await self._redirect(attempt_id, "room", {"OWNERLINE_ROOM": checked(Kind.ROOM, room)})

    async def hold(self, attempt_id: UUID) -> None:
        """Let a call wait with music."""
        await self._redirect(attempt_id, "hold", {})

    async def apologise(self, attempt_id: UUID) -> None:
        """Let a call hear the apology, and end."""
        await self._redirect(attempt_id, "sorry", {})

    async def pass_on(self, attempt_id: UUID, to: PhoneNumber, *, caller_id: str) -> None:
        """Connect a call with an outside number and leave the two alone."""
        dialled = self._dial_string(attempt_id, to)
        shown = checked(Kind.CALLER_ID, caller_id)
        variables = {"OWNERLINE_DIAL": dialled, "OWNERLINE_SHOWN": shown}
        await self._redirect(attempt_id, "pass", variables)

    async def invite(
        self, attempt_id: UUID, room: str, to: PhoneNumber | str, *, caller_id: str
    ) -> None:
        """Ring a third party into the room of a call."""
        server = self._server_of(attempt_id)
        endpoint = self._dial_string(attempt_id, to) if isinstance(to, PhoneNumber) else to
        await self._phones.ring(
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
            await self._phones.end(guest)

    async def pause_recording(self, attempt_id: UUID) -> None:
        """Record silence from now on."""
        await self._recordings.pause(attempt_id)

    async def resume_recording(self, attempt_id: UUID) -> None:
        """Record what is said again."""
        await self._recordings.resume(attempt_id)

    # Supervisors.

    async def monitor(self, room: str, endpoint: str, mode: str) -> None:
        """Ring a supervisor's phone; picked up, it takes part in the room, and in nothing else."""
        seat = self._seating.seat_of(room)
        if seat is None or not seat.in_room or not self._phones.is_known(seat.place):
            message = f"nobody sits in room {room!r}: there is nothing to {mode} to"
            raise BridgeError(message, retryable=False)
        for before in self._seating.monitoring(endpoint):
            await self._phones.end(before)
        heard = {} if mode == MonitorMode.JOIN else {"OWNERLINE_SPIED": seat.channel}
        await self._phones.ring(
            self._phones.servers[seat.place],
            Part.MONITOR,
            room,
            endpoint,
            exten=MonitorMode(mode).value,
            within_s=self._ring_s,
            variables=heard,
        )

    # What the servers tell.

    def _joined(self, event: ManagerEvent) -> None:
        call_id = call_of(event.get("Uniqueid"))
        board = self._board
        if call_id is None or board is None or board.lines.server(call_id) is None:
            return
        room = event.get("Conference")
        self._seating.call_in(call_id, room)
        board.clock.spawn(self._tell_in_room(call_id, room))
        guests = self._seating.guests(call_id=call_id)
        self._phones.end_soon(leg for leg in guests if leg.room != room)

    def _left(self, event: ManagerEvent) -> None:
        call_id = call_of(event.get("Uniqueid"))
        if call_id is not None and self._seating.room_of(call_id) == event.get("Conference"):
            self._seating.call_out(call_id)

    async def _tell_in_room(self, call_id: UUID, room: str) -> None:
        if self._board is None:
            return
        try:
            await self._board.lines.in_room(call_id, room)
        except Exception:  # the edge of an event: the call and the others go on
            log.exception("in_room_not_told", attempt_id=str(call_id))

    def _call_over(self, call_id: UUID) -> None:
        self._seating.call_out(call_id)
        self._phones.end_soon(self._seating.guests(call_id=call_id))

    # How.

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
            await ask(server, "Setvar", given)
        goes = {"Channel": channel, "Context": _OURS, "Exten": exten, "Priority": "1"}
        await ask(server, "Redirect", goes)
