"""Waits for an agent's phone to be in its room."""

import asyncio

from dialer.bridges.floor import Floor


class Seats:
    """Asks the floor, and is woken by it."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._changed = asyncio.Event()
        floor.on_seats(self._wake)

    async def is_in(self, room: str, *, place: str, within_s: float) -> bool:
        """Say whether the room's phone hangs on the place, or does within so many seconds."""
        if self._floor.seats().get(room) == place:
            return True
        try:
            async with asyncio.timeout(max(0.0, within_s)):
                while self._floor.seats().get(room) != place:
                    await self._changed.wait()
        except TimeoutError:
            return self._floor.seats().get(room) == place
        return True

    def _wake(self) -> None:
        """Wake all who wait; who comes later waits for the next change."""
        self._changed.set()
        self._changed = asyncio.Event()
