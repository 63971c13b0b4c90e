"""Sentences for people: every rule and state has one in both languages, with facts and times."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from callback import words
from callback.explain import (
    DueCallStory,
    NotDueBecause,
    NotDueStory,
    explain_due_call,
    explain_not_due,
    explain_verdict,
    show_cause,
)
from callback.model import DueCallState
from callback.packs import shipped_packs
from callback.verdict import Decision, Layer, Rule, Verdict, judge
from core.money import Money
from customers.model import CallMode, Language, Purpose, Reason, WrapUpCode
from tests.unit.callback.call import call, local

ZONE = ZoneInfo("Asia/Shanghai")
ZH, EN = Language.MANDARIN, Language.ENGLISH
AT = datetime(2026, 3, 4, 1, 0, tzinfo=UTC)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("decision", list(Decision))
@pytest.mark.parametrize("rule", list(Rule))
def test_every_rule_has_a_sentence_even_without_its_facts(
    rule: Rule, decision: Decision, language: Language
) -> None:
    until = AT if decision is Decision.DEFER else None
    verdict = Verdict(decision=decision, rule=rule, layer=Layer.LAW, until=until)
    sentence = explain_verdict(verdict, language, ZONE)
    assert sentence.endswith("。" if language is ZH else ".")
    assert bool(CHINESE.search(sentence)) is (language is ZH)
    assert not re.search(r"[{}]", sentence)


WORDS: list[tuple[Mapping[Any, Mapping[Language, str]], type[StrEnum]]] = [
    (words.DECISIONS, Decision),
    (words.LAYERS, Layer),
    (words.REASONS, Reason),
    (words.PURPOSES, Purpose),
    (words.MODES, CallMode),
    (words.STATES, DueCallState),
]


@pytest.mark.parametrize(("told", "kinds"), WORDS, ids=lambda arg: getattr(arg, "__name__", ""))
def test_every_word_is_told_in_both_languages(
    told: Mapping[Any, Mapping[Language, str]], kinds: type[StrEnum]
) -> None:
    assert all(told[kind][language] for kind in kinds for language in Language)


def test_a_deferral_tells_the_facts_the_rule_and_until_when() -> None:
    verdict = judge(local("Asia/Shanghai", "2026-03-04T23:00"), call(), shipped_packs())
    english = explain_verdict(verdict, EN, ZONE)
    assert english.startswith("Not to be called yet: it was Wed 4 Mar 2026, 23:00 in Asia/Shanghai")
    assert "08:00-22:00" in english
    assert "; not before Thu 5 Mar 2026, 09:00 (" in english
    assert "pack CN 2026.1, the law" in english
    chinese = explain_verdict(verdict, ZH, ZONE)
    assert chinese.startswith("暂缓呼叫：当时Asia/Shanghai为2026年3月4日（周三）23:00")
    assert "2026年3月5日（周四）09:00之前不呼叫" in chinese
    assert "自律公约" in chinese


def test_the_zone_decides_how_until_is_told() -> None:
    verdict = Verdict(decision=Decision.DEFER, rule=Rule.NOT_BEFORE, layer=Layer.SYSTEM, until=AT)
    assert "09:00" in explain_verdict(verdict, EN, ZONE)
    assert "01:00" in explain_verdict(verdict, EN, ZoneInfo("Europe/London"))


def test_a_holiday_a_cap_and_a_wish_are_told_with_their_facts() -> None:
    holiday = judge(local("Asia/Shanghai", "2026-10-01T10:00"), call(), shipped_packs())
    assert "National Day" in explain_verdict(holiday, EN, ZONE)
    cap = Verdict(
        decision=Decision.DEFER,
        rule=Rule.ATTEMPT_CAP,
        layer=Layer.HOUSE,
        until=AT,
        facts={"per": "person", "attempts": 2, "allowed": 2, "window_hours": 24},
    )
    assert "2 attempts to this person within 24 hours" in explain_verdict(cap, EN, ZONE)
    assert "24小时内已对该客户呼叫2次，上限为2次" in explain_verdict(cap, ZH, ZONE)
    wish = Verdict(
        decision=Decision.DENY,
        rule=Rule.OPTED_OUT_OF_REASON,
        layer=Layer.OWNER,
        facts={"since": AT.isoformat(), "reason": "survey"},
    )
    assert "2026年3月4日（周三）09:00起拒绝接听关于“满意度调查”的电话" in explain_verdict(
        wish, ZH, ZONE
    )


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("state", list(DueCallState))
def test_every_state_of_a_due_call_has_a_sentence(state: DueCallState, language: Language) -> None:
    story = DueCallStory(
        reason=Reason.REPAIR,
        state=state,
        due_by=AT,
        next_at=AT,
        attempts=2,
        settled_at=AT,
        settled_because="satisfied",
    )
    sentence = explain_due_call(story, now=AT, language=language, zone=ZONE)
    assert "2" in sentence
    assert not re.search(r"[{}–]", sentence)


@pytest.mark.parametrize("code", list(WrapUpCode))
def test_every_wrap_up_code_is_told_as_the_cause_of_an_end(code: WrapUpCode) -> None:
    assert CHINESE.search(show_cause(code, ZH))
    assert show_cause(code, EN) != code or code in {"satisfied", "dissatisfied"}


def test_a_cause_may_say_how_often_it_was_tried_and_an_unknown_one_is_shown_as_it_is() -> None:
    assert show_cause("max_attempts:busy", ZH) == "已达次数上限，最后一次占线"
    assert show_cause("tries:no_answer", EN) == "too often: no answer"
    assert show_cause("paid on 2 March", EN) == "paid on 2 March"


def test_an_open_due_call_past_its_deadline_is_told_late() -> None:
    story = DueCallStory(reason=Reason.REPAIR, state=DueCallState.WAITING, due_by=AT, next_at=AT)
    assert "past its deadline" in explain_due_call(story, now=AT, language=EN, zone=ZONE)


@pytest.mark.parametrize(
    ("language", "last_day"), [(EN, "the end of Wed 4 Mar 2026"), (ZH, "2026年3月4日结束")]
)
def test_a_deadline_at_midnight_is_the_end_of_the_day_before(
    language: Language, last_day: str
) -> None:
    midnight = datetime(2026, 3, 4, 16, tzinfo=UTC)
    story = DueCallStory(
        reason=Reason.REPAIR, state=DueCallState.WAITING, due_by=midnight, next_at=AT
    )
    assert last_day in explain_due_call(story, now=AT, language=language, zone=ZONE)


@pytest.mark.parametrize(("language", "refusal"), [(EN, "must not be called"), (ZH, "不得呼叫")])
def test_a_waiting_call_that_the_file_forbids_is_not_told_as_one_to_come(
    language: Language, refusal: str
) -> None:
    story = DueCallStory(
        reason=Reason.REPAIR, state=DueCallState.WAITING, due_by=AT, next_at=AT, refused=True
    )
    assert refusal in explain_due_call(story, now=AT, language=language, zone=ZONE)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("because", list(NotDueBecause))
def test_every_way_of_not_being_due_has_a_sentence(
    because: NotDueBecause, language: Language
) -> None:
    story = NotDueStory(
        because=because,
        reference="PF-1",
        paid_on=date(2026, 3, 2),
        due_from=date(2026, 4, 1),
        open_amount=Money(amount_minor=12345, currency="CNY"),
    )
    assert "PF-1" in explain_not_due(story, language)


def test_a_paid_charge_says_when_and_that_nothing_is_open() -> None:
    story = NotDueStory(because=NotDueBecause.PAID, reference="PF-1", paid_on=date(2026, 3, 2))
    assert explain_not_due(story, EN) == (
        "PF-1: paid on Mon 2 Mar 2026, nothing is open, so no call is due."
    )
