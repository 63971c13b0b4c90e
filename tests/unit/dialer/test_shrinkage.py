"""The learned chance of an answer: what was seen, held to what was known before."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.scoring import Learning, shipped_scoring
from dialer.shrinkage import Slot, Tally, learned, shrunk

SHIPPED = shipped_scoring()
PRIOR = SHIPPED.answer_chance
LEARNING = Learning(history_days=90, held_out_days=14, house_weight=200, community_weight=50)
EVENING = Slot(weekend=False, hour=19)

chances = st.floats(min_value=0, max_value=1)
weights = st.floats(min_value=0.5, max_value=10_000)


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    attempts = draw(st.integers(min_value=0, max_value=100_000))
    return Tally(attempts=attempts, answers=draw(st.integers(min_value=0, max_value=attempts)))


histories = st.dictionaries(
    st.tuples(
        st.integers(min_value=1, max_value=4),
        st.builds(Slot, weekend=st.booleans(), hour=st.integers(min_value=0, max_value=23)),
    ),
    tallies(),
)


@given(tallies(), chances, weights)
def test_an_estimate_lies_between_what_was_known_and_what_was_seen(
    tally: Tally, towards: float, weight: float
) -> None:
    seen = tally.answers / tally.attempts if tally.attempts else towards
    low, high = sorted((seen, towards))
    assert low - 1e-9 <= shrunk(tally, towards=towards, weight=weight) <= high + 1e-9


@given(tallies(), chances, weights)
def test_one_answer_more_never_lowers_an_estimate(
    tally: Tally, towards: float, weight: float
) -> None:
    more = Tally(attempts=tally.attempts, answers=tally.answers + 1)
    assert shrunk(more, towards=towards, weight=weight) > shrunk(
        tally, towards=towards, weight=weight
    )


@given(chances, weights)
def test_without_an_attempt_nothing_is_learned(towards: float, weight: float) -> None:
    nothing = Tally(attempts=0, answers=0)
    assert shrunk(nothing, towards=towards, weight=weight) == pytest.approx(towards)


@given(chances, st.integers(min_value=1, max_value=50))
def test_the_more_is_seen_the_less_the_prior_weighs(towards: float, times: int) -> None:
    few = shrunk(Tally(attempts=10, answers=7), towards=towards, weight=50)
    many = shrunk(Tally(attempts=10 * times, answers=7 * times), towards=towards, weight=50)
    assert abs(many - 0.7) <= abs(few - 0.7) + 1e-9


@given(histories)
def test_every_slot_with_history_is_a_chance_and_a_part_of_the_whole(
    history: Mapping[tuple[int, Slot], Tally],
) -> None:
    found = learned(history, prior=PRIOR, learning=LEARNING)

    assert {key for key in found if key[0] is not None} == set(history)
    assert all(0 <= each.chance <= 1 for each in found.values())
    for slot in {slot for _, slot in history}:
        parts = [tally for (_, of), tally in history.items() if of == slot]
        assert found[None, slot].tally.attempts == sum(part.attempts for part in parts)
        assert found[None, slot].tally.answers == sum(part.answers for part in parts)


def test_a_community_with_few_attempts_goes_by_all_communities() -> None:
    found = learned(
        {
            (1, EVENING): Tally(attempts=100_000, answers=80_000),
            (2, EVENING): Tally(attempts=1, answers=0),
        },
        prior=PRIOR,
        learning=LEARNING,
    )
    assert found[None, EVENING].chance == pytest.approx(0.8, abs=0.001)
    assert found[2, EVENING].chance == pytest.approx(0.8 * 50 / 51, abs=0.001)


def test_weekends_are_learned_apart() -> None:
    saturday = Slot(weekend=True, hour=EVENING.hour)
    found = learned(
        {(1, EVENING): Tally(attempts=500, answers=500)}, prior=PRIOR, learning=LEARNING
    )
    assert (1, saturday) not in found
    assert (None, saturday) not in found


def test_the_shipped_curve_is_highest_in_the_evening_and_lowest_at_night() -> None:
    assert max(PRIOR) == PRIOR[19]
    assert min(PRIOR) in PRIOR[:6]
