"""One process at a time holds the simulated carrier of a home; the next one waits for it.

The carrier and its calls live in the process that dials. A second one beside it would take the
first one's calls for lost and ring again.
"""

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO

import structlog

from core.clock import SystemClock
from core.errors import OwnerlineError
from core.settings import BridgeName, Settings

LOCK_FILE = "simulated-carrier.lock"
_LOOK_EVERY_S = 0.2

_log = structlog.get_logger(__name__)


class DialerRunsError(OwnerlineError):
    """A dialer is at work, and what was asked for goes only without one."""


@contextlib.asynccontextmanager
async def sole_holder(home: Path) -> AsyncIterator[None]:
    """Hold the home's simulated carrier for the block; the lock ends with the process."""
    clock = SystemClock()
    await asyncio.to_thread(home.mkdir, parents=True, exist_ok=True)
    with (home / LOCK_FILE).open("a") as file:
        if not _locked(file):
            _log.info("waiting_for_another_dialer", lock=LOCK_FILE)
            while not _locked(file):
                await clock.sleep(_LOOK_EVERY_S)
        yield


@contextlib.contextmanager
def nobody_dials(settings: Settings) -> Iterator[None]:
    """Keep the home's simulated carrier from every dialer for the block, at once or not at all.

    A real carrier, or one apart, goes on beside it, to be asked: its dialers are known by the
    database alone.

    Raises:
        DialerRunsError: one holds it.
    """
    if settings.bridge is not BridgeName.SIMULATED or settings.simulated_carrier is not None:
        yield
        return
    home = settings.home
    home.mkdir(parents=True, exist_ok=True)
    with (home / LOCK_FILE).open("a") as file:
        if not _locked(file):
            message = (
                f"a dialer is at work in {home}; end it first (SIGTERM lets it end cleanly); "
                "if it is `ownerline carrier`, name that one in simulated_carrier"
            )
            raise DialerRunsError(message)
        yield


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
