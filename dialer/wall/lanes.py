"""The lanes of the wall: a row a reason, read across to the half hour in which a deadline falls.

Pure. A deadline in the owners' rest, at midnight say, falls to the last half hour before it in
which somebody may be rung. What will not be met is reckoned by the pace of the last hour.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor

from callback.campaigns import Campaign
from callback.hours import Source, outside, weekly, zone_named
from callback.packs import Packs
from customers.model import Purpose, Reason
from dialer.wall.model import SLOT, Lately, Now, OnTime, Place, Queue

AXIS = timedelta(hours=6, minutes=15)
_STEP = timedelta(minutes=5)
_HOUR = timedelta(hours=1)
_SOON = SLOT  # nothing is known of a pace: what falls due so soon is at risk

ORDER = (
    Reason.MISSED_CALL,
    Reason.PROMISED,
    Reason.COMPLAINT,
    Reason.REPAIR,
    Reason.OVERDUE,
    Reason.NOTICE,
    Reason.ENQUIRY,
    Reason.FOLLOWUP,
    Reason.SURVEY,
    Reason.GREETING,
    Reason.UPLOADED,
    Reason.PROSPECT,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """The hours that the wall shows, from the last full hour on."""

    starts_at: datetime
    now: datetime

    @classmethod
    def at(cls, now: datetime) -> "Axis":
        """Return the axis of an instant."""
        return cls(starts_at=now.replace(minute=0, second=0, microsecond=0), now=now)

    @property
    def ends_at(self) -> datetime:
        """Where it ends."""
        return self.starts_at + AXIS

    @property
    def hours(self) -> list[datetime]:
        """The full hours on it."""
        return [self.starts_at + each * _HOUR for each in range(floor(AXIS / _HOUR) + 1)]

    def x(self, at: datetime) -> float:
        """Return where an instant lies, in per cent of the width, never beside it."""
        return max(0.0, min(100.0, 100 * ((at - self.starts_at) / AXIS)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """What falls due in a half hour, and how many of it will not be met."""

    starts_at: datetime
    count: int
    unmet: int

    @property
    def at_risk(self) -> bool:
        """Whether some of it will not be met as things go."""
        return self.unmet > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """One reason: what waits, rings and talks, what is late, and when the rest falls due."""

    reason: Reason
    campaigns: Sequence[Campaign]
    waiting: int
    ringing: int
    talking: int
    late: int
    slots: Sequence[Slot]
    closed: Sequence[tuple[datetime, datetime]]
    on_time: OnTime | None
    held: bool  # nothing of it is dialled now
    pace: int | None  # settled in the last hour; None: says nothing, for nothing had to wait

    @property
    def at_risk(self) -> int:
        """How many deadlines of the axis will not be met."""
        return sum(each.unmet for each in self.slots)


def lanes_of(
    now: Now,
    lately: Lately,
    axis: Axis,
    *,
    campaigns: Iterable[Campaign],
    packs: Packs,
) -> list[Lane]:
    """Return the lanes: the house's reasons, and every other of which something is open."""
    by_reason: dict[Reason, list[Campaign]] = {}
    for campaign in campaigns:
        by_reason.setdefault(campaign.reason, []).append(campaign)
    shown = {each.reason for each in now.queues} | by_reason.keys()
    shown |= {each.reason for each in now.live if each.reason is not None}
    return [
        _lane(reason, now, lately, axis, campaigns=by_reason.get(reason, ()), packs=packs)
        for reason in ORDER
        if reason in shown
    ]


def _lane(
    reason: Reason,
    now: Now,
    lately: Lately,
    axis: Axis,
    *,
    campaigns: Sequence[Campaign],
    packs: Packs,
) -> Lane:
    queues = [each for each in now.queues if each.reason is reason]
    late = sum(each.late for each in queues)
    last_hour = sum(each.last_hour for each in lately.settled if each.reason is reason)
    pace = last_hour if last_hour and any(each.due for each in queues) else None
    held = _is_held(now, queues)
    hours = _Hours.of(
        lately.places,
        packs,
        {each.purpose for each in queues} or {each.purpose for each in campaigns},
        campaigns,
    )
    opened = hours.open_steps(axis.starts_at, axis.ends_at)
    return Lane(
        reason=reason,
        campaigns=campaigns,
        waiting=sum(each.waiting for each in queues),
        ringing=sum(e.calls for e in now.live if e.reason is reason and not e.talking),
        talking=sum(e.calls for e in now.live if e.reason is reason and e.talking),
        late=late,
        slots=_slots(
            now.deadlines.get(reason, {}),
            axis,
            hours,
            opened=opened,
            late=late,
            pace=0 if held else pace,
        ),
        closed=_closed(axis, opened),
        on_time=lately.on_time.get(reason),
        held=held,
        pace=pace,
    )


