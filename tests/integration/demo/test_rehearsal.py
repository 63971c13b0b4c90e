"""A demo day from a seed: equal seeds, whole accounts, nothing twice, nothing lost."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from openpyxl import load_workbook

from ownerline.demo.rehearsal import Plan, PlayedAlreadyError
from ownerline.demo.report import PAGE, WORKBOOK
from ownerline.demo.workbook import SHEETS
from tests.integration.demo.conftest import OWNERS, SEED, PlayedDemo, play

REASONS = {"overdue", "repair", "survey", "promised"}


def count(file: psycopg.Connection[Any], query: str) -> int:
    row = file.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_equal_seeds_give_equal_figures_and_equal_ledgers(
    played: PlayedDemo, tmp_path: Path
) -> None:
    again = play(tmp_path, Plan(owners=OWNERS, seed=SEED))
    assert again.json == played.json
    assert again.ledger == played.ledger


def test_another_seed_gives_another_day_and_a_kept_one_goes_on(
    played: PlayedDemo, tmp_path: Path
) -> None:
    first = play(tmp_path, Plan(owners=30, seed=SEED + 1))
    assert first.ledger != played.ledger
    second = play(tmp_path, Plan(keep=True))
    assert second.json["date"] == "2026-12-17"
    assert (second.json["owners"], second.json["seed"]) == (30, SEED + 1)
    assert second.ledger.startswith(first.ledger)
    assert second.json["double_calls"] == second.json["unsettled"] == 0
    with pytest.raises(PlayedAlreadyError, match="until 2026-12-17"):
        play(tmp_path, Plan(day=date(2026, 12, 17), keep=True))
    with pytest.raises(PlayedAlreadyError, match="has 30 owners from seed 8"):
        play(tmp_path, Plan(owners=31, keep=True))


def test_on_the_default_day_every_reason_has_calls_due(played: PlayedDemo) -> None:
    assert played.json["date"] == "2026-12-16"
    assert set(played.json["due"]) == REASONS
    assert all(played.json["due"].values())


def test_nobody_is_called_twice_and_no_call_is_left_open(played: PlayedDemo) -> None:
    assert played.json["double_calls"] == 0
    assert played.json["unsettled"] == 0
    assert played.json["unexplained"] == 0


def test_the_dialer_and_the_carrier_tell_of_the_same_calls(
    played: PlayedDemo, file: psycopg.Connection[Any]
) -> None:
    in_book = {json.loads(line)["call_id"] for line in played.ledger.splitlines()}
    on_file = {str(row[0]) for row in file.execute("SELECT attempt_id FROM attempt")}
    assert in_book == on_file
    assert played.json["attempts"] == played.json["calls_in_ledger"] == len(in_book)
    assert sum(played.json["telephony"].values()) == len(in_book)


def test_every_ended_attempt_has_exactly_one_outcome_for_each_due_call(
    file: psycopg.Connection[Any],
) -> None:
    assert count(file, "SELECT count(*) FROM attempt_due_call WHERE settled_at IS NULL") == 0
    alone = """
        SELECT count(*) FROM attempt
        WHERE NOT EXISTS (SELECT FROM attempt_due_call s WHERE s.attempt_id = attempt.attempt_id)
    """
    assert count(file, alone) == 0


def test_nothing_due_vanishes(played: PlayedDemo, file: psycopg.Connection[Any]) -> None:
    for reason, states in played.json["states"].items():
        assert sum(states.values()) == played.json["due"][reason]
    no_reason_on_file = """
        SELECT count(*) FROM due_call
        WHERE state = 'waiting' AND not_before < '2026-12-16 16:00+00'
          AND NOT EXISTS (SELECT FROM verdict v WHERE v.due_call_id = due_call.due_call_id)
    """
    assert count(file, no_reason_on_file) == 0


def test_only_invented_people_are_on_file(file: psycopg.Connection[Any]) -> None:
    assert count(file, "SELECT count(*) FROM person WHERE NOT synthetic") == 0
    owners = "SELECT count(DISTINCT person_id) FROM occupancy WHERE role = 'owner'"
    assert count(file, owners) == OWNERS


def test_the_page_holds_the_figures_and_fetches_nothing(played: PlayedDemo) -> None:
    page = (played.home.reports / PAGE).read_text(encoding="utf-8")
    done = sum(states["done"] for states in played.json["states"].values())
    assert f"{done} of {sum(played.json['due'].values())} due calls done" in page
    assert "nobody called twice" in page
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert " style=" not in page
    assert all(name in page for name in ("锦绣花园", "Golden Gate Court"))


def test_the_workbook_holds_the_rows_behind_the_figures(played: PlayedDemo) -> None:
    book = load_workbook(played.home.reports / WORKBOOK, read_only=True)
    assert book.sheetnames == list(SHEETS)
    rows = {name: list(_records(book[name])) for name in SHEETS}
    assert len(rows["attempts"]) == played.json["attempts"]
    made = [row for row in rows["promises"] if row["attempt_id"]]
    assert len(made) == played.json["customer_file"]["promises"]["CNY"]["count"]
    answers = played.json["customer_file"]["survey"].values()
    scored = [row for row in rows["survey answers"] if row["score"]]
    assert len(scored) == sum(each["answers"] for each in answers)
    book.close()


def _records(sheet: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows by the names in their header; empty cells at the end are left away."""
    rows = sheet.iter_rows(values_only=True)
    names = next(rows)
    for row in rows:
        yield dict.fromkeys(names) | dict(zip(names, row, strict=False))


def test_agents_called_about_old_debts_and_none_of_them_is_stuck(
    played: PlayedDemo, file: psycopg.Connection[Any]
) -> None:
    agents = played.json["agents"]
    assert agents["calls"] > agents["talks"] > 0
    assert agents["stuck"] == 0
    modes = file.execute("SELECT mode, bool_and(agent_id IS NOT NULL) FROM attempt GROUP BY mode")
    assert dict(modes.fetchall()) == {"agent": True, "automatic": False}
    assert count(file, "SELECT count(*) FROM agent WHERE state <> 'offline'") == 0
