"""Whose owners are whose: by weight and language, moved no more than needed, own agent first."""

import sqlalchemy as sa

from customers.model import Language
from dialer.agents import service
from dialer.agents.portfolio import Assigned, assign_by_hand, assign_portfolio
from dialer.agents.tables import Portfolio
from tests.integration.dialer.agents.floor import Floor, later
from tests.integration.dialer.day import Owner, answers


async def _assign(floor: Floor, community_id: int) -> Assigned:
    async with floor.sessions.begin() as session:
        return await assign_portfolio(session, community_id=community_id, now=floor.clock.now())


async def _owners(floor: Floor, count: int, **person: object) -> list[Owner]:
    return [await floor.owner(answers(), **person) for _ in range(count)]


async def _of(floor: Floor) -> dict[int, int]:
    rows = await floor.rows(sa.select(Portfolio.person_id, Portfolio.agent_id))
    return {row.person_id: row.agent_id for row in rows}


async def test_owners_are_shared_out_by_weight(preview: Floor) -> None:
    owners = await _owners(preview, 9)
    heavy = await preview.agent("Li", weight=2.0)
    light = await preview.agent("Wu")
    assigned = await _assign(preview, owners[0].community_id)
    assert (assigned.owners, assigned.moved, assigned.without_agent) == (9, 9, 0)
    shares = list((await _of(preview)).values())
    assert (shares.count(heavy), shares.count(light)) == (6, 3)
    again = await _assign(preview, owners[0].community_id)
    assert again.moved == 0


async def test_only_the_owners_of_who_leaves_the_roster_move(preview: Floor) -> None:
    owners = await _owners(preview, 6)
    agents = [await preview.agent(name) for name in ("Li", "Wu", "Chen")]
    await _assign(preview, owners[0].community_id)
    before = await _of(preview)
    await preview.write(
        lambda session: service.set_on_roster(
            session, agents[2], active=False, by="boss", now=preview.clock.now()
        )
    )
    assigned = await _assign(preview, owners[0].community_id)
    after = await _of(preview)
    assert assigned.moved == 2
    assert {person for person in before if before[person] != after[person]} == {
        person for person, agent in before.items() if agent == agents[2]
    }
    assert sorted(list(after.values()).count(agent) for agent in agents) == [0, 3, 3]


async def test_an_owner_goes_to_who_speaks_their_language_or_to_nobody(preview: Floor) -> None:
    owners = await _owners(preview, 2, language=Language.MANDARIN)
    await _owners(preview, 2, language=Language.ENGLISH)
    english = await preview.agent("Smith", languages=[Language.ENGLISH])
    assigned = await _assign(preview, owners[0].community_id)
    assert (assigned.moved, assigned.without_agent) == (2, 2)
    assert set((await _of(preview)).values()) == {english}


async def test_who_was_assigned_by_hand_stays(preview: Floor) -> None:
    owners = await _owners(preview, 4)
    agents = [await preview.agent(name) for name in ("Li", "Wu")]
    async with preview.sessions.begin() as session:
        for owner in owners[:3]:
            await assign_by_hand(
                session,
                person_id=owner.person_id,
                agent_id=agents[1],
                by="boss",
                now=preview.clock.now(),
            )
    await _assign(preview, owners[0].community_id)
    assert list((await _of(preview)).values()).count(agents[1]) >= 3


async def test_an_owners_own_agent_comes_first_and_then_the_team(preview: Floor) -> None:
    (owner,) = await _owners(preview, 1)
    await preview.repaired(owner)
    await preview.build()
    own, other = await preview.agent("Li"), await preview.agent("Wu")
    await preview.write(
        lambda session: assign_by_hand(
            session, person_id=owner.person_id, agent_id=own, by="boss", now=preview.clock.now()
        )
    )
    assert await preview.offer(other) is None
    await preview.until(later(preview, 30))
    assert await preview.offer(other) is not None
