"""The channels of our own side on all servers: rung, heard of, read after each login, hung up."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog

from core.ids import IdSource
from dialer.bridges.asterisk.legs import Leg, Part, leg_id, read_leg
from dialer.bridges.asterisk.lines import (
    ManagerEvent,
    ManagerGoneError,
    ManagerRefusedError,
    Server,
)
from dialer.bridges.asterisk.parts import Board
from dialer.bridges.asterisk.seating import Seating
from dialer.bridges.asterisk.values import Kind, UnsafeValueError, safe
from dialer.bridges.port import BridgeError

log = structlog.get_logger(__name__)

# A server that is away for longer has lost its phones for us: agents are rung from another one.
_GIVE_UP_AFTER = timedelta(seconds=10)
_FLOOR = "ownerline-floor"
_NO_ANSWER = "3"  # OriginateResponse
_ASTERISK_TROUBLES = (ManagerGoneError, ManagerRefusedError, UnsafeValueError)


class DeskPhones:
    """Keeps the book of our own channels, `Seating`, in line with what the servers say."""

    def __init__(self, seating: Seating, *, ids: IdSource) -> None:
        self._seating = seating
        self._ids = ids
        self._board: Board | None = None
        self._known: set[str] = set()  # places whose channels have been read since the login
        self._away_since: dict[str, datetime] = {}
        self._changed: list[Callable[[], None]] = []

    def start(self, board: Board) -> None:
        """Listen on every server; each is read when it is up."""
        self._board = board
        for place, server in board.servers.items():
            server.on("Newchannel", partial(self._rung, server))
            server.on("ConfbridgeJoin", partial(self._joined, server))
            server.on("Hangup", partial(self._hung_up, server))
            server.on("OriginateResponse", partial(self._originated, server))
            server.on_connected(partial(self._read, place, server))

    def close(self) -> None:
        """Leave every phone where it is."""
        self._board = None

    @property
    def servers(self) -> Mapping[str, Server]:
        """The servers by place."""
        return {} if self._board is None else self._board.servers

    def on_change(self, changed: Callable[[], None]) -> None:
        """Call this whenever a phone has come or gone."""
        self._changed.append(changed)

    def tell(self) -> None:
        """Say that a phone has come or gone."""
        for changed in self._changed:
            changed()

    # The servers.

    def is_known(self, place: str) -> bool:
        """Say whether the place is up and its channels have been read."""
        server = self.servers.get(place)
        if server is None or not server.is_up:
            self._known.discard(place)
            return False
        return place in self._known

    def look_at_places(self) -> None:
        """Give up the phones of a server that has been away for too long."""
        if self._board is None:
            return
        now = self._board.clock.now()
        for place in self.servers:
            if self.is_known(place):
                self._away_since.pop(place, None)
            elif now - self._away_since.setdefault(place, now) > _GIVE_UP_AFTER:
                self._seating.forget(place)

    def may_be_elsewhere(self) -> bool:
        """Say whether a server has been away so shortly that it may still have any phone."""
        if self._board is None:
            return False
        now = self._board.clock.now()
        return any(now - since <= _GIVE_UP_AFTER for since in self._away_since.values())

    def roomiest(self) -> Server:
        """Return the server with the fewest phones, of those that are up and take new calls.

        Raises:
            BridgeError: none is.
        """
        board = self._board
        taking = (
            [] if board is None else [t.server for t in board.trunks.values() if not t.draining]
        )
        up = [server for server in taking if self.is_known(server.place)]
        if not up:
            message = "no Asterisk is up to ring an agent's phone from; see `ownerline doctor`"
            raise BridgeError(message, retryable=True)
        return min(up, key=lambda server: self._seating.count(server.place))

    # Ringing and hanging up.

    async def ring(
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
        """Ring a phone into an extension of our own side; returns when Asterisk has taken it.

        Raises:
            BridgeError: it is not rung.
        """
        unique = self._ids.new()
        leg = read_leg(leg_id(part, room, unique=unique, call_id=call_id), server.place)
        if leg is None:
            message = f"{room!r} is no room of an agent"
            raise BridgeError(message, retryable=False)
        self._seating.ring(leg)
        self.tell()
        try:
            await ask(
                server,
                "Originate",
                {
                    "Channel": checked(Kind.ENDPOINT, endpoint),
                    "Context": _FLOOR,
                    "Exten": exten,
                    "Priority": "1",
                    "Timeout": str(int(within_s * 1000)),
                    "Async": "true",
                    "ChannelId": leg.channel_id,
                    "ActionID": str(unique),
                    **({"CallerID": checked(Kind.CALLER_ID, caller_id)} if caller_id else {}),
                },
                variables={"OWNERLINE_ROOM": checked(Kind.ROOM, room), **(variables or {})},
            )
        except BridgeError:
            self._seating.failed(leg, no_answer=False)
            self.tell()
            raise

    async def end(self, leg: Leg) -> None:
        """Hang up a channel of ours; one that is gone already is forgotten."""
        self._seating.let_go(leg)
        server = self.servers.get(leg.place)
        if server is None:
            return
        try:
            await server.act("Hangup", {"Channel": leg.channel_id, "Cause": "16"})
        except ManagerRefusedError:
            log.debug("phone_gone_already", room=leg.room)
        except ManagerGoneError as err:
            raise BridgeError(str(err), retryable=True) from err

    def end_soon(self, legs: Iterable[Leg]) -> None:
        """Hang up channels of ours in the background."""
        if self._board is None:
            return
        for leg in legs:
            self._board.clock.spawn(self._end_or_say_so(leg))

    async def _end_or_say_so(self, leg: Leg) -> None:
        try:
            await self.end(leg)
        except BridgeError as err:  # what is still up is found at the next login
            log.warning("phone_not_hung_up", room=leg.room, error=str(err))

    def _clear_older_seats(self) -> None:
        """Hang up phones that were given up, and were there all the time."""
        self.end_soon(leg for leg in self._seating.older_seats() if self.is_known(leg.place))

    # What the servers tell.

    def _rung(self, server: Server, event: ManagerEvent) -> None:
        leg = read_leg(event.get("Uniqueid"), server.place)
        if leg is not None:
            self._seating.rung(leg, channel=event.get("Channel"))

    def _joined(self, server: Server, event: ManagerEvent) -> None:
        leg = read_leg(event.get("Uniqueid"), server.place)
        if leg is not None and self._seating.joined(leg, channel=event.get("Channel")):
            log.info("phone_in_room", part=leg.part.value, room=leg.room, place=leg.place)
            self.tell()
            self._clear_older_seats()

    def _hung_up(self, server: Server, event: ManagerEvent) -> None:
        leg = read_leg(event.get("Uniqueid"), server.place)
        if leg is None:
            return
        cause = event.get("Cause")
        rang = event.get("ChannelStateDesc") == "Ringing"
        if self._seating.hung_up(leg, cause=int(cause) if cause.isdecimal() else 0, rang=rang):
            log.info("phone_gone", part=leg.part.value, room=leg.room, cause=cause)
            self.tell()

    def _originated(self, server: Server, event: ManagerEvent) -> None:
        leg = read_leg(event.get("Uniqueid"), server.place)
        if leg is None or event.get("Response") != "Failure":
            return
        if self._seating.failed(leg, no_answer=event.get("Reason") == _NO_ANSWER):
            log.info("phone_not_had", part=leg.part.value, room=leg.room)
            self.tell()

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
        self.end_soon(
            guest
            for guest in self._seating.guests()
            if guest.place == place and guest.room not in rooms
        )
        self._clear_older_seats()
        self.tell()


async def ask(
    server: Server,
    action: str,
    headers: Mapping[str, str],
    *,
    variables: Mapping[str, str] | None = None,
) -> None:
    """Send an action.

    Raises:
        BridgeError: it was not done; or, retryable, nobody knows.
    """
    try:
        await server.act(action, headers, variables=variables)
    except ManagerGoneError as err:
        raise BridgeError(str(err), retryable=True) from err
    except (ManagerRefusedError, UnsafeValueError) as err:
        raise BridgeError(str(err), retryable=False) from err


def checked(kind: Kind, value: str) -> str:
    """Return a value that may be sent to Asterisk.

    Raises:
        BridgeError: it is none of its kind.
    """
    try:
        return safe(kind, value)
    except UnsafeValueError as err:
        raise BridgeError(str(err), retryable=False) from err


def call_of(channel_id: str) -> UUID | None:
    """Return the call of a channel that bears its id."""
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
        elif conference is not None and (call_id := call_of(channel_id)) is not None:
            calls[call_id] = conference
    return legs, calls
