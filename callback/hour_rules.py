"""Rules about the hour: law, the owner's rest, the house, in every zone the call touches."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from callback.call_facts import CallFacts, PhoneFacts
from callback.hours import Schedule, first_opening, outside, weekly, zone_named
from callback.pack_model import Pack
from callback.rules import Layer, Rule, Verdict, defer, deny

HORIZON = timedelta(days=60)  # nobody waits longer for a lawful hour; a longer closure is a mistake


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One call to one phone at one instant, under the packs that apply to it."""

    now: datetime
    facts: CallFacts
    phone: PhoneFacts
    packs: tuple[Pack, ...]
    zones: tuple[tuple[str, tzinfo], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hours:
    """A schedule somebody lays down, with what a refusal by it is called."""

    schedule: Schedule
    rule: Rule
    layer: Layer
    pack: Pack | None = None
    source: str | None = None


def zones_of(facts: CallFacts, phone: PhoneFacts) -> tuple[tuple[str, tzinfo], ...] | None:
    """Return every zone the unit or the phone may be in; None when one of them is unknown."""
    place = facts.place.time_zone
    if place is None or not phone.time_zones:
        return None
    zones: list[tuple[str, tzinfo]] = []
    for name in dict.fromkeys((place, *phone.time_zones)):
        zone = zone_named(name)
        if zone is None:
            return None
        zones.append((name, zone))
    return tuple(zones)


def refused_by_law_hours(asked: Asked) -> Verdict | None:
    """Outside the law's hours in some zone."""
    return _closed(asked, _law_hours(asked))


def refused_by_owner_hours(asked: Asked) -> Verdict | None:
    """Inside the owner's own rest hours in some zone."""
    return _closed(asked, _owner_hours(asked))


def refused_by_house_hours(asked: Asked) -> Verdict | None:
    """Inside the default rest hours, on a holiday, or outside the house's or campaign's hours."""
    return _closed(asked, _house_hours(asked))


def _law_hours(asked: Asked) -> Iterator[_Hours]:
    for pack in asked.packs:
        for hours, schedule in pack.law_schedules(asked.facts.due.purpose):
            yield _Hours(
                schedule=schedule,
                rule=Rule.LAW_HOURS,
                layer=Layer.LAW,
                pack=pack,
                source=hours.source,
            )


def _owner_hours(asked: Asked) -> Iterator[_Hours]:
    rest = asked.facts.person.rest_hours
    if rest:
        yield _Hours(schedule=outside(rest), rule=Rule.REST_HOURS, layer=Layer.OWNER)


def _house_hours(asked: Asked) -> Iterator[_Hours]:
    facts = asked.facts
    for pack in asked.packs:
        rest = pack.house.rest_hours
        if facts.person.rest_hours is None and rest.periods:
            yield _Hours(
                schedule=outside(rest.periods),
                rule=Rule.REST_HOURS,
                layer=Layer.HOUSE,
                pack=pack,
                source=rest.source,
            )
        for hours, schedule in pack.house_schedules(facts.due.purpose):
            yield _Hours(
                schedule=schedule,
                rule=Rule.HOUSE_HOURS,
                layer=Layer.HOUSE,
                pack=pack,
                source=hours.source,
            )
    if facts.setting.campaign_hours is not None:
        yield _Hours(
            schedule=weekly(facts.setting.campaign_hours),
            rule=Rule.CAMPAIGN_HOURS,
            layer=Layer.HOUSE,
        )


def _closed(asked: Asked, asked_hours: Iterable[_Hours]) -> Verdict | None:
    """Name the first closed schedule, and when all that bind the call are next open together."""
    for hours in asked_hours:
        for name, zone in asked.zones:
            if not hours.schedule.is_open(asked.now, zone):
                return _refusal(asked, hours, name, zone)
    return None


def _refusal(asked: Asked, hours: _Hours, zone_name: str, zone: tzinfo) -> Verdict:
    local = asked.now.astimezone(zone)
    holiday = hours.schedule.holiday_on(local.date())
    facts: dict[str, object] = {
        "local_time": local.isoformat(),
        "zone": zone_name,
        "open": [str(period) for period in hours.schedule.periods_on(local.date())],
        "source": hours.source,
    }
    if holiday is not None:
        facts["holiday"] = holiday
    rule = Rule.HOLIDAY if holiday is not None else hours.rule
    opening = first_opening(
        [(each.schedule, zone) for each in _binding_hours(asked) for _, zone in asked.zones],
        asked.now,
        asked.now + HORIZON,
    )
    if opening is None:
        refusal = deny(Rule.NO_LAWFUL_HOUR, hours.layer, days=HORIZON.days, closed_by=rule, **facts)
    else:
        refusal = defer(rule, hours.layer, opening, **facts)
    return refusal if hours.pack is None else refusal.under(hours.pack.name, hours.pack.version)


def _binding_hours(asked: Asked) -> Iterator[_Hours]:
    yield from _law_hours(asked)
    if not asked.facts.due.appointment_holds(asked.now):
        yield from _owner_hours(asked)
        yield from _house_hours(asked)
