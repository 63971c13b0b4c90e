"""The odds of meeting nobody, against counting every possibility."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.pacing.outlook import Outlook
from dialer.pacing.tables import AGES, RING_AGES, Tables, tables
from dialer.pacing.times import Floats, lognormal

pytestmark = pytest.mark.unit

CHANCE = 0.3


def known() -> Tables:
    return tables(
        person=lognormal(mean=13, sigma=0.4),
        other=np.array([20.0] * 6 + [28.0] * 24),
        talk=lognormal(mean=120, sigma=0.8),
        wrap=lognormal(mean=30, sigma=0.5),
        grace_s=1.6,
    )


def row(table: Floats, ages: Floats, age: float) -> list[float]:
    found: list[float] = table[np.searchsorted(ages, age, "right") - 1].tolist()
    return found


def counted(
    told: Tables,
    *,
    spare: int,
    talking: list[float],
    wrapping: list[float],
    ringing: list[float],
    more: int,
) -> float:
    """Return the odds by going through every way things may turn out."""
    free = [row(told.talking, AGES, age) for age in talking]
    free += [row(told.wrapping, AGES, age) for age in wrapping]
    due = []
    for age in ringing:
        at = min(int(age), len(RING_AGES) - 1)
        rings = CHANCE * told.still_person[at] + (1 - CHANCE) * told.still_other[at]
        due.append((CHANCE * told.answering[at] / (rings + 1e-12)).tolist())
    due += [(CHANCE * told.fresh).tolist()] * more
    total = 0.0
    for moment in range(len(told.fresh)):
        chances = [each[moment] for each in (*free, *due)]
        for way in itertools.product((0, 1), repeat=len(chances)):
            weight = math.prod(
                chance if happens else 1 - chance
                for chance, happens in zip(chances, way, strict=True)
            )
            if spare + sum(way[: len(free)]) - sum(way[len(free) :]) <= 0:
                total += weight
    return total / len(told.fresh)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(-1, 2),
    st.lists(st.floats(0, 400), max_size=3),
    st.lists(st.floats(0, 80), max_size=2),
    st.lists(st.floats(0, 27), max_size=3),
    st.integers(0, 3),
)
def test_the_odds_are_those_of_every_possibility_counted(
    spare: int, talking: list[float], wrapping: list[float], ringing: list[float], more: int
) -> None:
    told = known()
    outlook = Outlook(
        told, chance=CHANCE, spare=spare, talking=talking, wrapping=wrapping, ringing=ringing
    )
    calls, odds = outlook.calls_within(1.0, most=more)  # all are within it: the odds of the last
    assert calls == more
    assert odds == pytest.approx(
        counted(told, spare=spare, talking=talking, wrapping=wrapping, ringing=ringing, more=more),
        abs=1e-9,
    )


@pytest.mark.parametrize("agents", [30, 60, 200])
def test_many_agents_are_reckoned_like_few(agents: int) -> None:
    """The normal count gives nearly as many calls as the exact one would."""
    told = known()
    ages = list(np.linspace(0, 240, agents))
    calls = [
        Outlook(
            told, chance=CHANCE, spare=0, talking=ages[:some], wrapping=(), ringing=()
        ).calls_within(0.05, most=500)[0]
        for some in (agents // 2, agents)
    ]
    assert 1.9 * calls[0] <= calls[1] <= 4 * calls[0] + 4


def test_a_line_that_rings_longer_than_anything_known_is_no_answer() -> None:
    told = known()
    outlook = Outlook(told, chance=CHANCE, spare=1, talking=(), wrapping=(), ringing=(85.0,))
    assert outlook.due == pytest.approx(0.0, abs=1e-6)


def test_of_talks_longer_than_any_known_the_longest_known_are_told() -> None:
    told = known()
    assert (told.talking[-1] == told.talking[-5]).all()
    assert ((told.talking >= 0) & (told.talking <= 1)).all()
