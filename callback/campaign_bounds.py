"""Within what a campaign may be set: the hours, machines and waits that law and packs allow.

A setting narrows what the packs allow and never widens it: every claim is judged by the packs
whatever is set. What could have no effect, or only a harmful one, is refused where it is set.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import time
from enum import StrEnum

from callback.campaign_model import Campaign, MachineHandling
from callback.campaign_settings import LONGEST_RETRY_MINUTES, MOST_TIMES
from callback.hours import LocalPeriod, Periods, Schedule, WeekHours
from callback.pack_model import Default, Pack
from core.errors import OwnerlineError
from customers.model import CallMode, Purpose

_DAYS_A_WEEK = 7
_MINUTES_AN_HOUR = 60
_MINUTES_A_DAY = 24 * _MINUTES_AN_HOUR
_ABANDONED, _OTHERWISE = "abandoned", "otherwise"


class Bound(StrEnum):
    """Which bound a setting passes."""

    HOURS = "hours"  # outside what any pack allows on that weekday
    NO_HOURS = "no_hours"  # nobody could ever be rung
    MACHINE_DEBT = "machine_debt"
    RETRY_TOO_LONG = "retry_too_long"
    RETRY_TOO_OFTEN = "retry_too_often"
    ABANDONED_SILENCE = "abandoned_silence"


class CampaignBoundError(OwnerlineError):
    """A campaign may not be set so: law or packs do not allow it; says the mend."""

    def __init__(self, bound: Bound, message: str, *, field: str, **facts: object) -> None:
        super().__init__(message)
        self.bound = bound
        self.field = field
        self.facts = facts


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What the packs in use allow a campaign of one purpose.

    `week` are the widest hours of any pack, Monday first; a phone is held to its own packs' hours.
    `caps` are attempts in hours, `asks_consent` says that automatic calls need a yes somewhere.
    """

    packs: tuple[str, ...]
    purpose: Purpose
    week: WeekHours
    caps: tuple[tuple[int, int], ...]
    abandoned_hours: int | None
    asks_consent: bool

    @property
    def may_leave_message(self) -> bool:
        """Whether a machine may hear what the call is about."""
        return self.purpose is not Purpose.DEBT


def bounds_under(packs: Sequence[Pack], purpose: Purpose) -> Bounds:
    """Return what these packs allow; with none, nothing is open."""
    silences = [
        pack.law.abandoned_silence.hours for pack in packs if pack.law.abandoned_silence is not None
    ]
    caps = {
        (cap.attempts, cap.window_hours)
        for pack in packs
        for cap in (*pack.law.attempt_caps, *pack.house.attempt_caps)
        if purpose in cap.purposes
    }
    return Bounds(
        packs=tuple(pack.name for pack in packs),
        purpose=purpose,
        week=tuple(_widest(packs, purpose, day) for day in range(_DAYS_A_WEEK)),
        caps=tuple(sorted(caps)),
        abandoned_hours=max(silences, default=None),
        asks_consent=any(
            pack.consent_defaults[purpose].of(CallMode.AUTOMATIC) is Default.DENY for pack in packs
        ),
    )


def check_bounds(campaign: Campaign, bounds: Bounds, *, before: Campaign) -> None:
    """Refuse what is set anew and passes a bound; what stands already is judged at every claim.

    Raises:
        CampaignBoundError: says which setting, which bound and the mend.
    """
    if campaign.hours != before.hours:
        _check_hours(campaign, bounds)
    if (
        campaign.machine is not before.machine
        and campaign.machine is MachineHandling.MESSAGE
        and not bounds.may_leave_message
    ):
        message = "a machine may hear no word of a debt; let it hang up"
        raise CampaignBoundError(Bound.MACHINE_DEBT, message, field="machine")
    for word, rule in [*campaign.retry.items(), (_OTHERWISE, campaign.otherwise)]:
        if rule == before.retry.get(word, before.otherwise):
            continue
        if rule.after_minutes > LONGEST_RETRY_MINUTES:
            message = f"{word}: {rule.after_minutes} minutes; {LONGEST_RETRY_MINUTES} are most"
            raise CampaignBoundError(
                Bound.RETRY_TOO_LONG,
                message,
                field=f"retry.{word}",
                most=LONGEST_RETRY_MINUTES,
            )
        if rule.times > MOST_TIMES:
            message = f"{word}: {rule.times} times; {MOST_TIMES} are most"
            raise CampaignBoundError(
                Bound.RETRY_TOO_OFTEN, message, field=f"retry.{word}", most=MOST_TIMES
            )
    hours = bounds.abandoned_hours
    abandoned = campaign.retry.get(_ABANDONED, campaign.otherwise)
    is_new = abandoned != before.retry.get(_ABANDONED, before.otherwise)
    if is_new and hours is not None and abandoned.after_minutes < hours * _MINUTES_AN_HOUR:
        least = hours * _MINUTES_AN_HOUR
        message = f"abandoned: the packs ask for {hours} hours of silence; wait {least} minutes"
        raise CampaignBoundError(
            Bound.ABANDONED_SILENCE,
            message,
            field=f"retry.{_ABANDONED}",
            hours=hours,
            least=least,
        )


def _check_hours(campaign: Campaign, bounds: Bounds) -> None:
    if campaign.hours is None:
        return
    if not any(campaign.hours):
        message = "nobody could ever be rung; open an hour, or pause the campaign"
        raise CampaignBoundError(Bound.NO_HOURS, message, field="hours")
    for day, periods in enumerate(campaign.hours):
        if _minutes(periods) - _minutes(bounds.week[day]):
            allowed = ", ".join(str(period) for period in bounds.week[day]) or "–"
            message = f"weekday {day + 1}: the packs allow {allowed}; stay within"
            raise CampaignBoundError(
                Bound.HOURS, message, field=f"hours.{day}", day=day, allowed=allowed
            )


def _widest(packs: Iterable[Pack], purpose: Purpose, day: int) -> Periods:
    """Return the minutes of a weekday that at least one pack leaves open."""
    minutes: set[int] = set()
    for pack in packs:
        schedules = [*pack.law_schedules(purpose), *pack.house_schedules(purpose)]
        minutes |= _open_in_all([schedule for _, schedule in schedules], day)
    return _periods(minutes)


def _open_in_all(schedules: Sequence[Schedule], day: int) -> set[int]:
    minutes = set(range(_MINUTES_A_DAY))
    for schedule in schedules:
        minutes &= _minutes(schedule.week[day])
    return minutes


def _minutes(periods: Periods) -> set[int]:
    return {minute for each in periods for minute in range(_minute(each.start), _end(each))}


def _end(period: LocalPeriod) -> int:
    return _minute(period.end) or _MINUTES_A_DAY


def _minute(at: time) -> int:
    return at.hour * _MINUTES_AN_HOUR + at.minute


def _periods(minutes: set[int]) -> Periods:
    starts = sorted(each for each in minutes if each - 1 not in minutes)
    ends = sorted(each + 1 for each in minutes if each + 1 not in minutes)
    return tuple(
        LocalPeriod(_time(start), _time(end)) for start, end in zip(starts, ends, strict=True)
    )


def _time(minute: int) -> time:
    hour, rest = divmod(minute % _MINUTES_A_DAY, _MINUTES_AN_HOUR)
    return time(hour, rest)
