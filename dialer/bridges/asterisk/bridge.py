"""The port over Asterisk: its servers, the calls on them, and the parts that plug in.

Who speaks, who sits in rooms, who sees to calls that come in, to recordings and to announcements
are parts (`parts.py`) given at construction; the bridge rings, hears and accounts for the calls.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog

from core.clock import Clock
from dialer.bridges.asterisk import book
from dialer.bridges.asterisk.adopting import Adopting
from dialer.bridges.asterisk.fates import Fates
from dialer.bridges.asterisk.lines import Lines, ManagerGoneError, ManagerRefusedError
from dialer.bridges.asterisk.parts import Board, Part, Rooms, Talks
from dialer.bridges.asterisk.placing import Placing
from dialer.bridges.asterisk.reaper import LOOK_EVERY_S, Reaper
from dialer.bridges.asterisk.server import ManagedServer
from dialer.bridges.asterisk.switchboard import Switchboard, hang_up_channel
from dialer.bridges.asterisk.trunk import Trunk
from dialer.bridges.floor import Floor
from dialer.bridges.inbound import InboundDesk
from dialer.bridges.port import (
    BridgeError,
    Capabilities,
    Closed,
    EventSink,
    Fate,
    FateKind,
    OutboundCall,
    PlacedCall,
    ScriptHost,
)

log = structlog.get_logger(__name__)

MAX_SECONDS = 3600.0
# The dialplan's apology to whoever was being spoken to, and a hang-up.
_APOLOGY_S = 8.0
# A server that has been away for longer has lost its calls, as far as anybody can act on it.
_BELIEVED_S = 30.0


class AsteriskBridge:
    """Rings real telephones through one or many Asterisk servers."""

    is_real = True

    def __init__(
        self,
        trunks: Iterable[Trunk],
        servers: Sequence[ManagedServer],
        *,
        clock: Clock,
        talks: Talks | None = None,
        rooms: Rooms | None = None,
        arrivals: Part | None = None,
        recorder: Part | None = None,
        others: Iterable[Part] = (),
        name: str = "asterisk",
        max_seconds: float = MAX_SECONDS,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """Put a bridge together.

        Args:
            trunks: where calls may go, each with its server.
            servers: those of the trunks, each once.
            clock: of the events; connections and deadlines run in real time.
            talks: speaks with whoever picks up; without it the dialplan is alone with them.
            rooms: agents' phones.
            arrivals: calls that come in.
            recorder: sees recordings to their end.
            others: further parts, say announcements in early media.
            name: of the bridge, on every attempt.
            max_seconds: the longest any call may last.
            look_every_s: how often calls are compared with what the servers list.
        """
        self.name = name
        self.max_seconds = max_seconds
        self._clock = clock
        self._trunks = {trunk.name: trunk for trunk in trunks}
        self.servers = tuple(servers)
        self.trunks = tuple(trunk.limits for trunk in self._trunks.values())
        self.floor: Floor | None = rooms
        self._rooms = rooms
        self._talks = talks
        given = (recorder, talks, rooms, arrivals, *others)
        self._parts: tuple[Part, ...] = tuple(part for part in given if part is not None)
        self.capabilities = Capabilities(
            rooms=rooms is not None,
            seats=rooms is not None,
            inbound=arrivals is not None,
            monitor=rooms is not None,
            recording=recorder is not None,
            machine_detection=talks is not None,
        )
        self._switchboard = Switchboard(clock)
        self._placing = Placing(self._trunks, self._switchboard, clock, talks=talks)
        adopting = Adopting(self._trunks, self._switchboard, clock, talks=talks)
        self._fates = Fates(self.servers, self._switchboard, adopting)
        self._reaper = Reaper(
            self.servers, self._switchboard, clock, max_seconds=max_seconds, every_s=look_every_s
        )
        self._reaping: asyncio.Task[None] | None = None
        self._is_started = False
        for server in self.servers:
            self._switchboard.watch(server)
            server.on_connected(partial(self._reaper.met, server))

    @property
    def closed(self) -> Mapping[str, Closed]:
        """The trunks whose server is away."""
        return {n: Closed.AWAY for n, trunk in self._trunks.items() if not trunk.server.is_up}

    @property
    def lines(self) -> Lines:
        """The calls as talks and rooms see them."""
        return self._switchboard

    async def start(
        self, sink: EventSink, host: ScriptHost, *, inbound: InboundDesk | None = None
    ) -> None:
        """Start the parts and connect; a server that does not answer is tried again.

        Raises:
            ManagerLoginError: a server does not let us in.
        """
        board = Board(
            clock=self._clock,
            trunks=self._trunks,
            lines=self._switchboard,
            sink=sink,
            host=host,
            inbound=inbound,
        )
        self._is_started = True
        self._switchboard.teller.open(sink)
        try:
            for part in self._parts:
                await part.start(board)
            await self._connect()
        except BaseException:
            await self.close()
            raise
        self._reaping = asyncio.get_running_loop().create_task(self._reaper.run())

    async def close(self) -> None:
        """Disconnect; live calls are left alone. What was heard before is seen to its end."""
        self._is_started = False
        if self._reaping is not None:
            self._reaping.cancel()
            await asyncio.gather(self._reaping, return_exceptions=True)
            self._reaping = None
        await self._cut_talks()
        await self._disconnect()
        for part in reversed(self._parts):
            await part.close()
        await self._switchboard.close()

    async def _cut_talks(self) -> None:
        """End the talks that go on: their people hear an apology, and we how the calls end."""
        if self._talks is None:
            return
        loop = asyncio.get_running_loop()
        cut = {each: loop.create_future() for each in self._talks.talking}
        self._switchboard.on_over(
            lambda over: None if over not in cut or cut[over].done() else cut[over].set_result(None)
        )
        await self._talks.close()
        if ending := [cut[each] for each in cut if each in self._switchboard.calls]:
            await asyncio.wait(ending, timeout=_APOLOGY_S)

    async def originate(self, call: OutboundCall) -> None:
        """Place a call; see the port."""
        await self._placing.place(call, max_seconds=min(call.max_seconds, self.max_seconds))

    async def hang_up(self, attempt_id: UUID) -> None:
        """End a call, also one of another dialer; one that is gone already changes nothing."""
        if attempt_id in self._switchboard.calls:
            await self._switchboard.hang_up(attempt_id)
        elif self._switchboard.end_of(attempt_id) is None:
            for server in self.servers:
                await hang_up_channel(server, str(attempt_id))

    async def fate(self, attempt_id: UUID) -> Fate:
        """Say what became of a call; a live one is ours from then on."""
        if not self._is_started:
            return Fate(kind=FateKind.UNKNOWN)
        return await self._fates.of(attempt_id)

    async def placed_since(self, instant: datetime) -> tuple[PlacedCall, ...] | None:
        """Return the calls of the book; None where a server cannot be asked, or asked so far."""
        now = self._clock.now()
        if now - instant > timedelta(days=book.KEPT_DAYS):
            return None
        found: list[PlacedCall] = []
        for server in self.servers:
            if server.booted_at is None or server.booted_at > instant:
                log.warning("book_may_lack_calls", server=server.name)
                return None
            try:
                entries = await book.since(server, instant, now=now)
            except (ManagerGoneError, ManagerRefusedError) as err:
                log.warning("book_not_read", server=server.name, error=str(err))
                return None
            longest = timedelta(seconds=self.max_seconds)
            found += [each.placed(ended_by=min(now, each.placed_at + longest)) for each in entries]
        return tuple(sorted(found, key=lambda call: call.placed_at))

    async def live(self) -> tuple[UUID, ...]:
        """Return the calls up now, also those of other dialers.

        Calls of ours on a server that has just gone count as up for a little longer.

        Raises:
            BridgeError: no server could be asked.
        """
        async with self._connected():
            up = await self._listed()
        for call in self._switchboard.calls.values():
            server = next((each for each in self.servers if each is call.server), None)
            gone_s = 0.0 if server is None else server.down_s
            if 0.0 < gone_s < _BELIEVED_S:
                up.setdefault(call.attempt_id, server)
        return tuple(sorted(up))

    async def stop_all(self) -> None:
        """Hang up every call that bears an id of ours, on every server."""
        for call in self._switchboard.calls.values():
            call.cut = True
        async with self._connected():
            up = await self._listed()
            ends = [
                hang_up_channel(server, str(attempt_id))
                for attempt_id, server in up.items()
                if server is not None
            ]
            troubles = await asyncio.gather(*ends, return_exceptions=True)
            away = [server.name for server in self.servers if not server.is_up]
        for trouble in troubles:
            if isinstance(trouble, BaseException):
                raise trouble
        if away:
            message = f"calls may be up on {', '.join(away)}, which cannot be told to stop"
            raise BridgeError(message, retryable=True)

    async def move_to_room(self, attempt_id: UUID, room: str) -> None:
        """Put a live call into an agent's room; see the port."""
        await self._with_rooms().move_to_room(attempt_id, room)

    async def monitor(self, room: str, endpoint: str, mode: str) -> None:
        """Let a supervisor listen, whisper or join; see the port."""
        await self._with_rooms().monitor(room, endpoint, mode)

    def _with_rooms(self) -> Rooms:
        if self._rooms is None:
            message = f"bridge {self.name} was made without rooms"
            raise BridgeError(message, retryable=False)
        return self._rooms

    async def _listed(self) -> dict[UUID, ManagedServer | None]:
        """Return every call with an id of ours, and its server."""
        found: dict[UUID, ManagedServer | None] = {}
        asked = 0
        for server in self.servers:
            try:
                channels = await server.list("CoreShowChannels")
            except (ManagerGoneError, ManagerRefusedError) as err:
                log.warning("channels_not_listed", server=server.name, error=str(err))
                continue
            asked += 1
            for channel in channels:
                attempt_id = book.is_ours(channel.get("Uniqueid"))
                if attempt_id is not None:
                    found[attempt_id] = server
        if not asked:
            message = f"no Asterisk of bridge {self.name} can be asked now"
            raise BridgeError(message, retryable=True)
        return found

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        """Be connected for the block, also while the bridge is not started."""
        if self._is_started:
            yield
            return
        try:
            await self._connect()
            yield
        finally:
            await self._disconnect()

    async def _connect(self) -> None:
        ends = await asyncio.gather(
            *(server.start() for server in self.servers), return_exceptions=True
        )
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def _disconnect(self) -> None:
        await asyncio.gather(*(server.close() for server in self.servers))
