"""What refuses for good: the installation, the file, the number, consent."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from callback.packs import shipped_packs
from callback.verdict import (
    Decision,
    Layer,
    OptOut,
    PastAttempt,
    PhoneFacts,
    Rule,
    Verdict,
    judge,
)
from core.phone import PhoneNumber
from customers.model import CallMode, Purpose, Reason
from tests.unit.callback.call import (
    LONDON,
    LONG_AGO,
    NEW_YORK,
    SHANGHAI,
    call,
    consent,
    local,
)

PACKS = shipped_packs()
NOW = local("Asia/Shanghai", "2026-03-11T10:00")
NOW_US = local("America/New_York", "2026-03-11T10:00")
NOW_UK = local("Europe/London", "2026-03-11T10:00")
OTHER = PhoneNumber("+8613900139000")


def verdict_on(now: datetime = NOW, pack: str = "CN", **changes: Any) -> Verdict:
    return judge(now, call(pack, **changes), PACKS)


@pytest.mark.parametrize(
    ("changes", "rule", "layer"),
    [
        ({"setting": {"reconciled": False}}, Rule.NOT_RECONCILED, Layer.SYSTEM),
        ({"setting": {"stopped": True}}, Rule.STOPPED, Layer.SYSTEM),
        ({"setting": {"campaign_paused": True}}, Rule.CAMPAIGN_PAUSED, Layer.SYSTEM),
        ({"person": {"synthetic": True}}, Rule.SYNTHETIC_ON_REAL_BRIDGE, Layer.SYSTEM),
        ({"setting": {"armed": False}}, Rule.NOT_ARMED, Layer.SYSTEM),
        ({"due": {"reason_holds": False, "reason_gone": "paid"}}, Rule.REASON_GONE, Layer.SYSTEM),
        ({"person": {"deceased": True}}, Rule.DECEASED, Layer.SYSTEM),
        ({"due": {"disputed": True}}, Rule.DISPUTED, Layer.SYSTEM),
        ({"phones": ()}, Rule.NO_USABLE_PHONE, Layer.SYSTEM),
        (
            {"phones": (PhoneFacts.of(SHANGHAI, 1, dead=True),)},
            Rule.NO_USABLE_PHONE,
            Layer.SYSTEM,
        ),
        ({"opt_outs": (OptOut(since=LONG_AGO),)}, Rule.OPTED_OUT, Layer.OWNER),
        ({"opt_outs": (OptOut(since=LONG_AGO, phone=SHANGHAI),)}, Rule.OPTED_OUT, Layer.OWNER),
        (
            {"opt_outs": (OptOut(since=LONG_AGO, reason=Reason.OVERDUE),)},
            Rule.OPTED_OUT_OF_REASON,
            Layer.OWNER,
        ),
        (
            {"opt_outs": (OptOut(since=LONG_AGO, purpose=Purpose.DEBT),)},
            Rule.OPTED_OUT_OF_PURPOSE,
            Layer.OWNER,
        ),
        (
            {"setting": {"destinations": ("+8613900", "US")}},
            Rule.OUTSIDE_DESTINATIONS,
            Layer.SYSTEM,
        ),
    ],
)
def test_a_call_is_refused_for_good(changes: dict[str, Any], rule: Rule, layer: Layer) -> None:
    verdict = verdict_on(**changes)
    assert (verdict.decision, verdict.rule, verdict.layer) == (Decision.DENY, rule, layer)
    assert verdict.until is None


@pytest.mark.parametrize(
    "changes",
    [
        {"setting": {"bridge_is_real": False, "armed": False}},
        {"setting": {"armed": False, "test_numbers": ("+8613800*",)}},
        {"setting": {"bridge_is_real": False}, "person": {"synthetic": True}},
        {"due": {"disputed": True, "mode": CallMode.AGENT}},
        {"opt_outs": (OptOut(since=LONG_AGO, phone=OTHER),)},
        {"opt_outs": (OptOut(since=LONG_AGO, reason=Reason.SURVEY),)},
        {"opt_outs": (OptOut(since=LONG_AGO, purpose=Purpose.MARKETING),)},
        {"setting": {"destinations": ("+86138",)}},
    ],
)
def test_a_call_is_allowed_all_the_same(changes: dict[str, Any]) -> None:
    assert verdict_on(**changes).decision is Decision.ALLOW


def test_an_appointment_does_not_lift_a_do_not_call_wish() -> None:
    due = {"appointment": True, "not_before": NOW, "asked_by_owner": True, "asked_at": NOW}
    assert verdict_on(due=due, opt_outs=(OptOut(since=LONG_AGO),)).rule is Rule.OPTED_OUT


def test_a_number_that_wants_peace_gives_way_to_the_next() -> None:
    phones = (PhoneFacts.of(SHANGHAI, 1), PhoneFacts.of(OTHER, 2))
    verdict = verdict_on(phones=phones, opt_outs=(OptOut(since=LONG_AGO, phone=SHANGHAI),))
    assert (verdict.decision, verdict.phone) == (Decision.ALLOW, OTHER)


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("+86110", Rule.EMERGENCY_NUMBER),
        ("+1911", Rule.EMERGENCY_NUMBER),
        ("+8695588", Rule.SHORT_NUMBER),
        ("+86123", Rule.SHORT_NUMBER),
        ("+8699", Rule.INVALID_NUMBER),
        ("+86", Rule.INVALID_NUMBER),
        ("+870773111632", Rule.SATELLITE_NUMBER),
        ("+881612345678", Rule.SATELLITE_NUMBER),
        ("+449098790000", Rule.PREMIUM_NUMBER),
        ("+19002345678", Rule.PREMIUM_NUMBER),
        ("+864006001234", Rule.SHARED_COST_NUMBER),
    ],
)
@pytest.mark.parametrize("pack", ["CN", "rehearsal"])
def test_some_numbers_are_never_rung_whatever_else_holds(
    number: str, rule: Rule, pack: str
) -> None:
    phone = PhoneNumber(number)
    verdict = verdict_on(
        NOW,
        pack,
        phones=(
            PhoneFacts(
                phone=phone,
                position=1,
                region="CN",
                kind=call().phones[0].kind,
                time_zones=("Asia/Shanghai",),
            ),
        ),
        setting={"destinations": ("+",), "bridge_is_real": False, "test_numbers": (number,)},
    )
    assert (verdict.decision, verdict.rule) == (Decision.DENY, rule)


def test_a_rehearsal_rings_only_test_numbers_even_on_the_simulated_bridge() -> None:
    assert verdict_on(NOW, "rehearsal").decision is Decision.ALLOW
    verdict = verdict_on(NOW, "rehearsal", setting={"test_numbers": (), "bridge_is_real": False})
    assert verdict.rule is Rule.REHEARSAL_ONLY_TEST_NUMBERS


def test_a_rehearsal_beside_a_country_pack_is_bound_by_both() -> None:
    both = {"packs": ("rehearsal", "CN")}
    night = local("Asia/Shanghai", "2026-03-11T23:00")
    setting = {"test_numbers": (SHANGHAI.e164,)}
    assert verdict_on(night, place=both, setting=setting).rule is Rule.LAW_HOURS
    assert verdict_on(NOW, place=both).rule is Rule.REHEARSAL_ONLY_TEST_NUMBERS


@pytest.mark.parametrize("mode", list(CallMode))
@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize(("pack", "now"), [("CN", NOW), ("US", NOW_US), ("UK", NOW_UK)])
def test_an_unknown_consent_means_what_the_pack_says(
    pack: str, now: datetime, purpose: Purpose, mode: CallMode
) -> None:
    facts = call(pack, purpose, consents=(), due={"mode": mode})
    facts = replace(facts, phones=tuple(replace(p, on_national_list=False) for p in facts.phones))
    presumed = purpose is not Purpose.MARKETING and (pack == "CN" or mode is CallMode.AGENT)
    verdict = judge(now, facts, PACKS)
    if presumed:
        assert verdict.decision is Decision.ALLOW
    else:
        assert (verdict.decision, verdict.rule) == (Decision.DENY, Rule.CONSENT_UNKNOWN)
        assert (verdict.layer, verdict.pack) == (Layer.LAW, pack)


def test_a_consent_ends_exactly_at_its_end() -> None:
    ends = (consent(NEW_YORK, Purpose.DEBT, until=NOW_US),)
    just_before = NOW_US - timedelta(microseconds=1)
    assert verdict_on(just_before, "US", consents=ends).decision is Decision.ALLOW
    assert verdict_on(NOW_US, "US", consents=ends).rule is Rule.CONSENT_EXPIRED


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ([(SHANGHAI, True, 1), (SHANGHAI, False, 2)], Rule.CONSENT_WITHDRAWN),
        ([(SHANGHAI, False, 1), (SHANGHAI, True, 2)], Rule.ALLOWED),
        ([(SHANGHAI, False, 1), (SHANGHAI, True, 1)], Rule.CONSENT_WITHDRAWN),
        ([(SHANGHAI, True, 1), (OTHER, False, 2)], Rule.CONSENT_WITHDRAWN),
        ([(SHANGHAI, False, 1), (OTHER, True, 2)], Rule.CONSENT_WITHDRAWN),
    ],
    ids=["withdrawn", "given again", "both at once", "withdrawn elsewhere", "given elsewhere"],
)
def test_the_latest_word_counts_and_a_withdrawal_counts_everywhere(
    words: list[tuple[PhoneNumber, bool, int]], rule: Rule
) -> None:
    consents = tuple(
        consent(phone, Purpose.DEBT, granted=granted, given_at=LONG_AGO + timedelta(days=day))
        for phone, granted, day in words
    )
    assert verdict_on(consents=consents).rule is rule


@pytest.mark.parametrize(
    ("listed", "rule"),
    [(None, Rule.NOT_SCREENED), (True, Rule.NATIONAL_LIST), (False, Rule.ALLOWED)],
)
def test_marketing_is_screened_against_the_national_list(listed: bool | None, rule: Rule) -> None:
    phones = (PhoneFacts.of(NEW_YORK, 1, on_national_list=listed),)
    facts = call("US", Purpose.MARKETING, phones=phones)
    assert judge(NOW_US, facts, PACKS).rule is rule


def test_the_pack_of_the_phones_own_country_applies_beside_the_communitys() -> None:
    phones = (PhoneFacts.of(LONDON, 1),)
    setting = {"destinations": ("CN", "GB")}
    now = local("Asia/Shanghai", "2026-03-11T17:00")  # 09:00 in London
    refused = verdict_on(now, phones=phones, setting=setting, consents=())
    assert (refused.rule, refused.pack) == (Rule.CONSENT_UNKNOWN, "UK")
    consents = (consent(LONDON, Purpose.DEBT),)
    allowed = verdict_on(now, phones=phones, setting=setting, consents=consents)
    assert (allowed.decision, allowed.pack) == (Decision.ALLOW, "CN+UK")


def test_a_country_without_a_pack_is_not_rung() -> None:
    hong_kong = PhoneNumber("+85291234567")
    verdict = verdict_on(
        phones=(PhoneFacts.of(hong_kong, 1),),
        setting={"destinations": ("CN", "HK")},
        consents=(consent(hong_kong, Purpose.DEBT),),
    )
    assert verdict.rule is Rule.NO_PACK


def test_an_isle_of_the_british_plan_is_rung_under_the_uk_pack() -> None:
    mobile = PhoneNumber("+447911123456")
    verdict = verdict_on(
        NOW_UK,
        "UK",
        phones=(PhoneFacts.of(mobile, 1),),
        consents=(consent(mobile, Purpose.DEBT),),
    )
    assert (verdict.decision, verdict.pack) == (Decision.ALLOW, "UK")


@pytest.mark.parametrize(
    ("tried", "answered", "moves_on", "expected"),
    [
        (SHANGHAI, False, True, OTHER),
        (SHANGHAI, False, False, SHANGHAI),
        (OTHER, False, True, SHANGHAI),
        (OTHER, False, False, OTHER),
        (OTHER, True, True, SHANGHAI),
        (SHANGHAI, True, True, SHANGHAI),
    ],
)
def test_phones_are_tried_in_their_order_and_no_answer_moves_on(
    tried: PhoneNumber, answered: bool, moves_on: bool, expected: PhoneNumber
) -> None:
    past = PastAttempt(
        at=NOW - timedelta(hours=3),
        phone=tried,
        mode=CallMode.AUTOMATIC,
        purpose=Purpose.DEBT,
        debt_ids=frozenset({1}),
        due_call_ids=frozenset({7}),
        answered=answered,
        next_phone=moves_on,
    )
    phones = (PhoneFacts.of(OTHER, 2), PhoneFacts.of(SHANGHAI, 1))
    assert verdict_on(phones=phones, attempts=(past,)).phone == expected
