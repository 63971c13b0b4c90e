"""A list's own rules over the house's, and what it may be rung for."""

import json
from datetime import date
from typing import Any

import pytest

from callback.campaign_model import TELEPHONY_WORDS
from callback.campaigns import ListRules, load_campaigns, shipped_campaigns
from callback.uploaded_model import ListKind, UploadedListError
from callback.uploaded_rules import purpose_of, read_rules, rules_of
from customers.model import CallMode, Purpose
from dialer.model import TelephonyResult
from scripts.library import load_library

HOUSE = shipped_campaigns().uploaded
TODAY = date(2026, 5, 20)


def test_what_a_list_leaves_out_is_the_houses() -> None:
    own = read_rules("max_attempts: 2\nretry: {busy: {after_minutes: 3, times: 1}}", "rules.yaml")

    rules = rules_of(HOUSE, own, mode=CallMode.AGENT, today=TODAY)

    assert (rules.max_attempts, rules.mode) == (2, CallMode.AGENT)
    assert rules.retry["busy"].after_minutes == 3
    assert rules.retry["no_answer"] == HOUSE.retry["no_answer"]
    assert rules.deadline_days == HOUSE.deadline_days


def test_rules_hold_when_they_are_stored_and_read_again() -> None:
    own = {"hours": {"mon-fri": ["10:00-12:00", "20:00-24:00"], "sat-sun": []}, "skills": ["deeds"]}
    rules = rules_of(HOUSE, {**own, "ends_on": date(2026, 6, 1)}, mode=None, today=TODAY)

    stored = json.dumps(rules.model_dump(mode="json"))

    assert ListRules.model_validate_json(stored) == rules


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"max_tries": 3}, "at max_tries: there is no such key"),
        ({"max_attempts": 0}, "at max_attempts: "),
        ({"ring_timeout_s": 5}, "at ring_timeout_s: "),
        (
            {"retry": {"nobody_home": {"after_minutes": 5, "times": 1}}},
            "no call ends as nobody_home",
        ),
        ({"dialling": "parallel"}, "at dialling: "),
        ({"ends_on": "2026-05-19"}, "has passed"),
        ({"hours": {"mon": []}}, "no hours for tue"),
    ],
    ids=["unknown", "range", "ring", "result", "dialling", "past", "week"],
)
def test_a_rule_that_cannot_be_is_refused_with_its_place(own: dict[str, Any], said: str) -> None:
    with pytest.raises(UploadedListError, match=said):
        rules_of(HOUSE, own, mode=None, today=TODAY)


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "", "x"], ids=["list", "yaml", "empty", "word"])
def test_a_file_that_holds_no_rules_is_refused(text: str) -> None:
    with pytest.raises(UploadedListError, match=r"rules\.yaml"):
        read_rules(text, "rules.yaml")


@pytest.mark.parametrize(
    ("kind", "script", "said", "purpose"),
    [
        (ListKind.UPLOADED, "repair", None, Purpose.SERVICE),
        (ListKind.UPLOADED, "repair", Purpose.MARKETING, Purpose.MARKETING),
        (ListKind.UPLOADED, "overdue-30", None, Purpose.DEBT),
        (ListKind.PROSPECT, "repair", None, Purpose.MARKETING),
        (ListKind.PROSPECT, "repair", Purpose.SERVICE, None),
        (ListKind.UPLOADED, "overdue-30", Purpose.SERVICE, None),
        (ListKind.PROSPECT, "overdue-30", None, None),
    ],
    ids=["script", "said", "debt", "prospect", "prospect-said", "debt-disguised", "debt-prospect"],
)
def test_a_purpose_is_never_less_than_what_is_spoken(
    kind: ListKind, script: str, said: Purpose | None, purpose: Purpose | None
) -> None:
    spoken = load_library().get(script)
    if purpose is None:
        with pytest.raises(UploadedListError):
            purpose_of(kind, spoken, said)
    else:
        assert purpose_of(kind, spoken, said) is purpose


def test_retry_rules_know_every_word_of_the_network() -> None:
    assert {result.value for result in TelephonyResult} == TELEPHONY_WORDS


def test_every_book_is_its_own() -> None:
    one, other = load_campaigns(None), load_campaigns(None)
    assert one is not other
    assert one.overdue == other.overdue
    assert not other.knows("list-1")
