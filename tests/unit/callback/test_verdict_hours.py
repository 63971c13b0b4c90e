"""Hours by pack, weekday, holiday and zone, on ordinary days and on those the clocks change."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from callback.hours import LocalPeriod
from callback.packs import shipped_packs
from callback.verdict import CallFacts, Decision, Layer, PhoneFacts, Rule, Verdict, judge
from customers.model import Purpose
from tests.unit.callback.call import LOS_ANGELES, call, consent, local

PACKS = shipped_packs()
CN, US, UK = "Asia/Shanghai", "America/New_York", "Europe/London"
WEEK = [f"2026-03-{day:02}" for day in range(9, 16)]  # Monday to Sunday, no holiday anywhere
DAY_NAMES = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def at(zone: str, text: str, facts: CallFacts, fold: int = 0) -> Verdict:
    return judge(local(zone, text, fold), facts, PACKS)


def short(verdict: Verdict) -> tuple[Decision, Rule, Layer]:
    return verdict.decision, verdict.rule, verdict.layer


@pytest.mark.parametrize("day", WEEK, ids=DAY_NAMES)
@pytest.mark.parametrize(
    ("clock", "rule", "layer", "opens"),
    [
        ("07:59", Rule.LAW_HOURS, Layer.LAW, "09:00"),
        ("08:00", Rule.HOUSE_HOURS, Layer.HOUSE, "09:00"),
        ("08:59:59.999999", Rule.HOUSE_HOURS, Layer.HOUSE, "09:00"),
        ("09:00", None, None, None),
        ("11:59:59.999999", None, None, None),
        ("12:00", Rule.REST_HOURS, Layer.HOUSE, "14:00"),
        ("13:59:59", Rule.REST_HOURS, Layer.HOUSE, "14:00"),
        ("14:00", None, None, None),
        ("19:59:59", None, None, None),
        ("20:00", Rule.REST_HOURS, Layer.HOUSE, "tomorrow 09:00"),
        ("21:59:59", Rule.REST_HOURS, Layer.HOUSE, "tomorrow 09:00"),
        ("22:00", Rule.LAW_HOURS, Layer.LAW, "tomorrow 09:00"),
    ],
)
def test_a_chinese_reminder_keeps_to_morning_and_afternoon_every_day(
    day: str, clock: str, rule: Rule | None, layer: Layer | None, opens: str | None
) -> None:
    verdict = at(CN, f"{day}T{clock}", call("CN"))
    if rule is None:
        assert verdict.decision is Decision.ALLOW
        return
    assert short(verdict) == (Decision.DEFER, rule, layer)
    assert opens is not None
    expected = local(CN, f"{day}T{opens.removeprefix('tomorrow ')}")
    assert verdict.until == expected + timedelta(days=opens.startswith("tomorrow"))


@pytest.mark.parametrize(
    ("pack", "zone", "clock", "open_on"),
    [
        ("US", US, "07:59", ""),
        ("US", US, "08:00", "mon tue wed thu fri sat sun"),
        ("US", US, "12:00", ""),
        ("US", US, "14:00", "mon tue wed thu fri sat sun"),
        ("US", US, "19:59", "mon tue wed thu fri sat sun"),
        ("US", US, "20:00", ""),
        ("UK", UK, "07:59", ""),
        ("UK", UK, "08:00", "mon tue wed thu fri"),
        ("UK", UK, "09:00", "mon tue wed thu fri sat"),
        ("UK", UK, "16:59", "mon tue wed thu fri sat"),
        ("UK", UK, "17:00", "mon tue wed thu fri"),
        ("UK", UK, "20:00", ""),
        ("rehearsal", CN, "03:00", "mon tue wed thu fri sat sun"),
        ("rehearsal", CN, "13:00", "mon tue wed thu fri sat sun"),
    ],
)
@pytest.mark.parametrize("purpose", list(Purpose))
def test_each_pack_has_its_own_week(
    pack: str, zone: str, clock: str, open_on: str, purpose: Purpose
) -> None:
    facts = call(pack, purpose)
    facts = replace(facts, phones=tuple(replace(p, on_national_list=False) for p in facts.phones))
    allowed = [
        name
        for name, day in zip(DAY_NAMES, WEEK, strict=True)
        if at(zone, f"{day}T{clock}", facts).decision is Decision.ALLOW
    ]
    assert " ".join(allowed) == open_on


@pytest.mark.parametrize(
    ("pack", "zone", "holiday", "next_open"),
    [
        ("CN", CN, "2026-10-01", "2026-10-08T09:00"),
        ("CN", CN, "2026-10-04", "2026-10-08T09:00"),  # the Sunday within the week off
        ("CN", CN, "2026-02-21", "2026-02-24T09:00"),
        ("US", US, "2026-11-26", "2026-11-27T08:00"),
        ("UK", UK, "2026-04-03", "2026-04-04T09:00"),
        ("UK", UK, "2026-12-25", "2026-12-29T08:00"),
    ],
)
def test_nobody_is_rung_on_a_public_holiday(
    pack: str, zone: str, holiday: str, next_open: str
) -> None:
    verdict = at(zone, f"{holiday}T10:00", call(pack))
    assert short(verdict) == (Decision.DEFER, Rule.HOLIDAY, Layer.HOUSE)
    assert verdict.until == local(zone, next_open)
    assert at(zone, next_open, call(pack)).decision is Decision.ALLOW


@pytest.mark.parametrize(
    ("pack", "zone", "wall", "until"),
    [
        ("US", US, "2026-03-08T01:59", "2026-03-08T08:00"),  # 02:00 never comes
        ("US", US, "2026-03-08T03:00", "2026-03-08T08:00"),
        ("US", US, "2026-03-07T21:00", "2026-03-08T08:00"),
        ("US", US, "2026-11-01T01:30", "2026-11-01T08:00"),  # comes twice
        ("US", US, "2026-10-31T21:00", "2026-11-01T08:00"),
        ("UK", UK, "2026-03-28T20:30", "2026-03-30T08:00"),  # the clocks change on Sunday
        ("UK", UK, "2026-03-29T00:59", "2026-03-30T08:00"),
        ("UK", UK, "2026-10-24T20:30", "2026-10-26T08:00"),
        ("UK", UK, "2026-10-25T01:30", "2026-10-26T08:00"),
    ],
)
@pytest.mark.parametrize("fold", [0, 1])
def test_the_next_lawful_moment_is_exact_where_the_clocks_change(
    pack: str, zone: str, wall: str, until: str, fold: int
) -> None:
    verdict = at(zone, wall, call(pack), fold)
    assert verdict.decision is Decision.DEFER
    assert verdict.until == local(zone, until)


@pytest.mark.parametrize(("day", "seconds"), [("2026-03-08", 2 * 3600), ("2026-11-01", 4 * 3600)])
def test_campaign_hours_across_a_clock_change_last_as_long_as_the_wall_says(
    day: str, seconds: int
) -> None:
    night = (LocalPeriod(time(1), time(4)),)
    facts = call(
        "rehearsal",
        place={"time_zone": US},
        setting={"campaign_hours": (night,) * 7},
        phones=(replace(call("rehearsal").phones[0], time_zones=(US,)),),
    )
    start = local(US, f"{day}T00:00").astimezone(UTC)
    open_minutes = sum(
        judge(start + timedelta(minutes=minute), facts, PACKS).decision is Decision.ALLOW
        for minute in range(6 * 60)
    )
    assert open_minutes * 60 == seconds


@pytest.mark.parametrize(
    ("wall_in_new_york", "allowed"),
    [("10:59", False), ("11:00", True), ("11:59", True), ("12:30", False), ("14:30", True),
     ("15:00", False), ("16:59", False), ("17:00", True), ("19:59", True), ("20:30", False)],
)  # fmt: skip
def test_hours_hold_in_the_zone_of_the_unit_and_in_that_of_the_phone(
    wall_in_new_york: str, allowed: bool
) -> None:
    facts = call(
        "US",
        phones=(PhoneFacts.of(LOS_ANGELES, 1),),
        consents=(consent(LOS_ANGELES, Purpose.DEBT),),
    )
    verdict = at(US, f"2026-03-10T{wall_in_new_york}", facts)
    assert (verdict.decision is Decision.ALLOW) is allowed


def test_a_phone_whose_zone_is_closed_gives_way_to_the_next_one() -> None:
    facts = call(
        "US",
        phones=(
            PhoneFacts.of(LOS_ANGELES, 1),
            call("US").phones[0].__class__.of(call("US").phones[0].phone, 2),
        ),
        consents=(consent(LOS_ANGELES, Purpose.DEBT), *call("US").consents),
    )
    verdict = at(US, "2026-03-10T09:00", facts)
    assert verdict.decision is Decision.ALLOW
    assert verdict.phone == call("US").phones[0].phone


def test_when_every_phone_waits_the_one_that_opens_first_is_named() -> None:
    home = call("US")
    facts = replace(
        home,
        phones=(PhoneFacts.of(LOS_ANGELES, 1), replace(home.phones[0], position=2)),
        consents=(consent(LOS_ANGELES, Purpose.DEBT), *home.consents),
    )
    verdict = at(US, "2026-03-10T05:00", facts)
    assert verdict.until == local(US, "2026-03-10T08:00")
    assert verdict.phone == home.phones[0].phone


@pytest.mark.parametrize("changes", [
    {"place": {"time_zone": None}},
    {"place": {"time_zone": "Mars/Olympus"}},
    {"phones": (replace(call().phones[0], time_zones=()),)},
    {"phones": (replace(call().phones[0], time_zones=("Asia/Shanghai", "Nowhere")),)},
])  # fmt: skip
def test_an_unknown_zone_rings_nobody(changes: dict[str, Any]) -> None:
    verdict = at(CN, "2026-03-10T10:00", call(**changes))
    assert short(verdict) == (Decision.DENY, Rule.UNKNOWN_ZONE, Layer.LAW)


@pytest.mark.parametrize("packs", [(), ("Atlantis",), ("CN", "Atlantis")])
def test_an_unknown_pack_rings_nobody(packs: tuple[str, ...]) -> None:
    verdict = at(CN, "2026-03-10T10:00", call(place={"packs": packs}))
    assert short(verdict) == (Decision.DENY, Rule.NO_PACK, Layer.LAW)


def test_hours_that_never_meet_are_a_refusal_and_not_a_search_without_end() -> None:
    facts = call(setting={"campaign_hours": ((LocalPeriod(time(3), time(4)),),) * 7})
    verdict = at(CN, "2026-03-10T10:00", facts)
    assert short(verdict) == (Decision.DENY, Rule.NO_LAWFUL_HOUR, Layer.HOUSE)


def test_the_owners_own_rest_hours_replace_the_default_ones() -> None:
    own = {"rest_hours": (LocalPeriod(time(9), time(11)),)}
    verdict = at(CN, "2026-03-10T10:00", call(person=own))
    assert short(verdict) == (Decision.DEFER, Rule.REST_HOURS, Layer.OWNER)
    assert verdict.until == local(CN, "2026-03-10T11:00")
    assert at(US, "2026-03-10T13:00", call("US", person=own)).decision is Decision.ALLOW


@pytest.mark.parametrize(
    ("wall", "decision", "rule"),
    [
        ("10:00", Decision.ALLOW, Rule.ALLOWED),
        ("12:30", Decision.ALLOW, Rule.APPOINTMENT),  # rest hours
        ("08:30", Decision.ALLOW, Rule.APPOINTMENT),  # before the house opens
        ("21:59", Decision.ALLOW, Rule.APPOINTMENT),
        ("22:00", Decision.DEFER, Rule.LAW_HOURS),
        ("07:59", Decision.DEFER, Rule.LAW_HOURS),
    ],
)
def test_an_appointment_wins_over_the_default_window_but_not_over_the_law(
    wall: str, decision: Decision, rule: Rule
) -> None:
    named = local(CN, f"2026-03-10T{wall}")
    due = {"appointment": True, "not_before": named, "due_by": named + timedelta(minutes=30)}
    verdict = judge(named, call(due=due), PACKS)
    assert (verdict.decision, verdict.rule) == (decision, rule)


def test_an_appointment_on_a_holiday_is_kept() -> None:
    named = local(CN, "2026-10-01T10:00")
    due = {"appointment": True, "not_before": named, "due_by": named}
    assert judge(named, call(due=due), PACKS).rule is Rule.APPOINTMENT


def test_an_appointment_missed_by_hours_falls_back_to_the_default_window() -> None:
    named = local(CN, "2026-03-10T12:30")
    due = {"appointment": True, "not_before": named, "due_by": named}
    just_before_the_end = named + timedelta(minutes=59)
    assert judge(just_before_the_end, call(due=due), PACKS).rule is Rule.APPOINTMENT
    late = local(CN, "2026-03-11T12:30")
    assert judge(late, call(due=due), PACKS).rule is Rule.REST_HOURS


def test_a_call_waits_for_its_time() -> None:
    named: datetime = local(CN, "2026-03-10T15:00")
    verdict = at(CN, "2026-03-10T14:59:59", call(due={"not_before": named}))
    assert short(verdict) == (Decision.DEFER, Rule.NOT_BEFORE, Layer.SYSTEM)
    assert verdict.until == named
