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

# So far back and ahead: of an outage the last occasion is made up for, however long it was.
_LOOK = timedelta(days=3)
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
    """When something is due, at least each day, in wall time."""

    def __init__(self, trigger: CronTrigger) -> None:
        self._trigger = trigger

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
        at: datetime | None = wall - _LOOK
        while at is not None and at < wall + _LOOK:
            at = self._trigger.get_next_fire_time(None, at)
            if at is not None:
                instant = at.replace(tzinfo=zone, fold=0).astimezone(UTC)
                yield Occasion(key=at.date().isoformat(), at=instant)
                at += _A_MOMENT


def daily(at: time) -> Timing:
    """Return the timing of something done each day at a wall time."""
    # The trigger sees wall times only, dressed as UTC, where no hour is doubled or left out.
    return Timing(CronTrigger(hour=at.hour, minute=at.minute, second=0, timezone=UTC))
