"""Campaigns as data."""

import pytest

from callback.campaigns import SHIPPED, CampaignsError, read_campaigns, shipped_campaigns
from customers.model import Reason, WorkOrderCategory, WrapUpCode
from dialer.model import TelephonyResult

TEXT = SHIPPED.read_text(encoding="utf-8")


def test_the_shipped_figures_are_the_departments() -> None:
    rules = shipped_campaigns()

    assert [step.step for step in rules.overdue.ladder] == [-3, 1, 7, 15, 30, 60, 90]
    assert rules.overdue.ladder[0].script == "overdue-courtesy"
    assert dict(rules.repair.days) == {
        WorkOrderCategory.SAFETY: 2,
        WorkOrderCategory.LEAK: 3,
        WorkOrderCategory.OTHER: 7,
    }
    assert (rules.survey.share, rules.survey.rest_days) == (0.20, 365)
    assert (rules.survey.opens_on_day, rules.survey.open_days) == (15, 15)
    assert rules.promised.window_minutes == 30


def test_every_retry_rule_is_for_a_known_result_or_code() -> None:
    known = {word.value for words in (TelephonyResult, WrapUpCode) for word in words}

    for campaign in shipped_campaigns().all:
        assert set(campaign.retry) <= known


def test_a_campaign_is_found_by_its_name() -> None:
    assert shipped_campaigns().get("repair").reason is Reason.REPAIR


def test_an_unknown_campaign_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CampaignsError, match="overdue, repair, survey"):
        shipped_campaigns().get("repairs")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("step: 7,", "step: 1,", "write the ladder upwards"),
        ("share: 0.20", "share: 1.5", "survey.share"),
        ("share: 0.20", 'share: "0.20"', "survey.share"),
        ("open_days: 15", "open_days: 20", "runs into the next quarter"),
        ("{safety: 2, leak: 3, other: 7}", "{safety: 2, leak: 3}", "no deadline for other"),
        ("window_minutes: 30", "window_minuets: 30", "promised.window_minu"),
        ("purpose: debt", "purpose: debts", "overdue.purpose"),
        ("overdue:\n", "overdue: [\n", "not a readable campaigns file"),
    ],
    ids=["ladder", "range", "type", "quarter", "category", "spelling", "word", "yaml"],
)
def test_a_campaigns_file_that_makes_no_sense_is_refused_with_the_place(
    old: str, new: str, said: str
) -> None:
    assert old in TEXT
    with pytest.raises(CampaignsError, match=said):
        read_campaigns(TEXT.replace(old, new, 1), "campaigns.yaml")
