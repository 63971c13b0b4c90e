"""An agent who only looks at an owner can have a call that is up: what they saw goes back."""

from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from callback.tables import DueCall
from customers.tables import Person
from dialer.agents.commands import Asking, ask_to_hand_over
from dialer.agents.model import ColleagueNotFreeError
from dialer.agents.phones import Phones
from dialer.agents.reserving import Wanted, free_agents, reserve
from dialer.agents.tables import AgentStateChange
from tests.integration.console.desk_floor import DeskFloor, Tab


@pytest.fixture
async def floor(database: AsyncEngine) -> DeskFloor:
    """Li is at work, and a finished repair's call waits to be shown."""
    return await DeskFloor.with_a_repair(database)


async def looking(tab: Tab) -> str:
    await tab.look()
    await tab.post("/desk/next")
    assert tab.mark.startswith("offer-")
    return tab.mark


async def due_calls(floor: DeskFloor) -> list[tuple[str, bool]]:
    now = floor.clock.now()
    rows = await floor.rows(sa.select(DueCall.state, DueCall.next_at))
    return [(row.state.value, row.next_at <= now) for row in rows]


async def test_a_call_that_comes_in_reaches_who_only_looks_and_the_owner_seen_goes_back(
    floor: DeskFloor,
) -> None:
    (person,) = await floor.rows(sa.select(Person.person_id))
    async with floor.tab() as tab:
        await looking(tab)
        assert await due_calls(floor) == [("waiting", False)]
        await floor.put_through("+8613911112222", person.person_id)
        late = await tab.post("/desk/dial")
        assert late.status_code == 409, "what was shown is not rung any more"
        page = await tab.look()
        assert tab.mark.startswith("call-")
        assert "A call came in. The owner you saw goes back" in page
    assert await due_calls(floor) == [("waiting", True)]
    assert await floor.states() == ["on_call"]
    steps = await floor.rows(
        sa.select(AgentStateChange.to_state, AgentStateChange.why).order_by(
            AgentStateChange.agent_state_change_id.desc()
        )
    )
    assert (steps[0].to_state.value, steps[0].why) == ("on_call", "put_through")


async def test_who_has_said_that_it_may_ring_is_left_to_their_call(floor: DeskFloor) -> None:
    async with floor.tab() as tab:
        await looking(tab)
        await tab.post("/desk/dial")
        async with floor.sessions.begin() as session:
            wanted = Wanted(call_id=uuid4(), trunk="a")
            phones, now = Phones(floor.bridge), floor.clock.now()
            taken = await reserve(
                session, wanted, desk=floor.desk, phones=phones, by="inbound", now=now
            )
        assert taken is None
    assert await floor.states() == ["reserved"]


async def test_who_is_ready_comes_before_who_looks_and_calls_placed_ahead_take_no_looker(
    floor: DeskFloor,
) -> None:
    wu = await floor.agent("Wu", endpoint="PJSIP/102")
    await floor.work(0.1)
    wanted, phones = Wanted(call_id=uuid4(), trunk="a"), Phones(floor.bridge)
    async with floor.tab() as tab:
        await looking(tab)
        async with floor.sessions() as session:
            free = await free_agents(session, wanted, desk=floor.desk, phones=phones)
            ahead = await free_agents(
                session, wanted, desk=floor.desk, phones=phones, lookers=False
            )
        assert [each.agent_id for each in free] == [wu, 1]
        assert [each.agent_id for each in ahead] == [wu]


async def test_a_colleague_who_looks_can_be_given_a_call_and_one_whose_call_rings_cannot(
    floor: DeskFloor,
) -> None:
    (person,) = await floor.rows(sa.select(Person.person_id))
    wu = await floor.agent("Wu", endpoint="PJSIP/102")
    await floor.work(0.1)
    async with floor.tab() as tab:
        await looking(tab)
        await floor.put_through("+8613911112222", person.person_id)
        assert sorted(await floor.states()) == ["on_call", "reserved"], "Wu was ready"
        asking = Asking(agent_id=wu, by="Wu", now=floor.clock.now())
        async with floor.sessions.begin() as session:
            asked = await ask_to_hand_over(session, asking, 1)
            assert asked.given == {"to_agent_id": 1}
        await tab.post("/desk/dial")
        async with floor.sessions.begin() as session:
            with pytest.raises(ColleagueNotFreeError):
                await ask_to_hand_over(session, asking, 1)
