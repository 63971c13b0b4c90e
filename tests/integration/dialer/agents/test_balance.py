"""Moving owners: who gets whom, what goes with them, and what stays."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from customers.model import CallMode, Language, Reason
from customers.people import request_callback
from dialer.agents.balance import Move, MoveChangedError, balances, make_move, plan_move
from dialer.agents.model import UnknownAgentError
from dialer.agents.portfolio import assign_by_hand
from tests.integration.api.office import TEN
from tests.integration.dialer.floor_town import FloorTown


@pytest.fixture
async def town(database: AsyncEngine) -> FloorTown:
    """A town of owners."""
    return await FloorTown.open(database)


async def own(town: FloorTown, agent_id: int, count: int, **values: Any) -> list[int]:
    people = [await town.owner(**values) for _ in range(count)]
    async with town.office.deps.sessions.begin() as session:
        for person_id in people:
            await assign_by_hand(session, person_id=person_id, agent_id=agent_id, by="x", now=TEN)
    return people


async def made(town: FloorTown, move: Move) -> dict[str, int]:
    """Make a move as it is shown; returns who has how many owners then."""
    async with town.office.deps.sessions.begin() as session:
        planned = await plan_move(session, move)
        await make_move(session, move, mark=planned.mark, by="何莉", now=TEN)
        return {each.name: each.owners for each in await balances(session, now=TEN)}


async def test_all_receivers_end_as_even_as_their_weights(town: FloorTown) -> None:
    giver = await town.agent("A")
    full, _light = await town.agent("B"), await town.agent("C")
    await town.agent("D", weight=2.0)
    await own(town, giver, 9)
    await own(town, full, 3)
    assert await made(town, Move(from_id=giver)) == {"A": 0, "B": 3, "C": 3, "D": 6}


async def test_owners_go_to_those_with_the_skill_only(town: FloorTown) -> None:
    giver = await town.agent("A", skills=["debt"])
    await town.agent("B", skills=["debt"])
    await town.agent("C")
    await own(town, giver, 4)
    assert await made(town, Move(from_id=giver, most=2, skill="debt")) == {"A": 2, "B": 2, "C": 0}


async def test_owners_go_to_their_team_only(town: FloorTown) -> None:
    giver = await town.agent("A", team="north")
    await town.agent("B", team="north")
    await town.agent("C", team="south")
    await own(town, giver, 2)
    assert await made(town, Move(from_id=giver, team="north")) == {"A": 0, "B": 2, "C": 0}


async def test_nobody_gets_an_owner_whose_language_they_do_not_speak(town: FloorTown) -> None:
    giver = await town.agent("A")
    await town.agent("B", languages=[Language.MANDARIN])
    await own(town, giver, 1)
    await own(town, giver, 2, language=Language.ENGLISH)
    async with town.office.deps.sessions() as session:
        planned = await plan_move(session, Move(from_id=giver))
    assert (planned.owners, planned.moved, planned.without_agent) == (3, 1, 2)
    assert await made(town, Move(from_id=giver)) == {"A": 2, "B": 1}


async def test_callbacks_go_with_their_owners_and_the_others_stay(town: FloorTown) -> None:
    giver, taker = await town.agent("A"), await town.agent("B")
    first, second = await own(town, giver, 2)
    due = {
        person_id: await town.due(
            Reason.PROMISED, person_id=person_id, agent_id=giver, mode=CallMode.AGENT
        )
        for person_id in (first, second)
    }
    async with town.office.deps.sessions.begin() as session:
        for person_id in (first, second):
            await request_callback(
                session,
                person_id=person_id,
                community_id=town.community_id,
                unit_id=None,
                call_at=TEN + timedelta(days=1),
                about=Reason.REPAIR,
                agent_id=giver,
                now=TEN,
            )
    await made(town, Move(from_id=giver, most=1, to_id=taker))
    has = "SELECT agent_id FROM due_call WHERE due_call_id = :due"
    assert await town.office.one(has, due=due[first]) == taker
    assert await town.office.one(has, due=due[second]) == giver
    asked = "SELECT agent_id FROM callback_request WHERE person_id = :person_id"
    assert await town.office.one(asked, person_id=first) == taker
    assert await town.office.one(asked, person_id=second) == giver


async def test_a_leavers_callback_to_nobodys_owner_goes_to_the_team(town: FloorTown) -> None:
    leaver = await town.agent("A")
    await town.agent("B")
    await own(town, leaver, 1)
    due = await town.due(Reason.PROMISED, agent_id=leaver)
    claimed = await town.due(Reason.PROMISED, agent_id=leaver, state="claimed")
    async with town.office.deps.sessions() as session:
        assert (await plan_move(session, Move(from_id=leaver))).callbacks == 1
    await made(town, Move(from_id=leaver))
    has = "SELECT agent_id FROM due_call WHERE due_call_id = :due"
    assert await town.office.one(has, due=due) is None
    assert await town.office.one(has, due=claimed) == leaver


async def test_a_move_that_would_come_out_otherwise_is_refused(town: FloorTown) -> None:
    giver = await town.agent("A")
    await town.agent("B")
    await own(town, giver, 2)
    async with town.office.deps.sessions() as session:
        shown = await plan_move(session, Move(from_id=giver))
    await own(town, giver, 1)
    async with town.office.deps.sessions.begin() as session:
        with pytest.raises(MoveChangedError):
            await make_move(session, Move(from_id=giver), mark=shown.mark, by="x", now=TEN)


async def test_a_stranger_has_nothing_to_move(town: FloorTown) -> None:
    async with town.office.deps.sessions() as session:
        with pytest.raises(UnknownAgentError):
            await plan_move(session, Move(from_id=4711))


async def test_balances_count_promises_and_what_waits(town: FloorTown) -> None:
    agent_id = await town.agent("A")
    (person_id,) = await own(town, agent_id, 1)
    await town.due(mode=CallMode.AGENT, person_id=person_id)
    await town.due(
        Reason.PROMISED,
        agent_id=agent_id,
        not_before=TEN + timedelta(hours=1),
        by=timedelta(hours=2),
    )
    await town.due(Reason.PROMISED, agent_id=agent_id, by=-timedelta(hours=1))
    async with town.office.deps.sessions() as session:
        (found,) = await balances(session, now=TEN)
    assert (found.owners, found.by_hand, found.waiting) == (1, 1, 1)
    assert (found.promised, found.late, found.next_at) == (2, 1, TEN + timedelta(hours=1))
