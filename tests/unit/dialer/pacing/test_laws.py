"""Whatever a campaign looks like, the pacer keeps within what it is given."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.pacing.model import Glance, Limits
from dialer.pacing.pacer import Pacer

pytestmark = pytest.mark.unit

DAY_S = 8 * 3600.0
ages = st.lists(st.floats(0, 1500), max_size=25)


@st.composite
def glances(draw: st.DrawFn, *, now_s: float = 600.0) -> Glance:
    live = draw(st.integers(0, 3000))
    return Glance(
        now_s=now_s,
        hour=10,
        agents=draw(st.integers(0, 60)),
        idle=draw(st.integers(0, 30)),
        waiting=draw(st.integers(0, 3)),
        ringing=draw(st.lists(st.floats(0, 60), max_size=40)),
        talking=draw(ages),
        wrapping=draw(ages),
        live=live,
        abandoned=draw(st.integers(0, live // 10)),
    )


def limits(*, target: float = 0.03, predictive: bool = True, below: int = 0) -> Limits:
    return Limits(target=target, window_s=86_400.0, predictive=predictive, progressive_below=below)


@settings(max_examples=60, deadline=None)
@given(
    glances(),
    st.one_of(st.none(), st.integers(0, 80)),
    st.one_of(st.none(), st.floats(0.1, 50)),
)
def test_no_call_is_placed_beyond_the_trunks(
    glance: Glance, channels: int | None, per_second: float | None
) -> None:
    asked = Limits(target=0.03, window_s=86_400.0, channels=channels, calls_per_second=per_second)
    dial = Pacer(day_ends_s=DAY_S).decide(glance, asked).dial
    assert dial >= 0
    if channels is not None:
        up = len(glance.ringing) + len(glance.talking) + glance.waiting
        assert dial <= max(0, channels - up)
    if per_second is not None:
        assert dial <= max(1.0, per_second)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.2, 30), st.lists(st.floats(0.05, 3), min_size=5, max_size=60))
def test_no_more_calls_a_second_are_placed_than_the_trunks_take(
    per_second: float, pauses: list[float]
) -> None:
    pacer, now_s, dialed = Pacer(day_ends_s=DAY_S), 0.0, 0
    asked = Limits(target=0.03, window_s=86_400.0, calls_per_second=per_second)
    for pause in pauses:
        now_s += pause
        glance = Glance(
            now_s=now_s,
            hour=9,
            agents=200,
            idle=200,
            waiting=0,
            ringing=(),
            talking=(),
            wrapping=(),
            live=0,
            abandoned=0,
        )
        dialed += pacer.decide(glance, asked).dial
    assert dialed <= per_second * (now_s - pauses[0]) + max(1.0, per_second) + 1e-6


@settings(max_examples=60, deadline=None)
@given(glances(), st.floats(0.002, 0.2), st.floats(0.002, 0.2))
def test_a_greater_budget_never_places_fewer_calls(
    glance: Glance, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    dials = [
        Pacer(day_ends_s=DAY_S).decide(glance, limits(target=target)).dial for target in (low, high)
    ]
    assert dials[0] <= dials[1]


@settings(max_examples=40, deadline=None)
@given(glances(), st.sampled_from(("pack", "team", "spent")))
def test_no_call_is_placed_without_an_idle_agent_for_it_where_that_is_asked(
    glance: Glance, why: str
) -> None:
    asked = {
        "pack": limits(predictive=False),
        "team": limits(below=glance.agents + 1),
        "spent": limits(target=1e-6),
    }[why]
    if why == "spent" and glance.abandoned == 0:
        return
    dial = Pacer(day_ends_s=DAY_S).decide(glance, asked).dial
    assert dial <= max(0, glance.idle - glance.waiting - len(glance.ringing))


@settings(max_examples=40, deadline=None)
@given(glances())
def test_a_line_an_idle_agent_is_always_placed(glance: Glance) -> None:
    dial = Pacer(day_ends_s=DAY_S).decide(glance, limits()).dial
    assert dial >= glance.idle - glance.waiting - len(glance.ringing)


@settings(max_examples=40, deadline=None)
@given(glances())
def test_no_owner_is_called_at_worse_odds_than_the_limit(glance: Glance) -> None:
    pacer = Pacer(day_ends_s=DAY_S)
    decision = pacer.decide(glance, limits())
    if decision.limit is None:
        return
    assert decision.limit <= 2.5 * 0.03
    again = Pacer(day_ends_s=DAY_S).decide(glance, limits())
    assert again == decision  # the same glance, the same answer
