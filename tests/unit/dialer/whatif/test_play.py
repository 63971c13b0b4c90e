"""A rehearsed day keeps to lines, hours, agents and retry rules, and names what binds."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.scoring import shipped_scoring
from dialer.whatif.model import Cause, Day, Held, Manner, WhatIfError
from dialer.whatif.play import Play
from dialer.whatif.result import differences, forecast_of
from dialer.whatif.runs import job_of, play_many
from dialer.whatif.stage import Played
from dialer.whatif.world import Seen, World
from tests.unit.dialer.whatif.days import (
    ALLOWED,
    DAY_S,
    HOUR,
    OPEN,
    day,
    due,
    never_answers,
    played,
    stage_of,
)

MANNERS = [Manner.AUTOMATIC, Manner.PREVIEW, Manner.PROGRESSIVE]


class _Placed(Play):
    """A play that notes when each call was placed, and to whom."""

    placed: list[tuple[float, int]]

    def _place_call(self, i: int, agent: int) -> None:
        self.__dict__.setdefault("placed", []).append((self._now, i))
        super()._place_call(i, agent)


def _placed(of: Day, nth: int) -> tuple[Played, list[tuple[float, int]]]:
    world = World(Seen(), places=of.places, scoring=shipped_scoring())
    play = _Placed(stage_of(of), world.draw(np.random.default_rng((7, nth, 1))), key=(7, nth, 2))
    found = play.run()
    return found, play.__dict__.get("placed", [])


@settings(max_examples=25, deadline=None)
@given(
    manner=st.sampled_from(MANNERS),
    calls=st.integers(0, 60),
    agents=st.integers(0, 6),
    channels=st.integers(1, 6),
    persons=st.integers(1, 60),
    nth=st.integers(0, 50),
)
def test_no_line_hour_agent_or_cap_is_ever_exceeded(
    *, manner: Manner, calls: int, agents: int, channels: int, persons: int, nth: int
) -> None:
    due_calls = [due(each, person=each % persons) for each in range(calls)]
    of = day(due_calls, manner, agents=agents, channels=channels)
    found, placed = _placed(of, nth)
    assert found.most_lines <= channels
    assert found.most_talks <= agents
    assert found.total("contacts") <= found.total("attempts")
    assert found.total("done") <= calls
    for at, _ in placed:
        assert any(start <= at < end for start, end in OPEN)
    for person in range(persons):
        times = sorted(at for at, i in placed if of.due[i].person == person)
        assert len(times) <= ALLOWED.room
        assert all(b - a > ALLOWED.gap_s - 0.001 for a, b in pairwise(times))
    if manner is not Manner.AUTOMATIC and not agents:
        assert not placed


def test_more_agents_never_reach_fewer_people_in_the_mean() -> None:
    calls = [due(each) for each in range(400)]
    means = []
    for agents in (1, 2, 4, 8):
        of = day(calls, Manner.PROGRESSIVE, agents=agents, channels=50)
        means.append(sum(played(of, nth).total("contacts") for nth in range(4)))
    assert means == sorted(means)
    assert means[0] < means[-1]


def _cause(of: Day, *, seen: Seen | None = None) -> set[Cause]:
    return set(played(of, seen=seen).missed.values())


def test_a_deadline_without_an_allowed_hour_before_it_is_missed_for_the_hours() -> None:
    assert _cause(day([due(0, due_s=8 * HOUR)])) == {Cause.HOURS}


def test_a_deadline_behind_a_cap_is_missed_for_the_caps() -> None:
    capped = Held(windows=(), rule="attempt_cap", room=0, gap_s=0.0, hushed=False)
    assert _cause(day([due(0, held=capped)])) == {Cause.CAPS}


def test_a_person_whose_calls_are_used_up_by_another_matter_is_missed_for_the_caps() -> None:
    one = replace(ALLOWED, room=1)
    calls = [due(0, held=one, priority=90), due(1, held=one, person=0)]
    found = played(day(calls), seen=never_answers())
    assert found.missed == {0: Cause.CAPS, 1: Cause.CAPS}


def test_a_refused_call_is_missed_for_its_rule_and_a_paused_one_for_the_pause() -> None:
    for rule, cause in (("opted_out", Cause.RULE), ("campaign_paused", Cause.PAUSED)):
        refused = Held(windows=(), rule=rule, room=0, gap_s=0.0, hushed=False)
        assert _cause(day([due(0, held=refused)])) == {cause}


def test_calls_for_which_no_agent_has_time_are_missed_for_agents() -> None:
    calls = [due(each) for each in range(3_000)]
    of = day(calls, Manner.PROGRESSIVE, agents=1, channels=50)
    assert Cause.AGENTS in _cause(of)
    assert Cause.TRUNKS not in _cause(of)


def test_calls_for_which_there_is_no_line_are_missed_for_trunks() -> None:
    calls = [due(each) for each in range(4_000)]
    assert Cause.TRUNKS in _cause(day(calls, channels=1))
    of = day(calls, Manner.PROGRESSIVE, agents=40, channels=1)
    assert Cause.TRUNKS in _cause(of)


def test_calls_that_nobody_answers_are_missed_as_unreached() -> None:
    assert _cause(day([due(0)]), seen=never_answers()) == {Cause.UNREACHED}


def test_who_may_be_called_early_is_called_early_whatever_their_place_on_the_list() -> None:
    late = replace(ALLOWED, windows=((14 * HOUR, 20 * HOUR),))
    early = replace(ALLOWED, windows=((9 * HOUR, 10 * HOUR),))
    of = day([due(0, held=late), due(1, held=late), due(2, held=early, due_s=10 * HOUR)])
    _, placed = _placed(of, 0)
    assert placed[0] == (9 * HOUR, 2)


def test_a_deadline_that_has_passed_before_the_day_is_not_counted() -> None:
    assert not played(day([due(0, due_s=0.0), due(1, due_s=-HOUR)])).missed


def test_the_figures_are_the_same_for_any_number_of_processes() -> None:
    of = day([due(each) for each in range(30)], Manner.PREVIEW, agents=2)
    job = job_of([of], seen=Seen(), scoring=shipped_scoring(), seed=3)
    alone = play_many(job, replications=7, processes=1)
    assert forecast_of(of, alone[0]) == forecast_of(
        of, play_many(job, replications=7, processes=2)[0]
    )


def test_two_settings_that_are_the_same_differ_by_nothing() -> None:
    of = day([due(each) for each in range(50)], Manner.PROGRESSIVE, agents=3)
    job = job_of([of, of], seen=Seen(), scoring=shipped_scoring(), seed=3)
    found = differences(*play_many(job, replications=5))
    assert {(each.mean, each.low, each.high) for each in found.values()} == {(0.0, 0.0, 0.0)}


def test_named_deadlines_carry_place_cause_and_rule() -> None:
    refused = Held(windows=(), rule="opted_out", room=0, gap_s=0.0, hushed=False)
    of = day([due(0, held=refused)])
    named = forecast_of(of, [played(of, nth) for nth in range(3)]).named
    assert [(each.community, each.unit, each.cause, each.rule) for each in named] == [
        ("湖畔花园", "1-1-0", Cause.RULE, "opted_out")
    ]
    assert named[0].due_by == "2026-12-17T16:00:00+00:00"
    assert of.due[0].due_s == DAY_S


@pytest.mark.parametrize("replications", [-1, 0, 1, 1_001])
def test_a_number_of_replications_that_cannot_be_is_refused(replications: int) -> None:
    job = job_of([day([due(0)])], seen=Seen(), scoring=shipped_scoring(), seed=3)
    with pytest.raises(WhatIfError, match="write 2 to 1000"):
        play_many(job, replications=replications)
