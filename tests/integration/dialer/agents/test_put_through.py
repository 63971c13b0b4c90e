"""A script that transfers finds an agent who is free at that moment, or says that nobody is."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from callback.campaigns import shipped_campaigns
from core.database import session_factory
from customers.model import Language, Reason, WrapUpCode
from customers.tables import AgentTask
from dialer.agents.model import AgentState
from dialer.agents.tables import Agent, Portfolio
from dialer.tables import Attempt
from tests.integration.dialer.agents.floor import Desks
from tests.integration.dialer.day import answers


@pytest.fixture
async def desks(database: AsyncEngine) -> Desks:
    """Ten in the morning; repairs are asked after by script, and owners want a person."""
    desks = Desks(session_factory(database), campaigns=shipped_campaigns())
    await desks.open()
    return desks


async def _owner_who_wants_a_person(desks: Desks) -> Any:
    owner = await desks.owner(answers("0"))
    await desks.repaired(owner)
    await desks.build()
    return owner


async def _who_has_it(desks: Desks) -> int | None:
    rows = await desks.rows(sa.select(Attempt.agent_id))
    agent_id: int | None = rows[-1].agent_id
    return agent_id


async def test_an_owner_who_asks_for_a_person_is_put_through_and_the_agent_writes_it_down(
    desks: Desks,
) -> None:
    await _owner_who_wants_a_person(desks)
    agent = await desks.agent(endpoint="PJSIP/101")
    await desks.work(1.5)
    assert await desks.states() == ["on_call"]
    assert await _who_has_it(desks) == agent
    await desks.work(1.5)
    assert await desks.states() == ["wrap_up"]
    assert await desks.due(Reason.REPAIR) == [("claimed", None)]
    await desks.wrap_up(agent, WrapUpCode.SATISFIED)
    assert await desks.due(Reason.REPAIR) == [("done", "satisfied")]
    (kept,) = await desks.rows(sa.select(Attempt.talk))
    assert kept.talk["state"]["outcomes"][0]["wrap_up_code"] == "transferred"


async def test_a_transfer_whose_agent_never_writes_it_down_settles_as_the_script_left_it(
    desks: Desks,
) -> None:
    await _owner_who_wants_a_person(desks)
    await desks.agent(endpoint="PJSIP/101")
    await desks.work(10)
    assert await desks.states() == ["ready"]
    assert await desks.results() == [("answered", "transferred")]
    (task,) = await desks.rows(sa.select(AgentTask.kind).distinct())
    assert task.kind == "wrap_up"


async def test_the_persons_own_agent_comes_first(desks: Desks) -> None:
    owner = await _owner_who_wants_a_person(desks)
    await desks.agent("Li", endpoint="PJSIP/101")
    own = await desks.agent("Wu", endpoint="PJSIP/102")
    await desks.add(
        Portfolio, person_id=owner.person_id, agent_id=own, assigned_at=desks.clock.now()
    )
    await desks.work(1.5)
    assert await _who_has_it(desks) == own


@pytest.mark.parametrize(
    "agent",
    [
        {"endpoint": "PJSIP/101", "languages": [Language.MANDARIN]},
        {"endpoint": "PJSIP/101", "state": AgentState.BREAK},
        None,
    ],
    ids=["speaks another language", "is away", "nobody is signed in"],
)
async def test_where_nobody_fits_the_owner_hears_so_and_becomes_a_task(
    desks: Desks, agent: dict[str, Any] | None
) -> None:
    await _owner_who_wants_a_person(desks)
    if agent is not None:
        state = agent.pop("state", None)
        agent_id = await desks.agent(**agent)
        if state is not None:
            await desks.write(
                lambda session: session.execute(
                    sa.update(Agent)
                    .where(Agent.agent_id == agent_id)
                    .values(state=state, break_reason="rest")
                )
            )
    await desks.work(5)
    assert await _who_has_it(desks) is None
    assert await desks.results() == [("answered", "transferred")]
    (task,) = await desks.rows(sa.select(AgentTask.detail))
    assert task.detail["reason"] == "no_agent_free"


async def test_an_agent_whose_phone_is_not_in_its_room_is_not_free(desks: Desks) -> None:
    await _owner_who_wants_a_person(desks)
    await desks.agent(endpoint="PJSIP/101")
    desks.move_floor("elsewhere")
    await desks.work(5)
    assert await _who_has_it(desks) is None
