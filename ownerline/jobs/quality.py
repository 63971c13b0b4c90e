"""The job that draws last month's quality sample, once its days are over in every zone."""

import secrets
from zoneinfo import ZoneInfo

import structlog

from dialer.quality import Draw, DrawnAlreadyError, NothingToDrawError, draw, month_before
from ownerline.books import campaigns_of
from ownerline.runtime import Runtime
from recordings.quality_model import shipped_quality

log = structlog.get_logger(__name__)

DRAW_QUALITY = "quality.draw"

_BY = "schedule"
_SEED_BITS = 62
_FROM_DAY = 3  # of a month in the house's zone: the last one is over wherever a community may be


async def draw_month(runtime: Runtime) -> None:
    """Draw the month before, unless somebody has; one without talks is left undrawn.

    It is due every day, so that a month whose first days fell into an outage is drawn all the same.
    """
    now, zone = runtime.clock.now(), runtime.settings.time_zone
    if now.astimezone(ZoneInfo(zone)).day < _FROM_DAY:
        return
    wanted = Draw(
        month=month_before(now, zone),
        seed=secrets.randbits(_SEED_BITS),
        by=_BY,
        rules=shipped_quality(),
        rest_days=campaigns_of(runtime.settings).survey.rest_days,
        time_zone=zone,
    )
    try:
        async with runtime.sessions.begin() as session:
            sample_id = await draw(session, wanted, now=now)
    except (DrawnAlreadyError, NothingToDrawError) as err:
        log.info("quality_not_drawn", month=wanted.month.isoformat(), because=type(err).__name__)
        return
    log.info("quality_drawn", month=wanted.month.isoformat(), sample_id=sample_id)
