"""Looking at something again and again in the background, whatever one look meets."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from core.errors import OwnerlineError

log = structlog.get_logger(__name__)


class Rounds:
    """Looks every so many seconds of real time; a look that fails is logged, and the next comes."""

    def __init__(
        self, look: Callable[[], Awaitable[object]], *, every_s: float, failed: str
    ) -> None:
        """Take what a look is, and the event that is logged where one fails."""
        self._look = look
        self._every_s = every_s
        self._failed = failed
        self._running: asyncio.Task[None] | None = None

    def start(self, *, at_once: bool = False) -> None:
        """Go on in the background; the first look is at once, or after a pause."""
        self._running = asyncio.get_running_loop().create_task(self._run(at_once=at_once))

    async def close(self) -> None:
        """Look no more; what was not started is closed already."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None

    async def _run(self, *, at_once: bool) -> None:
        if not at_once:
            await asyncio.sleep(self._every_s)
        while True:
            await self._once()
            await asyncio.sleep(self._every_s)

    async def _once(self) -> None:
        try:
            await self._look()
        except OwnerlineError as err:
            log.warning(self._failed, error=str(err))
        except Exception as err:  # the edge of a look: say, the database is away; the next comes
            log.warning(self._failed, error=type(err).__name__, exc_info=True)
