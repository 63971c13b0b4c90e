"""The port over Twilio: calls are created over its API, and told of by webhooks and the book.

Any web process of the installation answers Twilio; a dialer places calls, carries them, and asks
about those whose end nobody told.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Mapping
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from core.clock import Clock
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
    TrunkLimits,
)
from dialer.bridges.twilio.book import Book, BookedCall
from dialer.bridges.twilio.fates import Fates
from dialer.bridges.twilio.front import Front
from dialer.bridges.twilio.lines import Lines
from dialer.bridges.twilio.lookback import Lookback
from dialer.bridges.twilio.placing import Placing
from dialer.bridges.twilio.prices import Prices
from dialer.bridges.twilio.rest import Rest, RestBusyError, RestLostError, RestRefusedError
from dialer.bridges.twilio.spending import Spending
from dialer.bridges.twilio.strangers import Strangers
from dialer.bridges.twilio.sweeper import Sweeper
from dialer.bridges.twilio.teller import Teller
from dialer.model import Direction

log = structlog.get_logger(__name__)

NAME = "twilio"
TRUNK = "twilio"
MAX_SECONDS = 3600.0
_ENDED_AT_ONCE = 20
_UNANSWERED = (RestRefusedError, RestBusyError, RestLostError)


class Rooms(Floor, Protocol):
    """Agents' phones and their rooms."""

    async def start(self) -> None:
        """Read how the rooms stand, and go on doing so."""
        ...

    async def close(self) -> None:
        """Leave every phone where it is."""
        ...

    async def move_to_room(self, attempt_id: UUID, room: str) -> None:
        """Put a live call into an agent's room; see `Bridge.move_to_room`."""
        ...

    async def monitor(self, room: str, endpoint: str, mode: str) -> None:
        """Let a supervisor listen, whisper or join; see `Bridge.monitor`."""
        ...


