"""One look at the floor for everybody who watches in this process, and its words once a language.

Twenty wallboards cost one look. It is taken when news came, at most half of the time, and its words
are made once a language; what is slow to count is counted anew more seldom still.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

import structlog
from fastapi import Request

from api.console.page import Page
from api.console.routes.wall_changes import Changes
from api.console.routes.wall_words import WallWords
from api.deps import ApiDeps
from api.edge import limit_waiting
from core.live import News, Topic
from customers.model import Language
from dialer.wall.lately import look_lately
from dialer.wall.look import Basis, Wall, look
from dialer.wall.model import Lately, Place

log = structlog.get_logger(__name__)

PARTS = ("why", "gist", "lanes", "agents", "side")

_LOOKED_ANEW_S = 2.0  # without news: deadlines pass and leases run out by themselves
_PAUSE_S = 0.1
_PAUSE_COSTS = 1.0  # times what the look took: half of the time nobody looks
_LATELY_S, _LATELY_COSTS = 10.0, 30.0
_TOPICS = frozenset({Topic.SWITCHES, Topic.DUE_CALL, Topic.ATTEMPT, Topic.AGENT, Topic.MISSED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A look, numbered: a greater number is a later one."""

    number: int
    wall: Wall
    places: Sequence[Place] = ()


class Board:
    """Looks for everybody who watches."""

    def __init__(self, deps: ApiDeps) -> None:
        self.looks = 0
        self._deps = deps
        self._basis = Basis(
            desk=deps.desk,
            zone=deps.defaults.time_zone,
            trunks=deps.trunks,
            held_back=deps.held_back,
        )
        self._seen: Seen | None = None
        self._looked_at_s = 0.0
        self._flight: asyncio.Task[Seen] | None = None
        self._lately: Lately | None = None
        self._count_at_s = 0.0
        self._counting: asyncio.Task[None] | None = None
        self._texts: dict[Language, tuple[int, Mapping[str, str]]] = {}
        self._changes: dict[Language, Changes] = {}
        self._watchers = 0
        self._watching: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._published = asyncio.Condition()

    async def look(self, *, within_s: float = 0) -> Seen:
        """Return the floor: a look of so many seconds ago does; who asks at once shares one."""
        if self._seen is not None and within_s and monotonic() - self._looked_at_s < within_s:
            return self._seen
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._look())
        return await asyncio.shield(self._flight)

    async def watch(self) -> AsyncGenerator[Seen, None]:
        """Yield the floor, and again whenever it was looked at anew; the slow miss some."""
        self._watchers += 1
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._go_on())
        try:
            seen = await self.look(within_s=_LOOKED_ANEW_S)
            while True:
                yield seen
                seen = await self._later(seen.number)
        finally:
            self._watchers -= 1
            if not self._watchers and self._watching is not None:
                self._watching.cancel()

    def texts(self, page: Page, seen: Seen) -> Mapping[str, str]:
        """Return the parts of the page in its language, made once of each look."""
        number, made = self._texts.get(page.language, (0, {}))
        if number != seen.number:
            show = WallWords(page, seen.wall)
            made = {
                part: page.text_of(f"wall/{part}.html", wall=seen.wall, show=show) for part in PARTS
            }
            self._texts[page.language] = (seen.number, made)
        return made

    def changes(self, page: Page, seen: Seen, *, shown: int) -> str:
        """Return as JSON what a look changed for a page that shows the look of a number."""
        texts = self.texts(page, seen)
        return self._changes.setdefault(page.language, Changes()).since(shown, seen.number, texts)

    @property
    def watchers(self) -> int:
        """How many watch at this moment."""
        return self._watchers

    async def _later(self, number: int) -> Seen:
        """Return a look later than the one of that number, once there is one."""
        async with self._published:
            while self._seen is None or self._seen.number <= number:
                await self._published.wait()
            return self._seen

    async def _look(self) -> Seen:
        if self._lately is None:
            self._lately = await self._count()
        elif monotonic() >= self._count_at_s and (
            self._counting is None or self._counting.done()
        ):  # in the background: no look waits for it
            self._counting = asyncio.create_task(self._count_anew())
        async with self._deps.sessions.begin() as session:
            await limit_waiting(session, self._deps)
            wall = await look(session, self._basis, now=self._deps.clock.now(), lately=self._lately)
        self.looks += 1
        self._looked_at_s = monotonic()
        self._seen = Seen(number=self.looks, wall=wall, places=self._lately.places)
        return self._seen

    async def _count(self) -> Lately:
        started_s = monotonic()
        async with self._deps.sessions.begin() as session:
            await limit_waiting(session, self._deps)
            counted = await look_lately(
                session,
                now=self._deps.clock.now(),
                zone=self._basis.zone,
                packs=self._basis.desk.packs,
                held_back=self._basis.held_back,
            )
        counted_s = monotonic()
        self._count_at_s = counted_s + max(_LATELY_S, _LATELY_COSTS * (counted_s - started_s))
        return counted

    async def _count_anew(self) -> None:
        try:
            self._lately = await self._count()
        except Exception as err:  # noqa: BLE001 - the edge of a count: the database is away
            log.warning("wall_not_counted", error=type(err).__name__)

    async def _go_on(self) -> None:
        """Look again and again while somebody watches."""
        unsubscribe = self._subscribe()
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), _LOOKED_ANEW_S)
                self._news.clear()
                started_s = monotonic()
                try:
                    await self.look()
                except Exception as err:  # noqa: BLE001 - the edge of a look: the database is away
                    log.warning("wall_not_seen", error=type(err).__name__)
                else:
                    async with self._published:
                        self._published.notify_all()
                await asyncio.sleep(max(_PAUSE_S, _PAUSE_COSTS * (monotonic() - started_s)))
        finally:
            unsubscribe()

    def _subscribe(self) -> Callable[[], None]:
        feed = self._deps.feed
        return (lambda: None) if feed is None else feed.subscribe(self._hear)

    def _hear(self, news: News) -> None:
        if news.topic in _TOPICS:
            self._news.set()


def board_of(request: Request) -> Board:
    """Return the board of this process."""
    state = request.app.state
    if not hasattr(state, "board"):
        state.board = Board(state.deps)
    board: Board = state.board
    return board