def _is_held(now: Now, queues: Sequence[Queue]) -> bool:
    """Say whether a switch keeps all of a reason from being dialled."""
    standing = now.standing
    if standing.is_stopped or not standing.reconciled:
        return True
    return bool(queues) and all(each.campaign in standing.paused for each in queues)


def _slots(
    deadlines: Mapping[datetime, int],
    axis: Axis,
    hours: "_Hours",
    *,
    opened: Sequence[datetime],
    late: int,
    pace: int | None,
) -> list[Slot]:
    counts: dict[datetime, int] = {}
    for falls_at, count in deadlines.items():
        at = _slot_of(hours.last_open(falls_at, axis.now), axis)
        if at < axis.ends_at:
            counts[at] = counts.get(at, 0) + count
    slots, before, unmet_before = [], late, 0
    for starts_at in sorted(counts):
        before += counts[starts_at]
        unmet = _unmet(before, starts_at + SLOT, axis, opened=opened, pace=pace)
        more = max(0, min(counts[starts_at], unmet - unmet_before))
        unmet_before = max(unmet, unmet_before)
        slots.append(Slot(starts_at=starts_at, count=counts[starts_at], unmet=more))
    return slots


def _unmet(
    due: int, by: datetime, axis: Axis, *, opened: Sequence[datetime], pace: int | None
) -> int:
    """Return how many of what is due by an instant will not be met at a pace an hour."""
    if pace is None:
        return due if by - axis.now <= _SOON else 0
    steps = sum(1 for each in opened if axis.now <= each < by)
    return max(0, due - floor(pace * (steps * _STEP) / _HOUR))


def _slot_of(at: datetime, axis: Axis) -> datetime:
    return axis.starts_at + floor((at - axis.starts_at) / SLOT) * SLOT


def _closed(axis: Axis, opened: Sequence[datetime]) -> list[tuple[datetime, datetime]]:
    """Return the stretches of the axis in which nobody may be rung."""
    found: list[tuple[datetime, datetime]] = []
    is_open = frozenset(opened)
    for each in _steps(axis.starts_at, axis.ends_at):
        if each in is_open:
            continue
        if found and found[-1][1] == each:
            found[-1] = (found[-1][0], each + _STEP)
        else:
            found.append((each, each + _STEP))
    return found


def _steps(since: datetime, until: datetime) -> Iterable[datetime]:
    return (since + nth * _STEP for nth in range(floor((until - since) / _STEP)))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hours:
    """When somebody in some community may be rung: each place's schedules, which all bind."""

    places: tuple[tuple[Source, ...], ...]

    @classmethod
    def of(
        cls,
        places: Sequence[Place],
        packs: Packs,
        purposes: Iterable[Purpose],
        campaigns: Sequence[Campaign],
    ) -> "_Hours":
        narrowed = [each.hours for each in campaigns]
        own = [None] if not narrowed or None in narrowed else narrowed
        return cls(
            places=tuple(
                (*sources, (weekly(week), sources[0][1])) if week is not None else sources
                for place in places
                for purpose in purposes
                for week in own
                if (sources := sources_of(place, purpose, packs))
            )
        )

    def is_open(self, at: datetime) -> bool:
        """Say whether anybody may be rung; where no community is known everybody may."""
        return not self.places or any(
            all(schedule.is_open(at, zone) for schedule, zone in sources) for sources in self.places
        )

    def open_steps(self, since: datetime, until: datetime) -> list[datetime]:
        """Return the steps in which somebody may be rung."""
        return [each for each in _steps(since, until) if self.is_open(each)]

    def last_open(self, at: datetime, now: datetime) -> datetime:
        """Return the instant itself, or the last step before it in which somebody may be rung.

        Where there is none from now on, the instant: no call meets it any more.
        """
        each = at
        while not self.is_open(each):
            each -= _STEP
            if each < now - _STEP:
                return at
        return each


def sources_of(place: Place, purpose: Purpose, packs: Packs) -> tuple[Source, ...]:
    """Return the schedules that bind calls for a purpose in a place; none if the rules are unknown.

    An owner's own rest hours are not among them, the house's for those who named none are.
    """
    zone = zone_named(place.time_zone)
    applying = packs.applying(place.packs, place.region, place.region)
    if zone is None or not applying:
        return ()
    found: list[Source] = []
    for pack in applying:
        found += [(schedule, zone) for _, schedule in pack.law_schedules(purpose)]
        if pack.house.rest_hours.periods:
            found.append((outside(pack.house.rest_hours.periods), zone))
        found += [(schedule, zone) for _, schedule in pack.house_schedules(purpose)]
    return tuple(found)
