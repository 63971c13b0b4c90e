"""What is set otherwise in a rehearsal, alone or to be compared: `agents=12`, `channels=60`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import time
from enum import StrEnum
from itertools import pairwise

from callback.hours import HoursError, LocalPeriod, WeekHours
from dialer.whatif.freeze import OtherHours
from dialer.whatif.model import Day, Lines, Manner, WhatIfError
from dialer.whatif.seats import with_agents

MOST_AGENTS = 2_000
MOST_CHANNELS = 100_000
_DAYS_A_WEEK = 7
_TARGETS = (0.001, 0.2)


class Key(StrEnum):
    """What may differ between two settings."""

    AGENTS = "agents"
    CHANNELS = "channels"
    CALLS_PER_SECOND = "calls_per_second"
    HOURS = "hours"  # of a campaign: overdue:09:00-12:00,14:00-18:00
    DIALLING = "dialling"  # of a campaign's agents' calls: overdue:predictive
    TARGET = "target"  # abandoned ÷ answered, of predictive campaigns


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What is set otherwise; None: as it is."""

    agents: int | None = None
    channels: int | None = None
    calls_per_second: float | None = None
    hours: OtherHours | None = None
    dialling: tuple[str, Manner] | None = None
    target: float | None = None
    written: tuple[str, ...] = ()

    def over(self, day: Day) -> Day:
        """Return the day as set, its hours apart: those are frozen with it.

        Raises:
            WhatIfError: it names a campaign of which nothing is due.
        """
        lines = Lines(
            channels=day.lines.channels if self.channels is None else self.channels,
            calls_per_second=self.calls_per_second or day.lines.calls_per_second,
        )
        day = replace(day, lines=lines)
        if self.dialling is not None:
            day = _dialled(day, *self.dialling)
        if self.target is not None:
            day = replace(day, lanes=tuple(replace(x, target=self.target) for x in day.lanes))
        return day if self.agents is None else with_agents(day, self.agents, since_s=day.begins_s)


AS_IT_IS = Change()


def read_change(words: Sequence[str]) -> Change:
    """Read `key=value` words.

    Raises:
        WhatIfError: a key is unknown, or its value means nothing.
    """
    change = Change(written=tuple(words))
    for word in words:
        name, _, value = word.partition("=")
        try:
            key = Key(name.strip())
            change = _with(change, key, value.strip())
        except (ValueError, HoursError) as err:
            known = ", ".join(key.value for key in Key)
            message = f"{word!r} is no setting: write one of {known} as key=value ({err})"
            raise WhatIfError(message) from err
    return change


def _with(change: Change, key: Key, value: str) -> Change:
    match key:
        case Key.AGENTS:
            return replace(change, agents=_whole(value, MOST_AGENTS))
        case Key.CHANNELS:
            return replace(change, channels=_whole(value, MOST_CHANNELS))
        case Key.CALLS_PER_SECOND:
            return replace(change, calls_per_second=_number(value, 0.01, 1000.0))
        case Key.TARGET:
            return replace(change, target=_number(value, *_TARGETS))
        case Key.DIALLING:
            campaign, _, manner = value.rpartition(":")
            return replace(change, dialling=(campaign, Manner(manner)))
        case Key.HOURS:
            campaign, _, hours = value.partition(":")
            return replace(change, hours=OtherHours(campaign=campaign, hours=_week(hours)))


def _whole(value: str, most: int) -> int:
    number = int(value)
    if not 1 <= number <= most:
        message = f"from 1 to {most}"
        raise ValueError(message)
    return number


def _number(value: str, least: float, most: float) -> float:
    number = float(value)
    if not least <= number <= most:
        message = f"from {least:g} to {most:g}"
        raise ValueError(message)
    return number


def _week(text: str) -> WeekHours:
    """Read `09:00-12:00,14:00-18:00`, the same every day."""
    periods = tuple(sorted(LocalPeriod.parse(each) for each in text.split(",")))
    for one, following in pairwise(periods):
        if one.end == time(0) or following.start < one.end:
            message = f"{one} and {following} overlap"
            raise ValueError(message)
    return (periods,) * _DAYS_A_WEEK


def _dialled(day: Day, campaign: str, manner: Manner) -> Day:
    if not any(lane.campaign == campaign for lane in day.lanes):
        known = ", ".join(sorted({lane.campaign for lane in day.lanes}))
        message = f"nothing is due in a campaign {campaign!r} that day; there is {known}"
        raise WhatIfError(message)
    if manner is Manner.AUTOMATIC:
        message = "the script cannot take over agents' calls here; write preview, progressive, …"
        raise WhatIfError(message)
    return replace(
        day,
        lanes=tuple(
            replace(lane, manner=manner)
            if lane.campaign == campaign and lane.manner is not Manner.AUTOMATIC
            else lane
            for lane in day.lanes
        ),
    )
