"""The port to agents' phones: rooms that agents stay in, and what is done to a call in one.

A room is named by its agent (`agent.room`). The owner of a call comes into it by
`OutboundCall.room` or `Bridge.move_to_room`. All calls of one room hang on one place.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from core.phone import PhoneNumber


class MonitorMode(StrEnum):
    """How a supervisor takes part in a room."""

    LISTEN = "listen"  # hears both, nobody hears them
    WHISPER = "whisper"  # only the agent hears them
    JOIN = "join"  # everybody hears them


class PhoneTrouble(StrEnum):
    """Why an agent's phone is not in its room."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"  # not registered, no such endpoint, or no server to ring it from
    HUNG_UP = "hung_up"  # it was there


class Floor(Protocol):
    """What a bridge does with agents' phones; every refusal is a `BridgeError`."""

    async def seat(self, room: str, endpoint: str) -> None:
        """Ring an agent's phone; once picked up it stays in the room until it hangs up.

        Returns when the phone is being rung. A room that is seated, or rung for, changes nothing.
        """
        ...

    async def unseat(self, room: str) -> None:
        """Hang up the agent's phone; an empty room changes nothing."""
        ...

    def seats(self) -> Mapping[str, str]:
        """Return the place each seated room hangs on, by room, as far as is known now."""
        ...

    def is_known(self, place: str) -> bool:
        """Say whether who is seated at a place is known now; else `seats` leaves it out."""
        ...

    def troubles(self) -> Mapping[str, PhoneTrouble]:
        """Return why rooms that were rung for are not seated, by room; a new ring forgets it."""
        ...

    def on_seats(self, changed: Callable[[], None]) -> None:
        """Call this whenever `seats` or `troubles` has changed; it must return at once."""
        ...

    async def hold(self, attempt_id: UUID) -> None:
        """Take a call out of its room to wait with music; `Bridge.move_to_room` brings it back."""
        ...

    async def invite(
        self, attempt_id: UUID, room: str, to: PhoneNumber | str, *, caller_id: str
    ) -> None:
        """Ring a third party, a number or an agent's endpoint, into the room of a call."""
        ...

    async def dismiss(self, room: str) -> None:
        """Hang up whoever was invited into a room."""
        ...

    async def pass_on(self, attempt_id: UUID, to: PhoneNumber, *, caller_id: str) -> None:
        """Connect a call with an outside number and leave the two alone."""
        ...

    async def apologise(self, attempt_id: UUID) -> None:
        """Let a call hear that nobody can speak with it now, and end."""
        ...

    async def pause_recording(self, attempt_id: UUID) -> None:
        """Record silence for a while: the owner reads out what nobody may keep."""
        ...

    async def resume_recording(self, attempt_id: UUID) -> None:
        """Record what is said again."""
        ...
