"""The budget: exact counts over the day and the pack's window."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.pacing.bounds import bearable, more_than, surely_above
from dialer.pacing.budget import Budget, HourCount, Spent

pytestmark = pytest.mark.unit

TARGET, DAY_S = 0.03, 86_400.0


def limit_after(
    budget: Budget, *, ahead: float, surely: float | None = None, due: float = 0.0
) -> float:
    spent = (budget.today, budget.within(DAY_S, now_s=DAY_S))
    return budget.limit(
        spent, target=TARGET, ahead=ahead, surely=ahead if surely is None else surely, due=due
    )


def test_a_day_that_is_on_the_target_goes_on_at_the_target() -> None:
    budget = Budget()
    budget.note(now_s=DAY_S, live=1000, abandoned=30, limit=0.03)
    assert limit_after(budget, ahead=1000) * budget.ratio == pytest.approx(TARGET)


def test_what_is_left_is_spread_over_the_answers_to_come() -> None:
    budget = Budget()
    budget.note(now_s=DAY_S, live=1000, abandoned=10, limit=0.03)
    assert limit_after(budget, ahead=1000) * budget.ratio == pytest.approx(0.05)


def test_what_earlier_days_left_over_is_not_spent() -> None:
    thrifty = [HourCount(hour_index=23, live=5000, abandoned=0)]
    assert limit_after(Budget(thrifty), ahead=1000) == limit_after(Budget(), ahead=1000)


def test_what_the_window_has_overspent_is_made_good_within_a_third_of_the_answers_ahead() -> None:
    wasteful = [HourCount(hour_index=23, live=1000, abandoned=35)]
    assert limit_after(Budget(wasteful), ahead=1000) * 1.2 == pytest.approx(0.015)


def test_what_lies_before_the_window_is_not_counted() -> None:
    old = [HourCount(hour_index=2, live=1000, abandoned=100)]
    assert Budget(old).within(20 * 3600.0, now_s=DAY_S).live == 0
    assert Budget(old).within(25 * 3600.0, now_s=DAY_S).abandoned == 100


def test_a_spent_budget_affords_nothing_more() -> None:
    budget = Budget()
    budget.note(now_s=DAY_S, live=100, abandoned=4, limit=0.03)
    assert limit_after(budget, ahead=10) == 0


@pytest.mark.parametrize(
    ("surely", "due", "share"),
    [
        (700, 10.0, 0.024),
        (150, 10.0, 0.024),
        (120, 10.0, 0.0036),
        (60, 2.0, 0.0132),
        (30, 0.0, 0.0),
    ],
)
def test_what_rings_must_fit_into_what_is_left(surely: float, due: float, share: float) -> None:
    budget = Budget()
    budget.note(now_s=DAY_S, live=1000, abandoned=30, limit=0.03)
    limit = limit_after(budget, ahead=1000, surely=surely, due=due)
    assert limit * budget.ratio == pytest.approx(min(share, TARGET), abs=1e-4)


def test_odds_that_were_too_rosy_are_corrected() -> None:
    budget = Budget()
    for _ in range(40):
        budget.note(now_s=DAY_S, live=100, abandoned=6, limit=0.03)
    assert budget.ratio > 1.7


def test_a_rate_that_chance_hardly_explains_is_brought_down() -> None:
    assert Spent(live=700, abandoned=45).surely_above(TARGET)
    assert not Spent(live=20, abandoned=2).surely_above(TARGET)


@given(st.integers(1, 400), st.floats(0.005, 0.2))
def test_chance_explains_what_an_exact_count_says_it_explains(whole: int, share: float) -> None:
    def tail(part: int) -> float:
        return sum(
            math.comb(whole, at) * share**at * (1 - share) ** (whole - at)
            for at in range(part, whole + 1)
        )

    least = next(part for part in range(whole + 2) if surely_above(part, whole, share=share))
    assert tail(least) < 0.05


@pytest.mark.parametrize(("count", "chance"), [(-1, 1.0), (0, 0.6321), (1, 0.2642), (3, 0.0190)])
def test_more_than_expected_is_poissons_tail(count: int, chance: float) -> None:
    assert more_than(count, expected=1.0) == pytest.approx(chance, abs=1e-4)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 10, 30])
def test_what_is_bearable_hardly_ever_happens_so_often(count: int) -> None:
    assert 0.025 < more_than(count - 1, expected=bearable(count)) < 0.055
