"""A morning on which a team's calls are placed ahead of it."""

import random

import sqlalchemy as sa

from core.columns import table_of
from customers.account_tables import WorkOrder
from customers.model import Reason
from dialer.model import TelephonyResult
from dialer.pacing.keeping import from_json
from dialer.pacing.model import Kind
from dialer.pacing.pacer import Pacer
from dialer.predictive.replaying import figures_of, glance_from_json, limits_from_json
from dialer.predictive.tables import PacingRun
from dialer.tables import Attempt
from tests.integration.dialer.predictive.ahead import Ahead, people

_RUN, _ATTEMPT = table_of(PacingRun), table_of(Attempt)


async def test_a_team_is_paced_within_its_budget_and_every_decision_can_be_made_again(
    ahead: Ahead,
) -> None:
    ahead.talk_times = random.Random(5)
    await ahead.owners(people(80, answering=0.35))
    await ahead.team(6)
    await ahead.work(4)

    made = await ahead.decisions()
    attempts = await ahead.rows(sa.select(_ATTEMPT))
    assert sum(each.placed for each in made) == len(attempts)
    assert any(each.dial > each.glance["idle"] for each in made), "never ahead of agents"
    assert [each.n for each in made] == list(range(len(made)))
    assert len(made) > 200, "a decision a second"

    # Nobody is rung twice at a time, and hardly anybody meets nobody.
    assert len(ahead.rung) == len(attempts)
    assert ahead.carrier.refusals == {}
    abandoned = sum(each.telephony_result is TelephonyResult.ABANDONED for each in attempts)
    assert abandoned <= 1

    # Each answer and each end is told once, and the totals are those of the calls.
    told = [Kind(kind["kind"]) for each in made for kind in each.glance["happened"]]
    live = [each for each in attempts if each.answered_at is not None]
    assert abs(told.count(Kind.LIVE) - len(live)) <= 1, "but what the last second brought"
    assert made[-1].glance["live"] in {len(live), len(live) - 1}

    # A pacer that is told the same says the same.
    (run,) = await ahead.rows(sa.select(_RUN))
    pacer = Pacer(from_json(run.learned), day_ends_s=run.day_ends_s)
    for each in made:
        again = pacer.decide(glance_from_json(each.glance), limits_from_json(each.limits))
        assert figures_of(again) == {name: getattr(each, name) for name in figures_of(again)}


async def test_no_more_is_placed_than_there_are_lines_and_the_pacer_says_so(ahead: Ahead) -> None:
    ahead.with_trunk(channels=2)
    await ahead.owners(people(20, answering=0.0))
    await ahead.team(4)
    await ahead.work(0.5)
    made = await ahead.decisions()
    assert ahead.carrier.refusals == {}
    assert {each.bound for each in made} >= {"channels"}
    assert made[-1].bound == "channels"
    assert made[-1].at >= ahead.clock.now() - ahead.A_MOMENT, "it looks though no line is free"


async def test_an_empty_list_ends_the_calls_and_the_pacer_learns_that_none_was_placed(
    ahead: Ahead,
) -> None:
    await ahead.owners(people(3, answering=0.0))
    await ahead.team(6)
    await ahead.work(1.5)
    made = await ahead.decisions()
    assert len(ahead.rung) == 3
    assert sum(each.placed for each in made) == 3
    fewer = [nth for nth, each in enumerate(made[:-1]) if each.placed < each.dial]
    assert fewer
    assert all(made[nth + 1].glance["placed"] == made[nth].placed for nth in fewer)


async def test_nobody_is_rung_whose_reason_has_gone(ahead: Ahead) -> None:
    await ahead.owners(people(4, answering=1.0))
    reopened = sa.update(WorkOrder).values(completed_on=None)
    await ahead.write(lambda session: session.execute(reopened))
    await ahead.team(3)
    await ahead.work(1)
    assert ahead.rung == []
    assert {state for state, _ in await ahead.due(Reason.REPAIR)} == {"withdrawn"}
