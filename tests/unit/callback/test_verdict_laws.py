"""Laws of every verdict: lawful hours only, exact deferrals, restrictions only restrict."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from callback.hours import LocalPeriod, zone_named
from callback.packs import shipped_packs
from callback.verdict import (
    CallFacts,
    Consent,
    Decision,
    OptOut,
    PastAttempt,
    PhoneFacts,
    Rule,
    judge,
)
from core.phone import PhoneNumber
from customers.model import CallMode, Purpose, Reason
from tests.unit.callback.call import (
    LONDON,
    LONG_AGO,
    LOS_ANGELES,
    NEW_YORK,
    SHANGHAI,
    call,
    consent,
)

PACKS = shipped_packs()
NUMBERS = (SHANGHAI, NEW_YORK, LOS_ANGELES, LONDON, PhoneNumber("+447911123456"))
HOUR_RULES = {
    Rule.LAW_HOURS,
    Rule.REST_HOURS,
    Rule.HOLIDAY,
    Rule.HOUSE_HOURS,
    Rule.CAMPAIGN_HOURS,
}
INSTANT = timedelta(microseconds=1)

# Around both changes of both zones that have them, and through a year of holidays.
instants = st.one_of(
    st.datetimes(datetime(2026, 3, 6), datetime(2026, 3, 10)),  # noqa: DTZ001 - made UTC below
    st.datetimes(datetime(2026, 10, 23), datetime(2026, 11, 3)),  # noqa: DTZ001
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001
).map(lambda at: at.replace(tzinfo=UTC))
periods = (
    st.lists(st.times(), min_size=2, max_size=2, unique=True)
    .map(sorted)
    .map(lambda ends: LocalPeriod(ends[0], ends[1]))
)


@st.composite
def asked(draw: st.DrawFn, *, consented: bool = False) -> tuple[datetime, CallFacts]:
    """Return an instant and a call that most often only time and counts can refuse."""
    now = draw(instants)
    pack = draw(st.sampled_from(["CN", "US", "UK"]))
    purpose = draw(st.sampled_from([Purpose.DEBT, Purpose.SERVICE, Purpose.SURVEY]))
    mode = draw(st.sampled_from(CallMode))
    numbers = draw(st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3, unique=True))
    willing = numbers if consented else draw(st.lists(st.sampled_from(numbers), unique=True))
    named = draw(st.none() | st.timedeltas(timedelta(minutes=-90), timedelta(minutes=90)))
    facts = call(
        pack,
        purpose,
        person={"rest_hours": draw(st.none() | st.lists(periods, max_size=2).map(tuple))},
        phones=tuple(PhoneFacts.of(number, nth) for nth, number in enumerate(numbers)),
        consents=tuple(consent(number, purpose, mode=mode) for number in willing),
        due={
            "mode": mode,
            "appointment": named is not None,
            "not_before": None if named is None else now + named,
        },
        setting={"destinations": ("CN", "US", "GB", "GG"), "agent_reserved": draw(st.booleans())},
        attempts=tuple(draw(st.lists(attempts(now), max_size=5))),
    )
    return now, facts


@st.composite
def attempts(draw: st.DrawFn, now: datetime) -> PastAttempt:
    return PastAttempt(
        at=now - draw(st.timedeltas(timedelta(), timedelta(days=9))),
        phone=draw(st.sampled_from(NUMBERS)),
        mode=draw(st.sampled_from(CallMode)),
        purpose=draw(st.sampled_from(Purpose)),
        conversation=draw(st.booleans()),
        abandoned=draw(st.booleans()),
        debt_ids=frozenset(draw(st.lists(st.integers(1, 3)))),
        due_call_ids=frozenset({draw(st.integers(6, 8))}),
        retry_until=draw(st.none() | st.just(now + timedelta(minutes=5))),
    )


def law_says_open(now: datetime, facts: CallFacts, phone: PhoneFacts) -> bool:
    """Read the law off the pack by the wall clock of every zone, without the code under test."""
    applying = PACKS.applying(facts.place.packs, facts.place.region, phone.region)
    zones = [zone_named(name) for name in (facts.place.time_zone or "", *phone.time_zones)]
    assert applying is not None
    walls = [now.astimezone(zone) for zone in zones]
    return all(
        any(
            period.start <= wall.time() and (period.end == time(0) or wall.time() < period.end)
            for period in rule.week[wall.weekday()]
        )
        for pack in applying
        for rule in pack.law.hours
        if facts.due.purpose in rule.purposes
        for wall in walls
    )


@given(asked())
def test_nobody_is_rung_outside_the_hours_of_the_law_in_any_zone(
    question: tuple[datetime, CallFacts],
) -> None:
    now, facts = question
    verdict = judge(now, facts, PACKS)
    if verdict.decision is Decision.ALLOW:
        phone = next(phone for phone in facts.phones if phone.phone == verdict.phone)
        assert law_says_open(now, facts, phone)


@given(asked(consented=True))
def test_a_deferral_by_hours_ends_at_the_very_instant_hours_allow_it(
    question: tuple[datetime, CallFacts],
) -> None:
    now, facts = question
    facts = replace(facts, attempts=(), phones=facts.phones[:1])
    verdict = judge(now, facts, PACKS)
    if verdict.rule not in HOUR_RULES:
        return
    assert verdict.until is not None
    assert verdict.until > now
    assert judge(verdict.until, facts, PACKS).decision is Decision.ALLOW
    assert judge(verdict.until - INSTANT, facts, PACKS).decision is Decision.DEFER


@given(asked())
def test_a_deferral_ends_later_and_a_denial_never(question: tuple[datetime, CallFacts]) -> None:
    now, facts = question
    verdict = judge(now, facts, PACKS)
    assert (verdict.until is not None) is (verdict.decision is Decision.DEFER)
    assert verdict.until is None or verdict.until > now
    assert verdict.phone is not None or verdict.decision is not Decision.ALLOW


Restriction = Callable[[datetime, CallFacts], CallFacts]


def withdrawn(now: datetime, facts: CallFacts) -> Consent:
    return Consent(
        phone=facts.phones[0].phone,
        purpose=facts.due.purpose,
        mode=facts.due.mode,
        granted=False,
        given_at=now,
    )


RESTRICTIONS: dict[str, Restriction] = {
    "stopped": lambda _, f: replace(f, setting=replace(f.setting, stopped=True)),
    "disputed": lambda _, f: replace(f, due=replace(f.due, disputed=True)),
    "opted out": lambda _, f: replace(f, opt_outs=(OptOut(since=LONG_AGO, reason=Reason.OVERDUE),)),
    "one number opted out": lambda _, f: replace(
        f, opt_outs=(OptOut(since=LONG_AGO, phone=f.phones[0].phone),)
    ),
    "one number dead": lambda _, f: replace(
        f, phones=(replace(f.phones[0], dead=True), *f.phones[1:])
    ),
    "withdrawn": lambda now, f: replace(f, consents=(*f.consents, withdrawn(now, f))),
    "campaign hours": lambda _, f: replace(
        f,
        setting=replace(f.setting, campaign_hours=((LocalPeriod(time(10), time(11)),),) * 7),
    ),
    "another pack": lambda _, f: replace(
        f, place=replace(f.place, packs=tuple(dict.fromkeys((*f.place.packs, "US"))))
    ),
    "another zone": lambda _, f: replace(
        f, phones=tuple(replace(p, time_zones=(*p.time_zones, "Asia/Tokyo")) for p in f.phones)
    ),
    "extension": lambda now, f: replace(
        f, due=replace(f.due, extension_until=now + timedelta(days=1))
    ),
    "not before": lambda now, f: replace(
        f, due=replace(f.due, not_before=now + timedelta(hours=1))
    ),
}


@settings(max_examples=200)
@given(asked(), st.sampled_from(sorted(RESTRICTIONS)))
def test_a_restriction_never_lets_a_call_through(
    question: tuple[datetime, CallFacts], name: str
) -> None:
    now, facts = question
    restricted = RESTRICTIONS[name](now, facts)
    if judge(now, facts, PACKS).decision is not Decision.ALLOW:
        assert judge(now, restricted, PACKS).decision is not Decision.ALLOW


@given(asked(), st.data())
def test_one_more_attempt_never_lets_a_call_through(
    question: tuple[datetime, CallFacts], data: st.DataObject
) -> None:
    now, facts = question
    more = replace(facts, attempts=(*facts.attempts, data.draw(attempts(now))))
    if judge(now, facts, PACKS).decision is not Decision.ALLOW:
        assert judge(now, more, PACKS).decision is not Decision.ALLOW


@given(asked())
def test_equal_facts_give_equal_verdicts_whatever_zone_they_are_written_in(
    question: tuple[datetime, CallFacts],
) -> None:
    now, facts = question
    zone = zone_named("America/New_York")
    elsewhere = replace(
        facts, attempts=tuple(replace(a, at=a.at.astimezone(zone)) for a in facts.attempts)
    )
    assert judge(now.astimezone(zone), elsewhere, PACKS) == judge(now, facts, PACKS)
