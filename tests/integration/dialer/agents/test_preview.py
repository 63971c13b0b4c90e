"""Preview: a call is shown to one agent at a time, who has it dialled or skips it."""

import asyncio

import pytest
import sqlalchemy as sa

from callback.tables import DueCall
from customers.model import Language, Reason, WrapUpCode
from dialer.agents import offers
from dialer.agents.model import AgentStateError, SkipReason
from dialer.agents.tables import PreviewSkip
from tests.integration.dialer.agents.floor import Floor, later
from tests.integration.dialer.day import RINGS_OUT, answers


async def _due(floor: Floor, count: int = 1) -> None:
    for _ in range(count):
        await floor.repaired(await floor.owner(answers()))
    await floor.build()


async def test_what_is_shown_rings_when_the_agent_says_so(preview: Floor) -> None:
    floor = preview
    await _due(floor)
    agent = await floor.agent()
    shown = await floor.offer(agent)
    assert shown is not None
    assert offers.is_allowed(shown)
    await floor.work(0.5)
    assert floor.rung == []

    await floor.ask_to_dial(agent)
    await floor.work(1.2)
    assert len(floor.rung) == 1
    assert await floor.states() == ["wrap_up"]
    await floor.wrap_up(agent, WrapUpCode.SATISFIED)
    assert await floor.due(Reason.REPAIR) == [("done", "satisfied")]


async def test_a_call_that_is_shown_is_shown_to_nobody_else(preview: Floor) -> None:
    floor = preview
    await _due(floor)
    one, other = await floor.agent("Li"), await floor.agent("Wu")
    first = await floor.offer(one)
    again = await floor.offer(one)
    assert first is not None
    assert again is not None
    assert again.due_call.due_call_id == first.due_call.due_call_id
    assert await floor.offer(other) is None


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["Li first", "Wu first"])
async def test_two_agents_on_two_connections_never_get_one_call(
    preview: Floor, order: tuple[int, int]
) -> None:
    floor = preview
    await _due(floor)
    agents = [await floor.agent("Li"), await floor.agent("Wu")]
    now = floor.clock.now()
    async with floor.sessions() as one, floor.sessions() as other:
        first = await offers.next_offer(one, agents[order[0]], desk=floor.desk, now=now)
        racing = asyncio.create_task(
            offers.next_offer(other, agents[order[1]], desk=floor.desk, now=now)
        )
        second = await racing
        await one.commit()
        await other.commit()
    assert first is not None
    assert second is None


async def test_two_agents_at_the_same_moment_share_the_list(preview: Floor) -> None:
    floor = preview
    await _due(floor, 2)
    agents = [await floor.agent("Li"), await floor.agent("Wu")]
    shown = await asyncio.gather(*(floor.offer(agent) for agent in agents))
    got = [each.due_call.due_call_id for each in shown if each is not None]
    assert len(got) == len(set(got)) >= 1


async def test_a_skip_has_a_reason_and_puts_the_call_off(preview: Floor) -> None:
    floor = preview
    await _due(floor)
    one, other = await floor.agent("Li"), await floor.agent("Wu")
    await floor.offer(one)
    async with floor.sessions.begin() as session:
        next_at = await offers.skip(
            session,
            one,
            SkipReason.OWNER_IS_HERE,
            note="at the counter",
            desk=floor.desk,
            now=floor.clock.now(),
        )
    assert next_at == later(floor, 240)
    assert await floor.offer(other) is None
    assert (await floor.states())[0] == "ready"
    (skipped,) = await floor.rows(sa.select(PreviewSkip.reason, PreviewSkip.note))
    assert tuple(skipped) == (SkipReason.OWNER_IS_HERE, "at the counter")
    await floor.until(next_at)
    assert await floor.offer(other) is not None


async def test_an_offer_that_runs_out_goes_to_somebody_else(preview: Floor) -> None:
    floor = preview
    await _due(floor)
    one, other = await floor.agent("Li"), await floor.agent("Wu")
    await floor.offer(one)
    await floor.until(later(floor, 2))
    await floor.sweep()
    assert await floor.states() == ["ready", "ready"]
    assert await floor.offer(other) is not None


async def test_who_paid_between_the_look_and_the_dial_is_not_rung(preview: Floor) -> None:
    """Here: the repair was found wanting meanwhile, so that nothing is left to ask."""
    floor = preview
    await _due(floor)
    agent = await floor.agent()
    await floor.offer(agent)
    await floor.write(
        lambda session: session.execute(
            sa.text("UPDATE work_order SET completed_on = NULL, reopened_at = now()")
        )
    )
    await floor.ask_to_dial(agent)
    await floor.work(0.5)
    assert floor.rung == []
    assert await floor.states() == ["ready"]
    ((state, _),) = await floor.due(Reason.REPAIR)
    assert state == "withdrawn"


async def test_a_dial_that_no_dialer_takes_runs_out(preview: Floor) -> None:
    floor = preview
    await _due(floor)
    agent = await floor.agent()
    await floor.offer(agent)
    await floor.ask_to_dial(agent)
    await floor.until(later(floor, 2))
    await floor.sweep()
    assert await floor.states() == ["ready"]
    assert await floor.offer(agent) is not None


async def test_an_agent_on_a_call_is_shown_nothing(preview: Floor) -> None:
    floor = preview
    await _due(floor, 2)
    agent = await floor.agent()
    floor.talks_s = 500
    await floor.offer(agent)
    await floor.ask_to_dial(agent)
    await floor.work(1)
    with pytest.raises(AgentStateError, match="on_call"):
        await floor.offer(agent)


async def test_languages_teams_and_skills_decide_who_is_shown_a_call(preview: Floor) -> None:
    floor = preview
    await floor.repaired(await floor.owner(RINGS_OUT, language=Language.MANDARIN))
    await floor.build()
    english = await floor.agent("Smith", languages=[Language.ENGLISH])
    both = await floor.agent("Li", languages=[Language.ENGLISH, Language.MANDARIN])
    assert await floor.offer(english) is None
    assert await floor.offer(both) is not None


async def test_a_due_call_of_an_agent_is_never_rung_by_the_script(preview: Floor) -> None:
    floor = preview
    await _due(floor)
    await floor.work(30)
    assert floor.rung == []
    (row,) = await floor.rows(sa.select(DueCall.state, DueCall.attempts))
    assert (row.state.value, row.attempts) == ("waiting", 0)
