"""Agents' rooms at the simulated carrier: who sits in which, and which call is where."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from dialer.bridges.simulated.line import Line

Occupant = Callable[[Line], Awaitable[None]]
"""Speaks with the owner on a line; when it returns the line may be up still."""

_AS_LONG_AS_IT_LASTS_S = 24 * 3600.0


class Rooms:
    """The rooms of one carrier; in an empty one a call waits until it is moved or ended."""

    def __init__(self) -> None:
        self._occupants: dict[str, Occupant] = {}
        self._calls: dict[UUID, tuple[Line, str]] = {}

    def enter(self, room: str, occupant: Occupant) -> None:
        """Let somebody sit in a room: they speak with every owner who is put through."""
        self._occupants[room] = occupant

    def room_of(self, attempt_id: UUID) -> str | None:
        """Return where a call is; None when it is in no room."""
        found = self._calls.get(attempt_id)
        return None if found is None else found[1]

    def put(self, line: Line, room: str) -> None:
        """Put a call into a room."""
        self._calls[line.order.attempt_id] = (line, room)

    def move(self, attempt_id: UUID, room: str) -> bool:
        """Move a call to another room; False when it is in none."""
        found = self._calls.get(attempt_id)
        if found is None:
            return False
        self.put(found[0], room)
        found[0].stir()
        return True

    async def stay(self, line: Line) -> str | None:
        """Let a call stay where it is; return where it goes next, None when the line is gone."""
        room = self.room_of(line.order.attempt_id)
        occupant = self._occupants.get(room or "")
        if occupant is not None:
            await occupant(line)
        while line.is_up() and self.room_of(line.order.attempt_id) == room:
            await line.hold(_AS_LONG_AS_IT_LASTS_S)
        if line.is_up():
            return self.room_of(line.order.attempt_id)
        self._calls.pop(line.order.attempt_id, None)
        return None
