"""What the pacer learns from its calls, and how soon."""

import random

import numpy as np
import pytest

from dialer.pacing.chance import Chance, Tally
from dialer.pacing.times import Earlier, Times, lognormal

pytestmark = pytest.mark.unit

RINGS_S = 30.0


def place(chance: Chance, *, since_s: float, until_s: float, truth: float, seed: int) -> None:
    """Place two calls a second; who answers does so at once, nobody rings for RINGS_S."""
    draw = random.Random(seed)
    for now in range(int(since_s), int(until_s)):
        chance.placed(now, 2)
        for _ in range(sum(draw.random() < truth for _ in range(2))):
            chance.answered(now)
        chance.learn(now_s=now, oldest_s=RINGS_S, hour=now // 3600)


def test_a_switched_list_is_noticed_within_three_minutes() -> None:
    chance = Chance()
    place(chance, since_s=0, until_s=7200, truth=0.25, seed=1)
    assert chance.value() == pytest.approx(0.25, abs=0.03)
    place(chance, since_s=7200, until_s=7380, truth=0.5, seed=2)
    assert chance.value() == pytest.approx(0.5, abs=0.1)


def test_answers_that_come_before_failures_do_not_make_the_chance_look_better() -> None:
    chance = Chance()
    before = chance.value()
    chance.placed(0.0, 100)
    for _ in range(30):
        chance.answered(0.0)
    chance.learn(now_s=10.0, oldest_s=10.0, hour=0)
    assert chance.value() == before  # seventy calls still ring
    chance.learn(now_s=40.0, oldest_s=0.0, hour=0)
    assert chance.value() == pytest.approx(0.36, abs=0.01)


def test_the_less_is_known_the_more_answers_are_reckoned_with() -> None:
    chance, values = Chance(), []
    for until_s in (0, 60, 600, 6000):
        place(chance, since_s=max(0, until_s - 60), until_s=until_s, truth=0.3, seed=1)
        values.append(chance.value())
    assert values[0] > 0.45
    assert values[0] > values[1] > values[3]


def test_an_hour_of_earlier_days_is_believed_once_it_foretells_better() -> None:
    chance = Chance({0: Tally(placed=2000, answered=500), 1: Tally(placed=2000, answered=1200)})
    place(chance, since_s=0, until_s=3600, truth=0.25, seed=1)
    place(chance, since_s=3600, until_s=3690, truth=0.6, seed=2)
    cold = Chance()
    place(cold, since_s=0, until_s=3600, truth=0.25, seed=1)
    place(cold, since_s=3600, until_s=3690, truth=0.6, seed=2)
    assert abs(chance.value() - 0.6) < abs(cold.value() - 0.6)


def test_what_was_learned_by_hour_goes_to_the_next_day() -> None:
    chance = Chance()
    place(chance, since_s=0, until_s=3600, truth=0.4, seed=1)
    told = chance.by_hour()
    assert told[0].answered / told[0].placed == pytest.approx(0.4, abs=0.03)
    assert Chance(told).value() == pytest.approx(0.4, abs=0.03)


def test_talks_seen_outweigh_those_believed() -> None:
    times = Times(prior=lognormal(mean=120, sigma=0.8))
    for _ in range(300):
        times.see(60.0)
    assert float(np.median(times.points())) == pytest.approx(60.0)
    assert times.points().mean() == pytest.approx(60.0, rel=0.05)


def test_the_same_hour_of_earlier_days_comes_first() -> None:
    earlier = {14: Earlier(points=tuple([300.0] * 36), count=400)}
    times = Times(prior=lognormal(mean=120, sigma=0.8), earlier=earlier)
    times.turn_to(14)
    assert times.points().mean() == pytest.approx(300.0)
    assert times.by_hour() == {14: earlier[14]} or times.by_hour()[14].points[0] == 300.0
