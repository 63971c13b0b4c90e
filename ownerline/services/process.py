"""A process of the installation: its parts run until it is told to end, and end within seconds."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg
import sqlalchemy as sa
import structlog
from procrastinate.exceptions import ConnectorException

from core.clock import Clock
from core.live import LiveFeed
from core.settings import Settings
from ownerline.runtime import Runtime, open_runtime

log = structlog.get_logger(__name__)

_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 5.0)
# What a database that is away, or comes back, does to those who use it.
DATABASE_AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.TimeoutError,
    ConnectorException,
    ConnectionError,
)


class Ending:
    """Whether the process was told to end; parts look at it, or wait for it."""

    def __init__(self) -> None:
        self._told = asyncio.Event()
        self._told_again = asyncio.Event()
        self._talks = 0  # how many parts have talks that others answer for
        self._talked = asyncio.Event()
        self._talked.set()

    def tell(self) -> None:
        """End; told twice, end without waiting for anything."""
        if self._told.is_set():
            self._told_again.set()
        self._told.set()

    async def hurry(self) -> None:
        """Wait until the process was told to end a second time."""
        await self._told_again.wait()

    @contextlib.contextmanager
    def last_words(self) -> Iterator[None]:
        """Let those who answer for talks stay while the block lasts, which ends them."""
        self._talks += 1
        self._talked.clear()
        try:
            yield
        finally:
            self._talks -= 1
            if not self._talks:
                self._talked.set()

    async def wait_for_last_words(self) -> None:
        """Wait until the process shall end and no part has a talk to bring to its end."""
        await self._told.wait()
        await self._talked.wait()

    @property
    def told(self) -> bool:
        """Whether the process shall end."""
        return self._told.is_set()

    async def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the process shall end (True), at most so long (False)."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._told.wait()
        except TimeoutError:
            return False
        return True


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """What the parts of one process share; `troubles` says what keeps a part from its work."""

    name: str
    runtime: Runtime
    feed: LiveFeed
    ending: Ending = field(default_factory=Ending)
    troubles: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, Callable[[], str | None]] = field(default_factory=dict)  # asked each time
    measures: list[Callable[[], None]] = field(default_factory=list)  # each sets some gauges

    def is_up(self, part: str) -> None:
        """Say that a part does its work."""
        self.troubles.pop(part, None)


class Part(Protocol):
    """Something a process does: `run` returns once the process was told to end."""

    name: str

    async def run(self, process: Process) -> None:
        """Work until `process.ending`; a lost database may be raised, then it is run anew."""
        ...


@contextlib.asynccontextmanager
async def open_process(
    settings: Settings, name: str, *, clock: Clock | None = None
) -> AsyncIterator[Process]:
    """Hold the installation and its news for the block; SIGTERM and SIGINT tell it to end.

    `clock` is another than the machine's where a day is rehearsed.
    """
    async with open_runtime(settings, clock=clock, name=f"ownerline {name}") as runtime:
        feed = LiveFeed(runtime.database_url)
        process = Process(name=name, runtime=runtime, feed=feed)
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, process.ending.tell)
        await feed.start()
        try:
            yield process
        finally:
            await feed.close()


async def run_parts(process: Process, parts: Sequence[Part]) -> None:
    """Run the parts side by side until the process is told to end.

    Raises:
        ExceptionGroup: a part failed by more than a lost database; the others were ended.
    """
    log.info("process_started", parts=[part.name for part in parts])
    process.troubles.update({part.name: "starts" for part in parts})
    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(_keep_up(part, process), name=part.name)
    log.info("process_ended")


async def until_told(process: Process, *work: Coroutine[Any, Any, None]) -> None:
    """Do several things side by side until the process is told to end, then cancel them.

    Returns when all have ended; what failed is raised, one that merely ends ends the others.
    """
    told = asyncio.create_task(process.ending.wait())
    tasks = [asyncio.create_task(each) for each in work]
    try:
        await asyncio.wait([*tasks, told], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*tasks, told):
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


async def _keep_up(part: Part, process: Process) -> None:
    """Run a part, and run it anew when it lost the database."""
    losses = 0
    while not process.ending.told:
        started = asyncio.get_running_loop().time()
        try:
            await part.run(process)
        except DATABASE_AWAY as err:
            if asyncio.get_running_loop().time() - started > sum(_PAUSES_S):
                losses = 0
            pause_s = _PAUSES_S[min(losses, len(_PAUSES_S) - 1)]
            losses += 1
            process.troubles[part.name] = "lost the database"
            log.warning(
                "part_lost_the_database", part=part.name, error=type(err).__name__, pause_s=pause_s
            )
            await process.ending.wait(pause_s)
        else:
            return
