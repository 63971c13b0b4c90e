"""Progressive dialling: one call a ready agent, who meets whoever answers."""

import sqlalchemy as sa

from customers.model import Reason, WrapUpCode
from dialer.agents.model import BreakReason
from dialer.agents.service import take_break
from dialer.agents.tables import AgentStateChange
from dialer.bridges.port import CallInRoom
from dialer.tables import Attempt, AttemptDueCall
from tests.integration.dialer.agents.floor import Floor
from tests.integration.dialer.day import RINGS_OUT, answers


async def test_without_agents_nobody_is_rung(progressive: Floor) -> None:
    await progressive.repaired(await progressive.owner(answers()))
    await progressive.build()
    await progressive.work(10)
    assert progressive.rung == []


async def test_who_answers_is_put_through_and_the_agent_writes_it_down(progressive: Floor) -> None:
    floor = progressive
    await floor.repaired(await floor.owner(answers()))
    await floor.build()
    agent = await floor.agent()
    seen: list[str] = []

    async def hear(event: object) -> None:
        if isinstance(event, CallInRoom):
            seen.append(event.room)

    floor.bridge.on_event = hear
    await floor.work(1.5)
    assert seen == [f"agent-{agent}"]
    assert await floor.states() == ["wrap_up"]
    assert await floor.due(Reason.REPAIR) == [("claimed", None)]
    (attempt,) = await floor.rows(sa.select(Attempt.agent_id, Attempt.met_at, Attempt.answered_at))
    assert (attempt.agent_id, attempt.met_at) == (agent, attempt.answered_at)

    await floor.wrap_up(agent, WrapUpCode.SATISFIED)
    assert await floor.states() == ["ready"]
    assert await floor.due(Reason.REPAIR) == [("done", "satisfied")]
    assert await floor.results() == [("answered", "satisfied")]
    (served,) = await floor.rows(sa.select(AttemptDueCall.wrapped_up_by))
    assert served.wrapped_up_by == "Li"


async def test_who_does_not_answer_costs_the_agent_no_wrap_up(progressive: Floor) -> None:
    floor = progressive
    await floor.repaired(await floor.owner(RINGS_OUT))
    await floor.build()
    await floor.agent()
    await floor.work(3)
    assert await floor.results() == [("no_answer", None)]
    assert await floor.states() == ["ready"]


async def test_a_ready_agent_has_one_call_and_one_on_a_break_none(progressive: Floor) -> None:
    floor = progressive
    for _ in range(4):
        await floor.repaired(await floor.owner(answers()))
    await floor.build()
    one = await floor.agent("Li")
    other = await floor.agent("Wu")
    await floor.write(
        lambda session: take_break(session, other, BreakReason.LUNCH, now=floor.clock.now())
    )
    await floor.work(0.5)
    assert len(floor.rung) == 1
    assert (await floor.states())[1] == "break"
    steps = await floor.rows(
        sa.select(AgentStateChange.to_state)
        .where(AgentStateChange.agent_id == one)
        .order_by(AgentStateChange.agent_state_change_id)
    )
    assert [step.to_state.value for step in steps] == ["ready", "reserved", "on_call"]
