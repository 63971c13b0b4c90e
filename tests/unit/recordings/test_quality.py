"""Lots that favor nobody, sheets that add up, rules that are checked when they are read."""

from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import recordings
from recordings.quality_model import (
    Level,
    QualityRules,
    SampleRules,
    SheetError,
    lot,
    shipped_quality,
)

SHEET = shipped_quality().sheet
KEYS = [each.key for each in SHEET.criteria]
RAW: dict[str, Any] = yaml.safe_load(
    (Path(recordings.__file__).parent / "quality.yaml").read_text(encoding="utf-8")
)


def drawn(seed: int, calls: list[UUID], count: int) -> set[UUID]:
    return set(sorted(calls, key=lambda each: lot(seed, each))[:count])


@given(st.integers(0, 2**62), st.lists(st.uuids(), unique=True, max_size=40), st.randoms())
def test_a_seed_draws_the_same_calls_in_whatever_order_they_come(
    seed: int, calls: list[UUID], order: Any
) -> None:
    shuffled = list(calls)
    order.shuffle(shuffled)
    assert drawn(seed, calls, 5) == drawn(seed, shuffled, 5)


def test_every_call_is_drawn_about_as_often_as_any_other() -> None:
    calls = [UUID(int=(1_700_000_000_000 << 80) + nth) for nth in range(50)]  # ids that follow time
    seeds, count = 2000, 5
    times = Counter(each for seed in range(seeds) for each in drawn(seed, calls, count))
    expected = seeds * count / len(calls)
    chi_square = sum((times[each] - expected) ** 2 / expected for each in calls)
    assert chi_square < 85.4  # 49 degrees of freedom, one in a thousand


def test_who_is_asked_again_is_a_draw_of_its_own() -> None:
    call = UUID(int=7)
    assert lot(1, call) != lot(1, call, "again") != lot(2, call, "again")


@pytest.mark.parametrize(
    ("calls", "count"), [(0, 0), (1, 1), (3, 3), (4, 3), (60, 3), (61, 4), (100, 5), (10_000, 40)]
)
def test_a_share_of_the_calls_is_drawn_within_its_bounds(calls: int, count: int) -> None:
    assert SampleRules(share=0.05, least=3, most=40).count(calls) == count


def test_all_yes_is_a_hundred_and_all_no_is_nothing() -> None:
    assert SHEET.total(dict.fromkeys(KEYS, Level.YES)) == 100.0
    assert SHEET.total(dict.fromkeys(KEYS, Level.NO)) == 0.0
    assert SHEET.total(dict.fromkeys(KEYS, Level.PARTLY)) == 50.0


def test_what_the_call_gave_no_occasion_for_has_no_weight() -> None:
    answers = dict.fromkeys(KEYS, Level.YES) | {"closing": Level.NOT_ASKED, "greeting": Level.NO}
    assert SHEET.total(answers) == round(100 * 80 / 90, 1)


def test_an_outcome_that_is_not_true_makes_the_sheet_worth_nothing() -> None:
    assert SHEET.total(dict.fromkeys(KEYS, Level.YES) | {"truth": Level.NO}) == 0.0


@given(st.fixed_dictionaries({key: st.sampled_from(Level) for key in KEYS}))
def test_a_total_is_from_nothing_to_a_hundred(answers: dict[str, Level]) -> None:
    if set(answers.values()) == {Level.NOT_ASKED}:
        with pytest.raises(SheetError, match="none of the criteria"):
            SHEET.total(answers)
        return
    assert 0.0 <= SHEET.total(answers) <= 100.0


def test_an_unfinished_sheet_has_no_total() -> None:
    with pytest.raises(SheetError, match="closing"):
        SHEET.total(dict.fromkeys(KEYS[:-1], Level.YES))


@pytest.mark.parametrize("answers", [{"unknown": "yes"}, {"greeting": "perhaps"}])
def test_answers_that_are_none_are_refused(answers: dict[str, str]) -> None:
    with pytest.raises(SheetError, match="no answer of the score sheet"):
        SHEET.read(answers)


def _broken(**changes: Any) -> dict[str, Any]:
    raw = deepcopy(RAW)
    raw["sheet"]["criteria"][0] |= changes
    return raw


@pytest.mark.parametrize(
    "raw",
    [
        _broken(weight=11),
        _broken(key="identity"),
        _broken(text={"en": "only"}),
        RAW | {"again": RAW["again"] | {"share": 2}},
        RAW | {"unknown": 1},
    ],
)
def test_rules_that_do_not_hold_together_are_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        QualityRules.model_validate(raw)
