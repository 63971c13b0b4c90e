"""Silences, caps, gaps and retry intervals, exactly at their edges."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from callback.packs import shipped_packs
from callback.verdict import CallFacts, Decision, Layer, PastAttempt, Rule, judge
from core.phone import PhoneNumber
from customers.model import CallMode, Purpose
from tests.unit.callback.call import LONDON, NEW_YORK, SHANGHAI, call, local

PACKS = shipped_packs()
NOON_CN = local("Asia/Shanghai", "2026-03-11T11:00")
NOON_US = local("America/New_York", "2026-03-25T11:00")
NOON_UK = local("Europe/London", "2026-03-25T11:00")
INSTANT = timedelta(microseconds=1)


def attempt(at: datetime, phone: PhoneNumber = SHANGHAI, **changes: Any) -> PastAttempt:
    plain = PastAttempt(
        at=at,
        phone=phone,
        mode=CallMode.AUTOMATIC,
        purpose=Purpose.DEBT,
        debt_ids=frozenset({1}),
        due_call_ids=frozenset({99}),
    )
    return replace(plain, **changes)


def outcome(now: datetime, facts: CallFacts) -> tuple[Decision, Rule, Layer, datetime | None]:
    verdict = judge(now, facts, PACKS)
    return verdict.decision, verdict.rule, verdict.layer, verdict.until


def us_agent(*attempts: PastAttempt, **due: Any) -> CallFacts:
    """A debt call by an agent at a time the owner named: only the law is left to refuse it."""
    return call(
        "US",
        due={
            "mode": CallMode.AGENT,
            "appointment": True,
            "not_before": NOON_US - timedelta(minutes=10),
            **due,
        },
        attempts=attempts,
    )


def seven(first_ago: timedelta, **changes: Any) -> list[PastAttempt]:
    return [
        attempt(NOON_US - first_ago + timedelta(hours=number), NEW_YORK, **changes)
        for number in range(7)
    ]


def test_the_eighth_attempt_about_a_debt_waits_until_the_first_is_seven_days_old() -> None:
    week = timedelta(days=7)
    assert outcome(NOON_US, us_agent(*seven(week)))[0] is Decision.ALLOW
    assert outcome(NOON_US, us_agent(*seven(week - INSTANT))) == (
        Decision.DEFER,
        Rule.ATTEMPT_CAP,
        Layer.LAW,
        NOON_US + INSTANT,
    )


def test_an_attempt_about_five_charges_counts_on_each_of_them() -> None:
    past = seven(timedelta(days=3), debt_ids=frozenset(range(1, 6)))
    assert outcome(NOON_US, us_agent(*past, debt_ids=frozenset({5, 8})))[1] is Rule.ATTEMPT_CAP
    assert outcome(NOON_US, us_agent(*past, debt_ids=frozenset({8})))[0] is Decision.ALLOW


def test_a_debt_call_that_names_no_debt_counts_every_debt_call() -> None:
    past = seven(timedelta(days=3), debt_ids=frozenset())
    assert outcome(NOON_US, us_agent(*past))[1] is Rule.ATTEMPT_CAP
    assert outcome(NOON_US, us_agent(*seven(timedelta(days=3)), debt_ids=frozenset()))[1] is (
        Rule.ATTEMPT_CAP
    )


def test_calls_about_a_repair_do_not_count_on_a_debt() -> None:
    past = seven(timedelta(days=3), debt_ids=frozenset(), purpose=Purpose.SERVICE)
    assert outcome(NOON_US, us_agent(*past))[0] is Decision.ALLOW


def test_a_call_of_theirs_to_us_is_no_attempt_and_its_conversation_silences_all_the_same() -> None:
    rang_us = seven(timedelta(days=3), inbound=True)
    assert outcome(NOON_US, us_agent(*rang_us))[0] is Decision.ALLOW
    talk = replace(rang_us[-1], answered=True, conversation=True)
    assert outcome(NOON_US, us_agent(talk))[1] is Rule.SILENCE


def test_a_conversation_about_a_debt_is_followed_by_seven_days_of_silence() -> None:
    week = timedelta(days=7)
    talk = attempt(NOON_US - week + INSTANT, NEW_YORK, answered=True, conversation=True)
    assert outcome(NOON_US, us_agent(talk)) == (
        Decision.DEFER,
        Rule.SILENCE,
        Layer.LAW,
        NOON_US + INSTANT,
    )
    talk = replace(talk, at=NOON_US - week)
    assert outcome(NOON_US, us_agent(talk))[0] is Decision.ALLOW


def test_the_silence_is_of_that_debt_only() -> None:
    talk = attempt(NOON_US - timedelta(days=2), NEW_YORK, conversation=True)
    assert outcome(NOON_US, us_agent(talk, debt_ids=frozenset({2})))[0] is Decision.ALLOW


@pytest.mark.parametrize(
    ("days_since_asked", "decision"),
    [(0, Decision.ALLOW), (6, Decision.ALLOW), (7, Decision.DEFER), (None, Decision.DEFER)],
)
def test_a_callback_the_owner_asked_for_is_not_silenced_for_seven_days(
    days_since_asked: int | None, decision: Decision
) -> None:
    talk = attempt(NOON_US - timedelta(days=1), NEW_YORK, conversation=True)
    asked_at = None
    if days_since_asked is not None:
        asked_at = NOON_US - timedelta(days=days_since_asked, minutes=30)
    facts = us_agent(talk, asked_by_owner=True, asked_at=asked_at)
    assert outcome(NOON_US, facts)[0] is decision


def test_the_silence_is_exact_over_the_days_the_clocks_change() -> None:
    talked = local("America/New_York", "2026-03-05T11:00")  # the clocks change on the 8th
    now = local("America/New_York", "2026-03-12T11:30")
    talk = attempt(talked, NEW_YORK, conversation=True)
    facts = us_agent(talk, not_before=now)
    # 168 hours after 11:00 standard time it is 12:00 daylight time.
    assert outcome(now, facts)[3] == local("America/New_York", "2026-03-12T12:00")


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        ([timedelta(hours=23), timedelta(hours=2)], timedelta(hours=1)),
        ([timedelta(hours=24), timedelta(hours=2)], None),
        ([timedelta(hours=23), timedelta(hours=3), timedelta(hours=2)], timedelta(hours=21)),
    ],
)
def test_the_house_rings_a_person_twice_a_day_over_all_phones_and_campaigns(
    ago: list[timedelta], expected: timedelta | None
) -> None:
    past = tuple(
        attempt(NOON_CN - each, LONDON, purpose=Purpose.SERVICE, debt_ids=frozenset())
        for each in ago
    )
    decision, rule, layer, until = outcome(NOON_CN, call(attempts=past))
    if expected is None:
        assert decision is Decision.ALLOW
    else:
        assert (rule, layer, until) == (Rule.ATTEMPT_CAP, Layer.HOUSE, NOON_CN + expected)


def test_agents_calls_neither_count_on_nor_keep_to_the_cap_of_automatic_ones() -> None:
    automatic = tuple(attempt(NOON_CN - timedelta(hours=hours)) for hours in (20, 18))
    by_agents = tuple(replace(each, mode=CallMode.AGENT) for each in automatic)
    assert outcome(NOON_CN, call(attempts=by_agents))[0] is Decision.ALLOW
    assert outcome(NOON_CN, call(attempts=automatic))[1] is Rule.ATTEMPT_CAP
    agents_call = call(attempts=automatic, due={"mode": CallMode.AGENT})
    assert outcome(NOON_CN, agents_call)[0] is Decision.ALLOW


def test_the_owners_own_request_lifts_the_cap_of_the_law_as_it_lifts_the_silence() -> None:
    past = seven(timedelta(days=3))
    asked = {"asked_by_owner": True, "asked_at": NOON_US - timedelta(days=1)}
    assert outcome(NOON_US, us_agent(*past))[1] is Rule.ATTEMPT_CAP
    assert outcome(NOON_US, us_agent(*past, **asked))[0] is Decision.ALLOW


def test_an_appointment_passes_over_the_houses_cap_and_gap() -> None:
    past = (attempt(NOON_CN - timedelta(minutes=5)), attempt(NOON_CN - timedelta(hours=3)))
    due = {"appointment": True, "not_before": NOON_CN, "due_by": NOON_CN}
    assert outcome(NOON_CN, call(attempts=past, due=due))[1] is Rule.APPOINTMENT


def test_no_second_call_on_the_day_of_a_conversation() -> None:
    talk = attempt(NOON_CN - timedelta(hours=2), conversation=True, purpose=Purpose.SERVICE)
    assert outcome(NOON_CN, call(attempts=(talk,))) == (
        Decision.DEFER,
        Rule.SILENCE,
        Layer.HOUSE,
        local("Asia/Shanghai", "2026-03-12T00:00"),
    )


def test_a_quarter_of_an_hour_lies_between_two_attempts() -> None:
    gap = timedelta(minutes=15)
    assert outcome(NOON_CN, call(attempts=(attempt(NOON_CN - gap),)))[0] is Decision.ALLOW
    assert outcome(NOON_CN, call(attempts=(attempt(NOON_CN - gap + INSTANT),))) == (
        Decision.DEFER,
        Rule.MINIMUM_GAP,
        Layer.HOUSE,
        NOON_CN + INSTANT,
    )


def test_the_retry_interval_is_of_the_same_due_call_and_no_appointment_shortens_it() -> None:
    later = NOON_CN + timedelta(minutes=20)
    past = attempt(NOON_CN - timedelta(hours=1), due_call_ids=frozenset({7}), retry_until=later)
    due = {"appointment": True, "not_before": NOON_CN - timedelta(hours=1)}
    expected = (Decision.DEFER, Rule.RETRY_INTERVAL, Layer.SYSTEM, later)
    assert outcome(NOON_CN, call(attempts=(past,))) == expected
    assert outcome(NOON_CN, call(attempts=(past,), due=due)) == expected
    assert outcome(later, call(attempts=(past,)))[0] is Decision.ALLOW
    of_another = replace(past, due_call_ids=frozenset({8}))
    assert outcome(NOON_CN, call(attempts=(of_another,)))[0] is Decision.ALLOW


@pytest.mark.parametrize(
    ("ago", "reserved", "decision"),
    [
        (timedelta(hours=72), False, Decision.ALLOW),
        (timedelta(hours=72) - INSTANT, False, Decision.DEFER),
        (timedelta(hours=72) - INSTANT, True, Decision.ALLOW),
    ],
)
def test_an_abandoned_number_is_rung_again_after_72_hours_or_by_a_waiting_agent(
    ago: timedelta, reserved: bool, decision: Decision
) -> None:
    past = attempt(NOON_UK - ago, LONDON, abandoned=True)
    facts = call("UK", attempts=(past,), setting={"agent_reserved": reserved})
    assert outcome(NOON_UK, facts)[0] is decision


def test_a_payment_extension_waits_unless_the_owner_named_this_time() -> None:
    until = NOON_CN + timedelta(days=3)
    assert outcome(NOON_CN, call(due={"extension_until": until})) == (
        Decision.DEFER,
        Rule.EXTENSION_RUNNING,
        Layer.HOUSE,
        until,
    )
    due = {"extension_until": until, "appointment": True, "not_before": NOON_CN}
    assert outcome(NOON_CN, call(due=due))[1] is Rule.APPOINTMENT