class TwilioBridge:
    """Rings real telephones through an account at Twilio, or at a carrier that speaks its API."""

    is_real = True
    name = NAME

    def __init__(
        self,
        trunk: TrunkLimits,
        *,
        rest: Rest,
        book: Book,
        lines: Lines,
        placing: Placing,
        teller: Teller,
        fates: Fates,
        sweeper: Sweeper,
        clock: Clock,
        capabilities: Capabilities,
        strangers: Strangers | None = None,
        rooms: Rooms | None = None,
        spending: Spending | None = None,
        prices: Prices | None = None,
        lookback: Lookback | None = None,
        front: Front | None = None,
        max_seconds: float = MAX_SECONDS,
    ) -> None:
        """Put a bridge together of its parts.

        Without `rooms` it has no phones of agents, without `spending` no ceiling, without `prices`
        it does not learn what calls cost, without `front` it rings whether or not anybody would
        answer Twilio, and without `lookback` it does not look for calls that came in while nobody
        did. `strangers` is given after a restore, where the book lacks calls: they count as up,
        and are hung up, with those that it has.
        """
        self.trunks: tuple[TrunkLimits, ...] = (trunk,)
        self.max_seconds = max_seconds
        self.capabilities = capabilities
        self.floor: Floor | None = rooms
        self._rest = rest
        self._book = book
        self._lines = lines
        self._placing = placing
        self._teller = teller
        self._fates = fates
        self._sweeper = sweeper
        self._clock = clock
        self._strangers = strangers
        self._rooms = rooms
        self._spending = spending
        self._prices = prices
        self._lookback = lookback
        self._front = front
        self._is_started = False

    @property
    def closed(self) -> Mapping[str, Closed]:
        """The trunk, while Twilio takes nothing of ours, nobody answers it, or no money is left."""
        why = self._rest.closed
        if why is None and self._front is not None and not self._front.is_open:
            why = Closed.UNANSWERED
        if why is None and self._spending is not None and self._spending.is_spent:
            why = Closed.SPENT
        return {} if why is None else {trunk.name: why for trunk in self.trunks}

    async def start(
        self, sink: EventSink, host: ScriptHost, *, inbound: InboundDesk | None = None
    ) -> None:
        """Begin to tell, to sweep and to watch the rooms; a Twilio that is away is tried again."""
        self._is_started = True
        self._teller.open(sink, host)
        try:
            if self._spending is not None:
                await self._spending.start()
            if self._front is not None:
                await self._front.start()
            if self._prices is not None:
                await self._prices.start()
            if self._rooms is not None:
                await self._rooms.start()
            await self._sweeper.start(inbound)
            if self._lookback is not None and inbound is not None:
                self._lookback.start(inbound)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Tell nothing more; calls go on, and web processes speak with them."""
        self._is_started = False
        if self._lookback is not None:
            await self._lookback.close()
        await self._sweeper.close()
        if self._rooms is not None:
            await self._rooms.close()
        if self._prices is not None:
            await self._prices.close()
        if self._front is not None:
            await self._front.close()
        if self._spending is not None:
            await self._spending.close()
        await self._teller.close()

    async def originate(self, call: OutboundCall) -> None:
        """Place a call; see the port."""
        await self._placing.place(call, max_seconds=min(call.max_seconds, self.max_seconds))

    async def hang_up(self, attempt_id: UUID) -> None:
        """End a call, whoever placed it; one that is gone, or was never placed, changes nothing."""
        call = await self._book.cut(attempt_id)
        if call is None:
            return
        async with _asked(f"call {attempt_id} may be up still"):
            sid = call.sid
            if sid is None and call.ended is None and not self._is_being_created(call):
                sid = await self._fates.name_of(call)
            if sid is not None:
                await self._lines.end(sid)

    async def fate(self, attempt_id: UUID) -> Fate:
        """Say what became of a call; a live one is carried here from then on."""
        if not self._is_started:
            return Fate(kind=FateKind.UNKNOWN)
        return await self._fates.of(attempt_id)

    async def placed_since(self, instant: datetime) -> tuple[PlacedCall, ...] | None:
        """Return the owners' calls by Twilio's own list; None: it could not be asked for it.

        The book lies in the installation's database, and came out of the same backup: of what was
        placed after it only Twilio knows.
        """
        if self._strangers is None:
            return None
        try:
            calls = await self._lines.created_since(instant, at=self._clock.now())
        except _UNANSWERED as err:
            log.warning("calls_not_listed", error=str(err))
            return None
        return await self._strangers.placed(calls)

    async def live(self) -> tuple[UUID, ...]:
        """Return the calls up now, by Twilio's own list.

        Raises:
            BridgeError: it could not be asked.
        """
        async with _asked("which calls are up is not known"):
            calls = await self._lines.up(at=self._clock.now())
        if self._strangers is not None:
            return tuple(sorted(await self._strangers.among(calls)))
        booked = await self._book.calls_of([call.sid for call in calls])
        return tuple(
            sorted(each.call_id for each in booked if each.direction is Direction.OUTBOUND)
        )

    async def stop_all(self) -> None:
        """Hang up every call of ours.

        Raises:
            BridgeError: some may be up still.
        """
        gate = asyncio.Semaphore(_ENDED_AT_ONCE)

        async def one(end: Awaitable[None]) -> None:
            async with gate:
                await end

        up = await self._book.up(Direction.OUTBOUND)
        ends = [one(self.hang_up(call.call_id)) for call in up]
        if self._strangers is not None:
            ends += [one(self._end(sid)) for sid in await self._listed(self._strangers)]
        for trouble in await asyncio.gather(*ends, return_exceptions=True):
            if isinstance(trouble, BaseException):
                raise trouble

    async def move_to_room(self, attempt_id: UUID, room: str) -> None:
        """Put a live call into an agent's room; see the port."""
        await self._with_rooms().move_to_room(attempt_id, room)

    async def monitor(self, room: str, endpoint: str, mode: str) -> None:
        """Let a supervisor listen, whisper or join; see the port."""
        await self._with_rooms().monitor(room, endpoint, mode)

    async def _listed(self, strangers: Strangers) -> list[str]:
        """Return the owners' calls that are up by Twilio's list, by its names."""
        async with _asked("which calls are up is not known"):
            calls = await self._lines.up(at=self._clock.now())
        return [call.sid for call in (await strangers.among(calls)).values()]

    async def _end(self, sid: str) -> None:
        async with _asked(f"call {sid} may be up still"):
            await self._lines.end(sid)

    def _with_rooms(self) -> Rooms:
        if self._rooms is None:
            message = f"bridge {self.name} was made without rooms"
            raise BridgeError(message, retryable=False)
        return self._rooms

    def _is_being_created(self, call: BookedCall) -> bool:
        """Say whether the answer to a call's creation is still awaited: its creator hangs up."""
        return self._clock.now() - call.placed_at < timedelta(seconds=self._rest.timeout_s)


@contextlib.asynccontextmanager
async def _asked(otherwise: str) -> AsyncIterator[None]:
    """Make what Twilio did not answer the port's own error.

    Raises:
        BridgeError: Twilio was asked in the block and did not answer.
    """
    try:
        yield
    except _UNANSWERED as err:
        message = f"{otherwise}: {err}"
        raise BridgeError(message, retryable=not isinstance(err, RestRefusedError)) from err
