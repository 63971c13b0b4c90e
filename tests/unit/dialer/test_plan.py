"""The plan of a talk: who is addressed, what they are asked to prove, what each section may say."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from callback.subject_facts import SubjectFacts
from core.columns import AnyRow
from customers.model import Language, Reason
from dialer.call_facts import Matter
from dialer.plan import House, build_plan, identity_of
from scripts.model import CallPlan

NOW = datetime(2026, 5, 20, 17, 30, tzinfo=UTC)  # half past one the next morning in Shanghai
HOUSE = House(
    company=None,
    callback_number="+862151082000",
    callback_open="09:00",
    callback_close="20:00",
    max_promise_days=14,
    agents_available=False,
)


def matter(due_call_id: int = 1, *, says: Mapping[str, Any] | None = None, **row: Any) -> Matter:
    known: dict[str, Any] = {
        "due_call_id": due_call_id,
        "script": "repair",
        "language": "zh-CN",
        "person_name": "欧阳明",
        "honorific": "女士",
        "identity_digits": None,
        "community": "翠园",
        "time_zone": "Asia/Shanghai",
        "currency": "CNY",
        "unit": "3-2-1201",
    }
    due_call = cast("AnyRow", SimpleNamespace(**known | row))
    subject = SubjectFacts(
        due_call_id=due_call_id, reason=Reason.REPAIR, script_variables=says or {}
    )
    return Matter(due_call=due_call, subject=subject)


def plan(*matters: Matter, house: House = HOUSE) -> CallPlan:
    return build_plan(matters or (matter(),), house=house, now=NOW)


@pytest.mark.parametrize(
    ("document", "unit", "digits", "asks_for_the_unit"),
    [
        ("2468", "3-2-1201", "2468", False),
        (None, "3-2-1201", "321201", True),
        (None, "A座1201", "1201", True),
        (None, "车位12", None, True),
        (None, "商铺", None, True),
    ],
)
def test_the_owner_proves_it_by_the_document_or_by_the_whole_unit_number(
    document: str | None, unit: str, digits: str | None, asks_for_the_unit: bool
) -> None:
    identity, hint = identity_of(document, unit)
    assert identity == digits
    assert ("unit number" in hint["en"]) == asks_for_the_unit
    assert hint.keys() == {language.value for language in Language}


def test_the_hint_never_gives_the_digits_away() -> None:
    made = plan(matter(identity_digits="2468"))
    assert made.identity == "2468"
    assert "2468" not in str(made.variables["identity_hint"])


def test_the_owner_is_addressed_in_both_languages() -> None:
    assert plan().variables["person"] == {"zh-CN": "欧阳女士", "en": "Ms 欧阳"}


def test_today_is_the_communitys_own_day() -> None:
    made = plan()
    assert made.variables["today"] == "2026-05-21"
    assert made.now.isoformat() == "2026-05-21T01:30:00+08:00"


def test_the_company_is_the_houses_own_name_or_made_from_the_community() -> None:
    assert "翠园" in plan().variables["company"]["zh-CN"]
    assert "翠园" in plan().variables["company"]["en"]
    named = replace(HOUSE, company={"zh-CN": "绿城", "en": "Green Homes"})
    assert plan(house=named).variables["company"]["en"] == "Green Homes"


def test_sections_stand_in_the_order_of_the_matters_with_words_of_their_own() -> None:
    made = plan(matter(5, says={"a": 1}), matter(3, script="overdue-7", says={"b": 2}))
    assert [(each.due_call_id, each.script) for each in made.sections] == [
        (5, "repair"),
        (3, "overdue-7"),
    ]
    assert [each.variables for each in made.sections] == [{"a": 1}, {"b": 2}]
    assert not {"a", "b"} & made.variables.keys()
