"""Agents' phones at the simulated carrier: each is picked up, or not, as a house would have it.

With it seats, hold, transfers and abandonment are played without a telephone. Endpoints nobody
told of are picked up after a moment.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from core.phone import PhoneNumber
from dialer.bridges.floor import PhoneTrouble
from dialer.bridges.port import BridgeError
from dialer.bridges.simulated.carrier import SimulatedCarrier
from dialer.bridges.simulated.line import Line

# Where a call waits, or goes, that is with no agent.
HOLD, OUTSIDE, APOLOGY = "hold", "outside", "apology"
AWAY = frozenset({HOLD, OUTSIDE, APOLOGY})

_APOLOGY_S = 4.0
_OUTSIDE_S = 60.0  # they speak so long, whoever it is


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskPhone:
    """What a desk phone does when it is rung."""

    picks_up_after_s: float = 2.0
    trouble: PhoneTrouble | None = None  # instead of being picked up


class SimulatedFloor:
    """The floor over one simulated carrier; `phones` may be changed at any time."""

    def __init__(self, carrier: SimulatedCarrier, *, place: str | None = None) -> None:
        """Put a floor together at a place; None: where the carrier's first trunk hangs."""
        self.phones: dict[str, DeskPhone] = {}  # by endpoint
        self.rings: dict[str, int] = defaultdict(int)  # by endpoint
        self.guests: dict[str, list[str]] = defaultdict(list)  # by room
        self.silenced: set[UUID] = set()  # calls whose recording is paused
        self.is_away = False  # nobody can say where phones are
        self._carrier = carrier
        self._place = carrier.trunks[0].place if place is None else place
        self._ringing: dict[str, int] = {}  # by room: which ring of it is the last
        self._seated: set[str] = set()
        self._troubles: dict[str, PhoneTrouble] = {}
        self._changed: list[Callable[[], None]] = []
        carrier.rooms.enter(APOLOGY, self._apologise)
        carrier.rooms.enter(OUTSIDE, self._speak_outside)

    # The port.

    async def seat(self, room: str, endpoint: str) -> None:
        """Ring an agent's phone; see the port."""
        if room in self._seated or room in self._ringing:
            return
        self.rings[endpoint] += 1
        self._ringing[room] = self.rings[endpoint]
        self._troubles.pop(room, None)
        self._carrier.clock.spawn(self._ring(room, endpoint, self._ringing[room]))

    async def unseat(self, room: str) -> None:
        """Hang up the agent's phone; an empty room changes nothing."""
        self._ringing.pop(room, None)
        self._seated.discard(room)
        self._tell()

    def seats(self) -> Mapping[str, str]:
        """Return the place of each seated room."""
        return {} if self.is_away else dict.fromkeys(sorted(self._seated), self._place)

    def is_known(self, place: str) -> bool:
        """Say whether the carrier's one place is meant, and can be asked."""
        return place == self._place and not self.is_away

    def troubles(self) -> Mapping[str, PhoneTrouble]:
        """Return why rooms that were rung for are not seated."""
        return dict(self._troubles)

    def on_seats(self, changed: Callable[[], None]) -> None:
        """Call this whenever a phone has come or gone."""
        self._changed.append(changed)

    async def hold(self, attempt_id: UUID) -> None:
        """Let a call wait with music."""
        self._move(attempt_id, HOLD)

    async def invite(
        self, attempt_id: UUID, room: str, to: PhoneNumber | str, *, caller_id: str
    ) -> None:
        """Let a third party come into the room of a call."""
        del caller_id
        if self._carrier.rooms.room_of(attempt_id) is None:
            raise BridgeError(_not_up(attempt_id), retryable=False)
        self.guests[room].append(to.e164 if isinstance(to, PhoneNumber) else to)

    async def dismiss(self, room: str) -> None:
        """Let whoever was invited go."""
        self.guests.pop(room, None)

    async def pass_on(self, attempt_id: UUID, to: PhoneNumber, *, caller_id: str) -> None:
        """Let a call speak with an outside number."""
        del caller_id, to
        self._move(attempt_id, OUTSIDE)

    async def apologise(self, attempt_id: UUID) -> None:
        """Let a call hear that nobody can speak with it now, and end."""
        self._move(attempt_id, APOLOGY)

    async def pause_recording(self, attempt_id: UUID) -> None:
        """Record silence for a while."""
        self.silenced.add(attempt_id)

    async def resume_recording(self, attempt_id: UUID) -> None:
        """Record what is said again."""
        self.silenced.discard(attempt_id)

    # What only this carrier can do.

    def hang_up(self, room: str) -> None:
        """Let an agent hang up their phone."""
        if room in self._seated:
            self._seated.discard(room)
            self._troubles[room] = PhoneTrouble.HUNG_UP
            self._tell()

    def is_missing(self, room: str) -> bool:
        """Say whether a room has had a phone rung for it, and has none in it."""
        return room not in self._seated and (room in self._troubles or room in self._ringing)

    async def _ring(self, room: str, endpoint: str, ring: int) -> None:
        phone = self.phones.get(endpoint, DeskPhone())
        await self._carrier.clock.sleep(phone.picks_up_after_s)
        if self._ringing.get(room) != ring:
            return  # hung up meanwhile
        del self._ringing[room]
        if phone.trouble is None:
            self._seated.add(room)
        else:
            self._troubles[room] = phone.trouble
        self._tell()

    def _tell(self) -> None:
        for changed in self._changed:
            changed()

    def _move(self, attempt_id: UUID, room: str) -> None:
        if not self._carrier.rooms.move(attempt_id, room):
            raise BridgeError(_not_up(attempt_id), retryable=False)

    async def _apologise(self, line: Line) -> None:
        await line.hold(_APOLOGY_S)
        self._end_if_still(line, APOLOGY)

    async def _speak_outside(self, line: Line) -> None:
        await line.hold(_OUTSIDE_S)
        self._end_if_still(line, OUTSIDE)

    def _end_if_still(self, line: Line, room: str) -> None:
        if self._carrier.rooms.room_of(line.order.attempt_id) == room:
            line.hang_up()


def _not_up(attempt_id: UUID) -> str:
    return f"call {attempt_id} is with no agent: there is nothing to do that with"
