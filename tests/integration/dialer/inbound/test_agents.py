"""Callers who want a person: their own agent first, then a free one, else a call back."""

import sqlalchemy as sa

from customers.model import Reason
from dialer.agents.model import AgentState, BreakReason
from dialer.agents.portfolio import assign_by_hand
from dialer.agents.service import take_break
from dialer.inbound.model import InboundResult
from dialer.tables import Attempt
from tests.integration.dialer.day import RINGS_OUT, Day, answers
from tests.integration.dialer.inbound.front import Front

STRANGER = "+8613955550001"


async def test_a_stranger_comes_to_a_free_agent_who_is_free_again_afterwards(day: Day) -> None:
    front = Front(day).with_agents(day.bridge)
    agent = await front.agent("Li Na")

    call = await (await front.rings(STRANGER)).press("1")
    transfer = call.turns[-1].transfer
    assert transfer is not None
    assert await front.desk.put_through(call.call_id, transfer.queue) == agent.room
    assert (await front.agent_now(agent.agent_id)).state is AgentState.ON_CALL
    row = await call.hang_up()

    assert (row.result, row.agent_id) == (InboundResult.PUT_THROUGH, agent.agent_id)
    after = await front.agent_now(agent.agent_id)
    assert (after.state, after.until) == (AgentState.WRAP_UP, row.ended_at)


async def test_who_is_put_through_twice_as_after_a_kill_has_one_agent(day: Day) -> None:
    front = Front(day).with_agents(day.bridge)
    agents = [await front.agent("Li Na"), await front.agent("Wang Wei")]
    call = await (await front.rings(STRANGER)).press("1")
    room = await front.desk.put_through(call.call_id, "service")
    assert room in {each.room for each in agents}
    assert await front.desk.put_through(call.call_id, "service") == room
    states = [(await front.agent_now(each.agent_id)).state for each in agents]
    assert states.count(AgentState.ON_CALL) == 1


async def test_an_owners_own_agent_comes_first(day: Day) -> None:
    owner = await day.owner(answers())
    front = Front(day).with_agents(day.bridge)
    await front.agent("Li Na")
    own = await front.agent("Zhang Wei")
    await day.write(
        lambda session: assign_by_hand(
            session,
            person_id=owner.person_id,
            agent_id=own.agent_id,
            by="test",
            now=day.clock.now(),
        )
    )

    call = await (await front.rings(owner.phones[0])).press("0")

    assert await front.desk.put_through(call.call_id, "service") == own.room


async def test_who_is_put_through_to_nobody_is_offered_a_call_back(day: Day) -> None:
    front = Front(day).with_agents(day.bridge)
    agent = await front.agent("Li Na")
    call = await (await front.rings(STRANGER)).press("1")
    await day.write(
        lambda session: take_break(  # at the last moment
            session, agent.agent_id, BreakReason.LUNCH, now=day.clock.now()
        )
    )

    assert await front.desk.put_through(call.call_id, "service") is None
    await call.listen()
    assert "没有同事能接听" in call.said
    await call.press("1", "1")

    assert (await call.hang_up()).result is InboundResult.WISH
    assert await day.due(Reason.MISSED_CALL) == [("waiting", None)]


async def test_who_rings_back_about_a_repair_may_speak_to_an_agent_who_wraps_it_up(
    day: Day,
) -> None:
    owner = await day.owner(RINGS_OUT)
    await day.repaired(owner)
    await day.build()
    front = Front(day).with_agents(day.bridge)
    agent = await front.agent("Li Na")

    call = await (await front.rings(owner.phones[0])).press("1", "0")
    assert await front.desk.put_through(call.call_id, "service") == agent.room
    row = await call.hang_up()

    assert row.result is InboundResult.PUT_THROUGH
    assert await day.due(Reason.REPAIR) == [("claimed", None)]
    (attempt,) = await day.rows(sa.select(Attempt.agent_id, Attempt.met_at))
    assert attempt.agent_id == agent.agent_id
    after = await front.agent_now(agent.agent_id)
    assert (after.state, after.attempt_id) == (AgentState.WRAP_UP, call.call_id)
