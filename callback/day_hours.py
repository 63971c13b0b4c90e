"""The hours of one day in which owners may be called, by all rules of some packs together.

Pure. What one owner wished, where they live and what their campaign narrows is not in it: the
verdict has the last word. This is what a house may say of its day in general.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from functools import reduce

from callback.hours import ALL_DAY, LocalPeriod, Periods, Schedule, outside
from callback.pack_model import Pack
from customers.model import Purpose

_MIDNIGHT = time(0)


def hours_of_day(packs: Sequence[Pack], purpose: Purpose, day: date) -> Periods:
    """Return when calls of a purpose may be placed on a local day, in order."""
    return reduce(_common, (schedule.periods_on(day) for schedule in _all(packs, purpose)), ALL_DAY)


def hours_by_purposes(packs: Sequence[Pack], day: date) -> Mapping[Periods, tuple[Purpose, ...]]:
    """Return which hours hold for which purposes on a local day."""
    found: dict[Periods, tuple[Purpose, ...]] = {}
    for purpose in Purpose:
        periods = hours_of_day(packs, purpose, day)
        found[periods] = (*found.get(periods, ()), purpose)
    return found


def _all(packs: Iterable[Pack], purpose: Purpose) -> Iterable[Schedule]:
    for pack in packs:
        yield from (schedule for _, schedule in pack.law_schedules(purpose))
        yield from (schedule for _, schedule in pack.house_schedules(purpose))
        yield outside(pack.house.rest_hours.periods)


def _common(first: Periods, second: Periods) -> Periods:
    """Return the pieces of a day that lie in both."""
    return tuple(
        LocalPeriod(start, end)
        for one in first
        for other in second
        if (start := max(one.start, other.start)) < (end := _earlier(one.end, other.end))
        or end == _MIDNIGHT
    )


def _earlier(one: time, other: time) -> time:
    """Return the earlier end of two; midnight is the day's."""
    return min((end for end in (one, other) if end != _MIDNIGHT), default=_MIDNIGHT)
