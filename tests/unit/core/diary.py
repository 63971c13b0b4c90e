"""A clock whose tasks write down what happened when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from core.clock import Signal, VirtualClock

START = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
SOON = START + timedelta(minutes=10)


class Diary:
    """What happened when: (seconds since the start, who)."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.entries: list[tuple[float, str]] = []

    def note(self, who: str) -> None:
        self.entries.append(((self.clock.now() - START).total_seconds(), who))

    async def sleeper(self, who: str, *naps: float) -> None:
        for nap in naps:
            await self.clock.sleep(nap)
            self.note(who)

    async def waiter(self, who: str, signal: Signal, until: datetime | None = None) -> None:
        was_set = await self.clock.wait(signal, until)
        self.note(f"{who} {'set' if was_set else 'late'}")

    @asynccontextmanager
    async def lived(self, who: str, leaves_s: float = 0.0) -> AsyncIterator[None]:
        """Note a cancellation, and how long the cleaning up takes."""
        try:
            yield
        except asyncio.CancelledError:
            self.note(f"{who} cancelled")
            await self.clock.sleep(leaves_s)
            self.note(f"{who} clean")
            raise


async def settled() -> None:
    """Let every task of the loop that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)
