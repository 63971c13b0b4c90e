"""The README's worked example on the department's own workbooks, from import to explain."""

import json
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from callback.model import Decision, DueCallState
from customers.model import WrapUpCode
from dialer.model import TelephonyResult
from ownerline.cli.files import Table
from ownerline.exports import EXPORTS
from tests.integration.cli.command import SAMPLES, WORKBOOKS, Installation

DAY = "2026-11-23"
MORNING = f"{DAY}T09:00"
_ZONE = ZoneInfo("Asia/Shanghai")
_CALLBACK_DAYS = {"safety": 2, "leak": 3, "other": 7}


@pytest.fixture
def truth() -> Any:
    return json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))


def test_every_table_the_command_line_names_can_be_exported() -> None:
    assert {table.value for table in Table} == set(EXPORTS)


def test_a_day_on_the_departments_own_workbooks(tmp_path: Path, truth: Any) -> None:
    """One home, one story: each step stands on the one before."""
    ours = Installation(home=tmp_path / "home")
    _imported(ours, truth)
    _exports_hold_the_truth(ours, truth)
    _listed_once(ours, truth)
    dialled = _dialled(ours)
    attempts, due_calls = ours.export("attempts"), ours.export("due-calls")
    _every_attempt_has_its_outcomes(attempts, dialled)
    _nobody_rang_outside_the_hours(attempts)
    _due_calls_are_accounted_for(due_calls, attempts)
    _verdicts_precede_attempts(ours, attempts)
    _nothing_is_left_for_a_second_run(ours, attempts)
    _explained(ours, due_calls)


def _imported(ours: Installation, truth: Any) -> None:
    first = {each["kind"]: each for each in ours.ask("import", *WORKBOOKS)["files"]}
    accepted = {kind: each["accepted"] for kind, each in first.items()}
    assert accepted == {
        "contacts": len(truth["owners"]),
        "charges": len(truth["charges"]),
        "work-orders": len(truth["workorders"]),
    }
    assert [each["file"] for each in first.values()] == list(WORKBOOKS)
    assert (ours.home / "rejects.xlsx").exists()
    for again in ours.ask("import", *WORKBOOKS)["files"]:
        of_first = first[again["kind"]]
        assert again["accepted"] == 0
        assert again["unchanged"] == of_first["accepted"] + of_first["unchanged"]
        assert again["rejected"] == of_first["rejected"]


def _exports_hold_the_truth(ours: Installation, truth: Any) -> None:
    contacts = {(row["community"], row["unit"]): row for row in ours.export("contacts")}
    assert len(contacts) == len(truth["owners"])
    for owner in truth["owners"]:
        row = contacts[owner["community"], owner["unit"]]
        assert row["name"] == owner["name"]
        assert row["role"] == "owner"
        assert row["phones"].split(";") == (
            ["+86" + phone.lstrip("0") for phone in owner["phones"]] or [""]
        )
        assert row["moved_in"] == (owner["moved_in"] or "")
        assert (row["vip"], row["do_not_call"]) == (_word(owner["vip"]), _word(owner["dnc"]))
    charges = {row["reference"]: row for row in ours.export("charges")}
    assert charges.keys() == {charge["ref"] for charge in truth["charges"]}
    for charge in truth["charges"]:
        row = charges[charge["ref"]]
        assert (row["unit"], row["due_on"], row["currency"]) == (
            charge["unit"],
            charge["due"],
            "CNY",
        )
        amounts = {name: Decimal(row[name]) for name in ("amount", "paid", "open")}
        assert amounts == {name: Decimal(str(charge[name])) for name in amounts}
    orders = {row["reference"]: row for row in ours.export("work-orders")}
    assert orders.keys() == {order["ref"] for order in truth["workorders"]}
    for row in orders.values():
        if row["completed_on"]:
            days = date.fromisoformat(row["callback_by"]) - date.fromisoformat(row["completed_on"])
            assert days.days == _CALLBACK_DAYS[row["category"]]
        else:
            assert row["callback_by"] == ""


def _listed_once(ours: Installation, truth: Any) -> None:
    built = ours.ask("lists", "build", "--date", DAY)
    assert built["date"] == DAY
    assert built["created"]["overdue"] > 0
    assert built["created"]["repair"] > 0
    owing = {
        (charge["community"], charge["unit"])
        for charge in truth["charges"]
        if charge["open"] > 0 and charge["days_past_due"] >= -3
    }
    assert built["created"]["overdue"] == len(owing)
    again = ours.ask("lists", "build", "--date", DAY)
    assert not any(again["created"].values())
    assert again["open"] == built["open"]


def _dialled(ours: Installation) -> Any:
    dialled = ours.ask("dialer", "--drain", "--at", MORNING)
    assert dialled["attempts"] > 0
    assert dialled["unsettled"] == 0
    assert dialled["nothing_dialled_because"]["until"] is not None
    return dialled


