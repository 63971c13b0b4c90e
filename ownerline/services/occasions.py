"""When a scheduled job is due: APScheduler's triggers as pure functions of an instant.

A trigger is asked for wall times, and each wall time is one occasion, named by its local date. So
a day on which the clocks change has neither two of them nor none: an hour that comes twice counts
the first time, and one that is left out counts from the instant it would have come.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

# An outage of more than a week makes up for one weekly occasion all the same.
_LOOK_BACK = timedelta(days=8)
_A_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Occasion:
    """One time a job is due; `key` names it for good, `at` is its instant, UTC."""

    key: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Nearest:
    """The last occasion that has come, and the first that is to come."""

    past: Occasion | None
    coming: Occasion | None


class Timing:
    """When something is due, in wall time; `look_back` bounds what an outage is made up for."""

    def __init__(self, trigger: CronTrigger, *, key: str, look: timedelta = _LOOK_BACK) -> None:
        self._trigger = trigger
        self._key = key
        self._look = look

    def nearest(self, now: datetime, zone: str) -> Nearest:
        """Return the occasions around an instant in a time zone."""
        past = coming = None
        for occasion in self._around(now, ZoneInfo(zone)):
            if occasion.at > now:
                coming = occasion
                break
            past = occasion
        return Nearest(past=past, coming=coming)

    def _around(self, now: datetime, zone: ZoneInfo) -> Iterator[Occasion]:
        """Yield occasions in the order of their wall times, from well before to well after."""
        wall = now.astimezone(zone).replace(tzinfo=UTC)
        at: datetime | None = wall - self._look
        while at is not None and at < wall + self._look:
            at = self._trigger.get_next_fire_time(None, at)
            if at is not None:
                yield Occasion(
                    key=f"{at:{self._key}}", at=at.replace(tzinfo=zone, fold=0).astimezone(UTC)
                )
                at += _A_MOMENT


def daily(at: time) -> Timing:
    """Return the timing of something done each day at a wall time."""
    return Timing(_cron(hour=at.hour, minute=at.minute), key="%Y-%m-%d")


def weekly(at: time, *, day: str) -> Timing:
    """Return the timing of something done each week; `day` is mon to sun."""
    return Timing(_cron(day_of_week=day, hour=at.hour, minute=at.minute), key="%Y-%m-%d")


def every_minute() -> Timing:
    """Return the timing of something done each minute; of an outage nothing is made up."""
    return Timing(_cron(minute="*"), key="%Y-%m-%dT%H:%M", look=timedelta(minutes=2))


def _cron(**fields: int | str) -> CronTrigger:
    # The trigger sees wall times only, dressed as UTC, where no hour is doubled or left out.
    return CronTrigger(**fields, second=0, timezone=UTC)
