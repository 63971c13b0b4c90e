"""Days of a pacer: its budget, its beginnings, and what it says."""

from collections.abc import Callable

import pytest

from customers.model import Language
from dialer.pacing.budget import HourCount
from dialer.pacing.model import Bound, Decision, Glance, LimitError, Limits, TotalsError
from dialer.pacing.pacer import Learned, Pacer
from dialer.pacing.wording import sentence
from tests.unit.dialer.pacing.toy import Toy

pytestmark = pytest.mark.unit

DAY_S = 86_400.0
LIMITS = Limits(target=0.03, window_s=DAY_S)


def glance(*, now_s: float = 0.0, live: int = 0, abandoned: int = 0, idle: int = 4) -> Glance:
    return Glance(
        now_s=now_s,
        hour=9,
        agents=20,
        idle=idle,
        waiting=0,
        ringing=[3.0, 9.0],
        talking=[30.0] * 16,
        wrapping=[],
        live=live,
        abandoned=abandoned,
    )


def steady(_now: int) -> float:
    return 0.35


def switched(now: int) -> float:
    return 0.2 if now < 3600 else 0.5


@pytest.mark.parametrize("chance", [steady, switched])
@pytest.mark.parametrize("agents", [4, 15])
def test_a_day_ends_at_its_target_and_agents_talk_more(
    chance: Callable[[int], float], agents: int
) -> None:
    seconds = 2 * 3600
    pacer = Pacer(day_ends_s=float(seconds))
    paced = Toy(agents=agents, chance=chance, seed=5)
    busy = paced.run(lambda seen: pacer.decide(seen, LIMITS).dial, seconds=seconds)
    plain = Toy(agents=agents, chance=chance, seed=5)
    one_each = plain.run(
        lambda seen: max(0, seen.idle - seen.waiting - len(seen.ringing)), seconds=seconds
    )
    assert paced.abandoned <= 0.03 * paced.live
    assert busy > 1.06 * one_each


def test_a_pacer_started_anew_within_a_day_goes_on_with_the_days_counts() -> None:
    pacer = Pacer(day_ends_s=1000.0)
    decision = pacer.decide(glance(live=1000, abandoned=45), LIMITS)
    assert (decision.live, decision.abandoned) == (1000, 45)
    assert decision.bound is Bound.SPENT
    assert decision.dial == 2  # four are idle, two lines ring


def test_a_window_overspent_yesterday_makes_today_careful() -> None:
    yesterday = Learned(hours=(HourCount(hour_index=20, live=1000, abandoned=36),))
    today = glance(now_s=DAY_S)
    careful = Pacer(yesterday, day_ends_s=DAY_S + 28_800).decide(today, LIMITS)
    plain = Pacer(day_ends_s=DAY_S + 28_800).decide(today, LIMITS)
    assert careful.limit is not None
    assert plain.limit is not None
    assert careful.limit < plain.limit


def test_a_supervisor_who_tightens_is_obeyed_at_once() -> None:
    pacer = Pacer(day_ends_s=28_800.0)
    before = pacer.decide(glance(), LIMITS)
    after = pacer.decide(glance(now_s=1.0), Limits(target=0.01, window_s=DAY_S))
    assert before.limit is not None
    assert after.limit is not None
    assert after.limit < before.limit


def test_totals_that_shrink_are_refused() -> None:
    pacer = Pacer()
    pacer.decide(glance(live=10, abandoned=1), LIMITS)
    with pytest.raises(TotalsError, match="1 abandoned of 9 answered were told after 1 of 10"):
        pacer.decide(glance(live=9, abandoned=1), LIMITS)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"target": 0.0}, "target is 0"),
        ({"target": 1.0}, "target is 1"),
        ({"window_s": 0.0}, "window_s is 0"),
        ({"channels": -1}, "channels is -1"),
        ({"calls_per_second": 0.0}, "calls_per_second is 0"),
    ],
)
def test_limits_that_mean_nothing_are_refused(changed: dict[str, float], told: str) -> None:
    given = {"target": 0.03, "window_s": DAY_S, **changed}
    with pytest.raises(LimitError, match=told):
        Limits(**given)  # type: ignore[arg-type]  # a table of numbers


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("bound", Bound)
def test_every_reason_is_said_in_one_line(bound: Bound, language: Language) -> None:
    decision = Decision(
        dial=2,
        bound=bound,
        odds=0.062,
        limit=0.034,
        chance=0.31,
        free_soon=1.4,
        due=0.9,
        idle=1,
        ringing=3,
        live=410,
        abandoned=12,
        target=0.03,
    )
    said = sentence(decision, language)
    assert "\n" not in said
    assert "{" not in said
    assert "410" in said