def _every_attempt_has_its_outcomes(attempts: list[dict[str, str]], dialled: Any) -> None:
    assert len(attempts) == dialled["attempts"]
    assert Counter(row["telephony_result"] for row in attempts) == dialled["telephony"]
    codes: Counter[str] = Counter()
    for row in attempts:
        assert row["ended_at"]
        assert row["telephony_result"] in set(TelephonyResult)
        outcomes = row["wrap_up_code"].split(";") if row["wrap_up_code"] else []
        if row["answered_at"] and row["telephony_result"] == TelephonyResult.ANSWERED:
            assert len(outcomes) == len(row["due_call_ids"].split(";"))
        codes.update(outcomes)
    assert set(codes) <= set(WrapUpCode)
    assert codes == dialled["wrap_up"]


def _nobody_rang_outside_the_hours(attempts: list[dict[str, str]]) -> None:
    for row in attempts:
        started = datetime.fromisoformat(row["started_at"])
        assert started.tzinfo is not None
        local = started.astimezone(_ZONE)
        assert local.date().isoformat() == DAY
        assert local.hour in {9, 10, 11, *range(14, 20)}


def _due_calls_are_accounted_for(
    due_calls: list[dict[str, str]], attempts: list[dict[str, str]]
) -> None:
    tries = Counter(each for row in attempts for each in row["due_call_ids"].split(";"))
    for row in due_calls:
        assert row["state"] in set(DueCallState) - {DueCallState.CLAIMED}
        assert int(row["attempts"]) == tries[row["due_call_id"]]
        assert bool(row["settled_because"]) == (row["state"] != DueCallState.WAITING)


def _verdicts_precede_attempts(ours: Installation, attempts: list[dict[str, str]]) -> None:
    verdicts = ours.export("verdicts")
    assert {row["decision"] for row in verdicts} == set(Decision)
    allowed = {row["due_call_id"] for row in verdicts if row["decision"] == Decision.ALLOW}
    assert {each for row in attempts for each in row["due_call_ids"].split(";")} <= allowed


def _nothing_is_left_for_a_second_run(ours: Installation, attempts: list[dict[str, str]]) -> None:
    again = ours.ask("dialer", "--drain", "--at", f"{DAY}T19:30")
    assert again["attempts"] == 0
    assert ours.export("attempts") == attempts


def _explained(ours: Installation, due_calls: list[dict[str, str]]) -> None:
    done = next(row for row in due_calls if row["state"] == DueCallState.DONE)
    waiting = {row["due_call_id"]: row for row in due_calls if row["state"] == DueCallState.WAITING}
    verdicts = [row for row in ours.export("verdicts") if row["due_call_id"] in waiting]
    denied = next(row for row in verdicts if row["decision"] == Decision.DENY)
    deferred = next(row for row in verdicts if row["decision"] == Decision.DEFER)
    story = ours.ask("explain", done["community"], done["unit"])
    assert _events(story, done["due_call_id"])[-1]["kind"] == "attempt"
    for verdict in (denied, deferred):
        row = waiting[verdict["due_call_id"]]
        story = ours.ask("explain", row["community"], row["unit"])
        assert verdict["rule"] in {
            event["rule"]
            for event in _events(story, row["due_call_id"])
            if event["kind"] == "verdict"
        }
    paid = next(row for row in ours.export("charges") if row["open"] == "0.00")
    story = ours.ask("explain", paid["reference"])
    assert [each["because"] for each in story["persons"][0]["not_due"]] == ["paid"]
    _explained_to_people(ours, deferred, waiting[deferred["due_call_id"]], paid)


def _explained_to_people(
    ours: Installation, deferred: dict[str, str], due_call: dict[str, str], paid: dict[str, str]
) -> None:
    english = ours.run("explain", deferred["phone"])
    assert english.code == 0
    assert due_call["subject"].split(";")[0] in english.out
    assert "Not to be called yet" in english.out
    mandarin = ours.run("explain", deferred["phone"], lang="zh_CN.UTF-8")
    assert "暂缓呼叫" in mandarin.out
    assert "不需要呼叫" in ours.run("explain", paid["reference"], lang="zh_CN.UTF-8").out
    assert _sheet(ours, "attempts")[0][0] == "attempt_id"


def _sheet(ours: Installation, table: str) -> list[tuple[object, ...]]:
    file = ours.home.parent / f"{table}.xlsx"
    assert ours.run("export", table, str(file)).code == 0
    workbook = openpyxl.load_workbook(file, read_only=True)
    try:
        return list(workbook.worksheets[0].iter_rows(values_only=True))
    finally:
        workbook.close()


def _events(story: Any, due_call_id: str) -> Any:
    due_calls = [each for person in story["persons"] for each in person["due_calls"]]
    return next(each for each in due_calls if str(each["due_call_id"]) == due_call_id)["events"]


def _word(value: object) -> str:
    return "true" if value else "false"
