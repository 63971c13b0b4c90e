"""Each finding of the linter, shown by a script that has it."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from customers.model import Language
from scripts.checking import check_scripts
from scripts.findings import Rule
from scripts.language import Script, ScriptError
from scripts.library import (
    SHIPPED,
    build_script,
    read_files,
    script_files,
)
from scripts.linter import lint
from scripts.wording import names_a_debt, threatens

HERE = Path(__file__).parent
FRAGMENTS, SOURCES = read_files(script_files(SHIPPED))
Raw = dict[str, Any]
ZH, EN = Language.MANDARIN.value, Language.ENGLISH.value


def said(zh: str = "您好。", en: str = "Hello.") -> Raw:
    return {ZH: zh, EN: en}


def built(name: str, spoil: Callable[[Raw], object]) -> Script:
    """Return a shipped script, spoiled."""
    raw: Raw = deepcopy(dict(SOURCES[name].raw))
    raw.setdefault("steps", {})
    spoil(raw)
    return build_script(raw, FRAGMENTS, name)


def put(step: str, **body: object) -> Callable[[Raw], object]:
    """Spoil a script by writing a step anew."""
    return lambda raw: raw["steps"].__setitem__(step, body)


def put_at(place: str, value: object) -> Callable[[Raw], object]:
    """Spoil a script by writing one value, its place given with dots."""

    def spoil(raw: Raw) -> None:
        *way, last = place.split(".")
        at = raw
        for part in way:
            at = at.setdefault(part, {})
        at[last] = value

    return spoil


BAD: list[tuple[str, str, str, Callable[[Raw], object]]] = [
    (Rule.UNREACHABLE_STEP, "lost", "repair", put("lost", end="satisfied")),
    (
        Rule.ENDLESS_LOOP,
        "repair_reason",
        "repair",
        put("repair_reason", goto="repair_reason"),
    ),
    (
        Rule.ENDLESS_LOOP,
        "repair_silent",
        "repair",
        put(
            "repair_silent",
            ask="key",
            say=said(),
            answers={"1": {"means": said(), "next": "repair_silent"}},
            give_up="repair_silent",
        ),
    ),
    (Rule.UNKNOWN_STEP, "repair_reason", "repair", put("repair_reason", goto="nowhere")),
    (Rule.UNKNOWN_STEP, "absent", "repair", put_at("section", "absent")),
    (Rule.NO_OUTCOME, "repair_reason", "repair", put("repair_reason", say=said())),
    (
        Rule.NO_OUTCOME,
        "survey_willing",
        "survey",
        put(
            "survey_willing",
            ask="key",
            say=said(),
            answers={"1": {"means": said()}, "2": {"means": said(), "next": "callback_day"}},
            give_up="survey_silent",
        ),
    ),
    (Rule.NO_OUTCOME, "repair_refused", "repair", put("repair_refused", proceed="sections")),
    (
        Rule.UNKNOWN_WRAP_UP_CODE,
        "repair_refused",
        "repair",
        put("repair_refused", end="went_well"),
    ),
    (Rule.UNKNOWN_WRAP_UP_CODE, "partial", "survey", put_at("partial", "half")),
    (Rule.UNKNOWN_WRAP_UP_CODE, "withdrawn", "survey", put_at("withdrawn.end", "gone")),
    (
        Rule.MISSING_TRANSLATION,
        "repair_satisfied",
        "repair",
        put("repair_satisfied", end="satisfied", say={ZH: "谢谢。"}),
    ),
    (Rule.MISSING_TRANSLATION, "title", "repair", put_at("title", {EN: "Repair"})),
    (
        Rule.MISSING_TRANSLATION,
        "variables.identity_hint",
        "repair",
        put_at("variables.identity_hint", {"type": "localized", "default": {ZH: "密码"}}),
    ),
    (Rule.MISSING_SENTENCE, "sentences.opted_out", "repair", put_at("sentences.opted_out", None)),
    (
        Rule.RECORDING_NOT_NAMED,
        "sentences.recorded",
        "repair",
        put_at("sentences.recorded", said("请稍候。", "One moment please.")),
    ),
    (
        Rule.COMPANY_NOT_NAMED,
        "greeting",
        "repair",
        put("greeting", say=said("按0转人工，按9不再来电。", "0 for help, 9 to stop."), next="who"),
    ),
    (
        Rule.NO_AGENT,
        "greeting",
        "repair",
        put("greeting", say=said("{company}，按9不再来电。", "{company}, 9 to stop."), next="who"),
    ),
    (
        Rule.NO_OPT_OUT,
        "greeting",
        "repair",
        put("greeting", say=said("{company}，按0转人工。", "{company}, 0 for help."), next="who"),
    ),
    (Rule.WEAK_IDENTITY, "identity", "overdue-7", put_at("identity", "light")),
    (
        Rule.WEAK_IDENTITY,
        "identity",
        "overdue-7",
        put("which_check", goto="begin"),
    ),
    (
        Rule.DEBT_BEFORE_CHECK,
        "debt_gate",
        "overdue-7",
        put("debt_gate", say=said("合计{total}。", "It is {total}."), next="debt_menu"),
    ),
    (
        Rule.DEBT_BEFORE_CHECK,
        "debt_menu",
        "overdue-7",
        put("debt_gate", goto="debt_reason"),
    ),
    (
        Rule.DEBT_BEFORE_CHECK,
        "greeting",
        "overdue-7",
        put(
            "greeting",
            say=said("{company}，您欠费了，按0按9。", "{company}, you owe us, 0 or 9."),
            next="who",
        ),
    ),
    (
        Rule.DEBT_BEFORE_CHECK,
        "sentences.message",
        "overdue-7",
        put_at("sentences.message", said("请尽快缴费。", "Please pay your overdue fees.")),
    ),
    (
        Rule.DEBT_BEFORE_CHECK,
        "withdrawn",
        "promised",
        put_at("withdrawn.say", said("您的款项已到账。", "Your payment came in.")),
    ),
    (
        Rule.THREAT,
        "debt_silent",
        "overdue-90",
        put("debt_silent", end="no_reply", say=said("否则将停水停电。", "See you in court.")),
    ),
    (
        Rule.THREAT,
        "debt_silent",
        "overdue-90",
        put("debt_silent", end="no_reply", say=said(en="We will cut off your water.")),
    ),
    (
        Rule.UNKNOWN_VARIABLE,
        "repair_reason",
        "repair",
        put("repair_reason", say=said(en="Dear {nobody}."), next="repair_rating"),
    ),
    (
        Rule.UNKNOWN_VARIABLE,
        "repair_reason",
        "repair",
        put("repair_reason", say=said(en="By {latest}."), next="repair_rating"),
    ),
    (
        Rule.UNKNOWN_VARIABLE,
        "repair_refused",
        "repair",
        put("repair_refused", end="refused", keep=["mood"]),
    ),
    (
        Rule.UNSET_VARIABLE,
        "repair_reason",
        "repair",
        put("repair_reason", say=said(en="At {callback_at|time}."), next="repair_rating"),
    ),
    (
        Rule.WRONG_FORM,
        "repair_reason",
        "repair",
        put("repair_reason", say=said(en="On {completed_on|money}."), next="repair_rating"),
    ),
    (
        Rule.WRONG_FORM,
        "repair_reason",
        "repair",
        put("repair_reason", say=said(en="It is {agents_available}."), next="repair_rating"),
    ),
    (
        Rule.TOO_LONG,
        "repair_reason",
        "repair",
        put("repair_reason", say=said(zh="好" * 150), next="repair_rating"),
    ),
    (
        Rule.NO_AGENT_WORDS,
        "repair_reason",
        "repair",
        put("repair_reason", say=said(en="Press star."), next="repair_rating"),
    ),
    (
        Rule.NO_AGENT_WORDS,
        "callback_day",
        "repair",
        put(
            "callback_day",
            ask="choice",
            say=said(),
            options={"each": said("{option}请按{key}。", "For {option}, press {key}.")},
            into="callback_date",
            next="callback_time",
            give_up="callback_unclear",
        ),
    ),
    (
        Rule.NO_AGENT_WORDS,
        "sentences.between",
        "repair",
        put_at("sentences.between", said("按1继续。", "Press 1 to go on.")),
    ),
    (
        Rule.AGENT_SPEAKS_OF_KEYS,
        "repair_reason",
        "repair",
        put(
            "repair_reason", say=said(), agent_says=said("按1。", "Press 1."), next="repair_rating"
        ),
    ),
    (
        Rule.DEBT_BEFORE_CHECK,
        "debt_gate",
        "overdue-7",
        put(
            "debt_gate",
            say=said(),
            agent_says=said("合计{total}。", "It is {total}."),
            next="debt_menu",
        ),
    ),
    (
        Rule.DEBT_BEFORE_CHECK,
        "who",
        "overdue-7",
        put(
            "who",
            ask="key",
            say=said(),
            aside=said("共{total}。", "{total} in all."),
            answers={"1": {"means": said(), "next": "is_owner"}},
            give_up="nobody",
        ),
    ),
]


@pytest.mark.parametrize(
    ("rule", "step", "name", "spoil"),
    BAD,
    ids=[f"{rule}-{step}-{n}" for n, (rule, step, _, _) in enumerate(BAD)],
)
def test_a_bad_script_is_found_out(
    rule: str, step: str, name: str, spoil: Callable[[Raw], object]
) -> None:
    found = lint(built(name, spoil))
    assert (rule, step) in {(one.rule, one.step) for one in found}, [str(one) for one in found]
    assert all(one.message_zh and one.message_en for one in found)


def test_every_rule_is_shown_by_a_bad_script() -> None:
    assert {rule for rule, *_ in BAD} | {Rule.UNREADABLE} == set(Rule)


def test_the_shipped_scripts_have_no_findings() -> None:
    assert check_scripts() == (len(SOURCES), [])


@pytest.mark.parametrize(
    "sentence",
    [
        "否则我们将停止供水",
        "再不缴就断电",
        "我们会切断您家的燃气",
        "您家的暖气会停掉",
        "限制您用电",
        "we will cut off your water",
        "your electricity will be disconnected",
        "we may have to turn off the heating",
        "the gas supply is going to be shut off",
        "We will suspend power to your flat",
    ],
)
def test_a_threat_is_recognized(sentence: str) -> None:
    assert any(threatens(sentence, language) for language in Language)


@pytest.mark.parametrize(
    "sentence",
    [
        "停车费和水费",
        "今后不再给您来电",
        "请停止来电请按9",
        "关于水费的问题",
        "charges for water and heating",
        "press 9 to stop these calls",
        "your water charge is open",
    ],
)
def test_talk_of_water_is_no_threat(sentence: str) -> None:
    assert not any(threatens(sentence, language) for language in Language)


@pytest.mark.parametrize("sentence", ["您欠物业费", "已逾期", "you owe us", "an overdue bill"])
def test_a_debt_is_recognized(sentence: str) -> None:
    assert any(names_a_debt(sentence, language) for language in Language)


@pytest.mark.parametrize(
    "spoil",
    [
        put("greeting", say=said(en="{company.__class__}"), next="who"),
        put("greeting", say=said(en="{company!r}"), next="who"),
        put("greeting", say=said(en="{0}"), next="who"),
        put("greeting", say=said(en="a lone { brace"), next="who"),
        put("greeting", say=said(), next="who", python="print()"),
        put("is_owner", set={"identified": "strong"}, next="which_check"),
        put("is_owner", set={"agents_available": False}, next="which_check"),
        put("who", ask="key", say=said(), answers={"9": {"means": said()}}, give_up="nobody"),
        put("who", ask="date", say=said(), give_up="nobody"),
        put("who", ask="key", say=said(), answers={"1-x": {"means": said()}}, give_up="nobody"),
        put_at("include", ["opening", "after-repair", "nothing"]),
        put_at("version", 0),
        put_at("purpose", "begging"),
    ],
)
def test_what_the_language_does_not_know_is_refused(spoil: Callable[[Raw], object]) -> None:
    with pytest.raises(ScriptError, match=r"^repair"):
        built("repair", spoil)
