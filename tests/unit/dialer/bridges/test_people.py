"""Invented people: the same to every policy, likelier to answer in the evening, fixed on demand."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bridges.simulated.people import (
    ENDINGS,
    Behaviour,
    Encounter,
    Reaction,
    behaviour_of,
    meet,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
ANYBODY = Behaviour()


def met(
    number: int,
    *,
    nth: int = 0,
    hour: int = 10,
    seed: int = 1,
    behaviour: Behaviour | None = ANYBODY,
) -> Encounter:
    at = datetime(2026, 3, 9, hour, tzinfo=SHANGHAI)
    return meet(behaviour, seed=seed, e164=f"+861380013{number:04}", nth=nth, at=at)


def answered(hour: int, behaviour: Behaviour = ANYBODY) -> int:
    """Return how many of a thousand people answer at an hour in Shanghai."""
    reactions = [met(n, hour=hour, behaviour=behaviour).reaction for n in range(1000)]
    return Counter(reactions)[Reaction.ANSWER]


@given(st.integers(), st.integers(0, 9999), st.integers(0, 20), st.integers(0, 23))
def test_the_same_call_always_meets_the_same_person(
    seed: int, number: int, nth: int, hour: int
) -> None:
    first = met(number, nth=nth, hour=hour, seed=seed)
    assert first == met(number, nth=nth, hour=hour, seed=seed)


def test_the_draw_is_the_same_in_every_process() -> None:
    """Fixed here once: `hash()` would differ from run to run."""
    encounter = met(1)
    assert encounter.reaction is Reaction.REJECT
    assert encounter.post_dial_s == pytest.approx(3.68109, abs=0.00001)


def test_another_seed_or_another_call_meets_another_mood() -> None:
    moods = {met(1, nth=nth, seed=seed).post_dial_s for nth in range(5) for seed in range(5)}
    assert len(moods) == 25


def test_who_answers_at_one_hour_answers_at_any_likelier_one() -> None:
    """Calling later is a policy; it may not change who people are."""
    by_morning = {n for n in range(300) if met(n, hour=9).reaction is Reaction.ANSWER}
    by_evening = {n for n in range(300) if met(n, hour=19).reaction is Reaction.ANSWER}
    assert by_morning < by_evening


def test_people_answer_more_in_the_evening_and_hardly_at_night() -> None:
    assert answered(3) < 50 < answered(9) < answered(19)


def test_the_hour_is_the_persons_own() -> None:
    new_york = Behaviour(time_zone="America/New_York")
    assert answered(10, new_york) < answered(22, new_york)


def test_a_dead_number_stays_dead() -> None:
    dead = [n for n in range(500) if met(n).reaction is Reaction.DEAD_NUMBER]
    assert dead
    again = {met(n, nth=nth, hour=19).reaction for n in dead for nth in range(3)}
    assert again == {Reaction.DEAD_NUMBER}


def test_where_nobody_lives_the_number_is_dead() -> None:
    assert met(1, behaviour=None).reaction is Reaction.DEAD_NUMBER


def test_every_reaction_comes_up_and_has_its_ending() -> None:
    seen = {met(n, hour=14).reaction for n in range(3000)}
    assert seen == set(Reaction) == set(ENDINGS)


@pytest.mark.parametrize("reaction", Reaction)
def test_a_fixed_reaction_holds_at_any_hour_and_call(reaction: Reaction) -> None:
    fixed = Behaviour(reaction=reaction)
    assert {met(n, nth=n % 3, hour=n % 24, behaviour=fixed).reaction for n in range(100)} == {
        reaction
    }


def test_rings_take_as_long_as_rings_take() -> None:
    picked_up = [m for n in range(500) if (m := met(n)).reaction is Reaction.ANSWER]
    assert all(1 <= m.post_dial_s <= 4 for m in picked_up)
    assert all(3 <= m.ring_s <= 25 for m in picked_up)


def test_a_population_is_a_mapping_or_a_function() -> None:
    known = Behaviour(person="p-1")
    assert behaviour_of({"+8613800138001": known}, "+8613800138001") == known
    assert behaviour_of({}, "+8613800138001") is None
    assert behaviour_of(lambda e164: Behaviour(person=e164), "+86") == Behaviour(person="+86")


def test_an_instant_is_the_same_in_any_zone() -> None:
    noon = datetime(2026, 3, 9, 4, tzinfo=UTC)
    e164 = "+8613800130001"
    for zone in (UTC, SHANGHAI):
        local = (noon + timedelta(hours=3)).astimezone(zone)
        assert meet(ANYBODY, seed=1, e164=e164, nth=0, at=local) == met(1, hour=15)
