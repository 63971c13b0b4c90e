"""The nightly job that keeps the figures of days that are over."""

import structlog

from dialer.figures.kept import MOST_DAYS, keep_days
from ownerline.runtime import Runtime

log = structlog.get_logger(__name__)

KEEP_FIGURES = "figures.keep"


async def keep(runtime: Runtime) -> None:
    """Keep every day that is over, some at a time: who corrects an old call need not wait long."""
    kept = 0
    while True:
        async with runtime.sessions.begin() as session:
            days = await keep_days(session, now=runtime.clock.now())
        kept += days
        if days < MOST_DAYS:
            break
    log.info("figures_kept", days=kept)
