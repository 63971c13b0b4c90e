"""Watches the rooms: how they stand, in the database that webhooks on any process fill in."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import structlog

from core.clock import Clock, Signal
from core.live import LiveFeed, News, Topic
from dialer.bridges.floor import PhoneTrouble
from dialer.bridges.twilio.seats import SeatBook, Standing
from dialer.bridges.twilio.tending import Tending

log = structlog.get_logger(__name__)

POLL_EVERY = timedelta(seconds=1)  # news may be lost
_AT_LEAST_S = 0.1  # between two looks, however much is told
_BELIEVED_FOR = timedelta(seconds=15)
_TOPICS = frozenset({Topic.CARRIER, Topic.AGENT, Topic.MISSED})
_NOTHING = Standing(seated=frozenset(), troubles={})


class FloorWatch:
    """Knows how the rooms stood at the last look, and looks again at each piece of news."""

    def __init__(
        self,
        seats: SeatBook,
        clock: Clock,
        *,
        feed: LiveFeed | None = None,
        tending: Tending | None = None,
        place: str = "twilio",
    ) -> None:
        """Put a watch together.

        Args:
            seats: the book of phones.
            clock: the time.
            feed: of news; None: it looks every second.
            tending: of the rooms, in a process that carries calls; None: others see to that.
            place: where all rooms are.
        """
        self._seats = seats
        self._clock = clock
        self._feed = feed
        self._tending = tending
        self._place = place
        self._standing = _NOTHING
        self._read_at: datetime | None = None
        self._changed: list[Callable[[], None]] = []
        self._news, self._work = Signal(), Signal()
        self._tasks: list[asyncio.Task[None]] = []
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        """Look, and go on looking in the background."""
        await self.look()
        if self._feed is not None:
            self._unsubscribe = self._feed.subscribe(self._hear)
        self._tasks.append(self._clock.spawn(self._run(self._news, self.look)))
        if self._tending is not None:  # apart: a Twilio that is slow keeps nobody from looking
            self._tasks.append(self._clock.spawn(self._run(self._work, self._tending.tend)))

    async def close(self) -> None:
        """Look no more."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def seats(self) -> Mapping[str, str]:
        """Return the place of each room whose agent is in it; of what is known now."""
        rooms = self._standing.seated if self.is_known(self._place) else frozenset()
        return dict.fromkeys(sorted(rooms), self._place)

    def is_known(self, place: str) -> bool:
        """Say whether the rooms of a place have been read a moment ago."""
        is_fresh = self._read_at is not None and self._clock.now() - self._read_at <= _BELIEVED_FOR
        return place == self._place and is_fresh

    def troubles(self) -> Mapping[str, PhoneTrouble]:
        """Return why rooms that were rung for are not seated."""
        return self._standing.troubles

    def on_change(self, changed: Callable[[], None]) -> None:
        """Call this whenever a phone has come or gone."""
        self._changed.append(changed)

    async def look(self) -> None:
        """Read how the rooms stand, and tell who wants to know when that has changed."""
        now = self._clock.now()
        standing = await self._seats.standing()
        was_known = self.is_known(self._place)
        was, self._standing, self._read_at = self._standing, standing, now
        if standing != was or not was_known:
            for changed in self._changed:
                changed()

    async def _run(self, news: Signal, look: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._clock.wait(news, self._clock.now() + POLL_EVERY)
            try:
                await look()
            except Exception as err:  # noqa: BLE001 - the edge of a look; the next comes
                log.warning("rooms_not_seen_to", error=type(err).__name__)
            await self._clock.sleep(_AT_LEAST_S)

    def _hear(self, news: News) -> None:
        if news.topic in _TOPICS:
            self._news.set()
            self._work.set()
