"""Agents' phones: rung at sign-in, looked after, and never missed without a word to the owner."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from callback.campaigns import Dialling
from core.database import session_factory
from customers.model import Reason, WrapUpCode
from dialer.agents import service
from dialer.agents.model import AgentState, AgentStateError, BreakReason
from dialer.agents.seats import MOST_RINGS, NoPhoneError, ask_for_phone
from dialer.agents.tables import Agent
from dialer.bridges.floor import PhoneTrouble
from dialer.bridges.simulated.floor import DeskPhone
from dialer.tables import Attempt
from tests.integration.dialer.agents.floor import Desks, agents_campaigns
from tests.integration.dialer.day import answers

PHONE, OTHER = "PJSIP/101", "PJSIP/102"


@pytest.fixture
async def desks(database: AsyncEngine) -> Desks:
    """Ten in the morning; repairs are rung for whoever is ready and has picked up their phone."""
    desks = Desks(session_factory(database), campaigns=agents_campaigns(Dialling.PROGRESSIVE))
    await desks.open()
    return desks


async def _due(desks: Desks) -> None:
    await desks.repaired(await desks.owner(answers()))
    await desks.build()


async def _agent(desks: Desks) -> Any:
    (row,) = await desks.rows(sa.select(Agent.__table__).order_by(Agent.agent_id).limit(1))
    return row


async def test_a_phone_is_rung_at_sign_in_and_hung_up_at_sign_out(desks: Desks) -> None:
    agent = await desks.agent(endpoint=PHONE)
    await desks.work(0.5)
    assert list(desks.floor.seats()) == [f"agent-{agent}"]
    assert (await _agent(desks)).seated_on == "here"
    assert desks.floor.rings == {PHONE: 1}
    await desks.write(lambda session: service.sign_out(session, agent, now=desks.clock.now()))
    await desks.work(0.5)
    assert desks.floor.seats() == {}
    assert (await _agent(desks)).seated_on is None


async def test_a_phone_that_is_not_picked_up_is_rung_again_with_longer_pauses(
    desks: Desks,
) -> None:
    await _due(desks)
    desks.floor.phones[PHONE] = DeskPhone(trouble=PhoneTrouble.BUSY)
    agent = await desks.agent(endpoint=PHONE)
    await desks.work(0.3)
    row = await _agent(desks)
    assert (row.phone_trouble, row.seated_on) == (PhoneTrouble.BUSY, None)
    assert desks.floor.rings == {PHONE: 1}
    await desks.work(30)
    assert desks.floor.rings == {PHONE: MOST_RINGS}
    assert desks.rung == [], "no owner answers to a phone that is not there"
    desks.floor.phones[PHONE] = DeskPhone()
    now = desks.clock.now()
    await desks.write(lambda session: ask_for_phone(session, agent, by="Li", now=now))
    await desks.work(0.5)
    assert (await _agent(desks)).phone_trouble is None
    assert len(desks.rung) == 1


async def test_who_has_no_phone_or_is_not_signed_in_cannot_be_rung(desks: Desks) -> None:
    one, two = await desks.agent(), await desks.agent("Wu", endpoint=PHONE)
    now = desks.clock.now()
    with pytest.raises(NoPhoneError, match="PJSIP/101"):
        await desks.write(lambda session: ask_for_phone(session, one, by="Li", now=now))
    await desks.write(lambda session: service.sign_out(session, two, now=now))
    with pytest.raises(AgentStateError, match="sign in first"):
        await desks.write(lambda session: ask_for_phone(session, two, by="Wu", now=now))


async def test_an_owner_whose_agents_phone_is_not_there_is_told_and_the_agent_gets_no_more(
    desks: Desks,
) -> None:
    await _due(desks)
    await desks.agent(endpoint=PHONE)
    await desks.work(0.05)
    assert len(desks.rung) == 1
    desks.floor.hang_up("agent-1")
    desks.keeper.nudge()
    await desks.work(1, keep=False)  # nobody has seen it before the owner answers
    assert await desks.results() == [("abandoned", None)]
    assert await desks.due(Reason.REPAIR) == [("waiting", None)]
    row = await _agent(desks)
    assert (row.state, row.break_reason) == (AgentState.BREAK, BreakReason.PHONE)
    (attempt,) = await desks.rows(sa.select(Attempt.met_at))
    assert attempt.met_at is None, "they met nobody"
    await _due(desks)
    await desks.work(10)
    assert len(desks.rung) == 1
    now = desks.clock.now()
    await desks.write(lambda session: service.become_ready(session, row.agent_id, now=now))
    await desks.work(1)
    assert len(desks.rung) == 2


async def test_a_phone_that_goes_in_the_middle_of_a_talk_gives_the_call_to_a_colleague(
    desks: Desks,
) -> None:
    await _due(desks)
    await desks.agent(endpoint=PHONE)
    desks.talks_s = 300
    await desks.work(1)
    other = await desks.agent("Wu", endpoint=OTHER)
    await desks.work(0.2)
    assert await desks.states() == ["on_call", "ready"]
    desks.floor.hang_up("agent-1")
    await desks.work(0.2)
    assert await desks.states() == ["break", "on_call"]
    (attempt,) = await desks.rows(sa.select(Attempt.attempt_id, Attempt.agent_id))
    assert attempt.agent_id == other
    assert desks.carrier.rooms.room_of(attempt.attempt_id) == f"agent-{other}"
    await desks.work(5)
    await desks.wrap_up(other, WrapUpCode.SATISFIED)
    assert await desks.due(Reason.REPAIR) == [("done", "satisfied")]


async def test_who_hangs_up_their_phone_in_a_talk_that_nobody_takes_writes_it_down(
    desks: Desks,
) -> None:
    await _due(desks)
    agent = await desks.agent(endpoint=PHONE)
    desks.talks_s = 300
    await desks.work(1)
    desks.floor.hang_up("agent-1")
    await desks.work(0.05)
    (live,) = await desks.rows(sa.select(Attempt.attempt_id))
    assert desks.carrier.rooms.room_of(live.attempt_id) == "apology", "the owner is told first"
    await desks.work(0.4)
    assert await desks.states() == ["wrap_up"]
    await desks.wrap_up(agent, WrapUpCode.SATISFIED)
    assert await desks.states() == ["ready"]
    assert await desks.results() == [("answered", "satisfied")]
    assert len(desks.rung) == 1


async def test_a_screen_that_goes_dark_in_a_talk_by_phone_leaves_the_talk_alone(
    desks: Desks,
) -> None:
    await _due(desks)
    agent = await desks.agent(endpoint=PHONE)
    desks.talks_s = 200
    await desks.work(1)
    await desks.vanish(agent)
    await desks.work(2)
    assert await desks.states() == ["on_call"]
    assert list(desks.floor.seats()) == ["agent-1"]
    await desks.work(1.5)
    assert await desks.states() == ["wrap_up"], "they may come back to write it down"
    await desks.work(4)
    assert await desks.states() == ["offline"]
    await desks.keeper.look()
    assert desks.floor.seats() == {}
    assert await desks.results() == [("answered", "transferred")]


async def test_a_dark_screen_and_a_phone_that_is_gone_lose_the_agent(desks: Desks) -> None:
    await _due(desks)
    agent = await desks.agent(endpoint=PHONE)
    desks.talks_s = 300
    await desks.work(1)
    await desks.vanish(agent)
    await desks.work(1)
    desks.floor.hang_up("agent-1")
    await desks.work(1)
    assert await desks.states() == ["offline"]
    assert await desks.results() == [("answered", "transferred")]


async def test_an_agent_keeps_their_call_while_nobody_knows_where_phones_are(
    desks: Desks,
) -> None:
    await _due(desks)
    await desks.agent(endpoint=PHONE)
    desks.talks_s = 200
    await desks.work(1)
    desks.floor.is_away = True
    await desks.work(1)
    assert (desks.floor.seats(), await desks.states()) == ({}, ["on_call"])
    desks.floor.is_away = False
    await desks.work(0.5)
    assert await desks.states() == ["on_call"]
    assert desks.floor.rings == {PHONE: 1}


async def test_a_call_goes_over_a_trunk_of_the_server_where_the_agents_phone_is(
    desks: Desks,
) -> None:
    desks.move_floor("elsewhere")
    await _due(desks)
    await desks.agent(endpoint=PHONE)
    await desks.work(2)
    assert list(desks.floor.seats()) == ["agent-1"]
    assert desks.rung == []


async def test_two_dialers_ring_a_phone_once(desks: Desks) -> None:
    await desks.agent(endpoint=PHONE)
    other = desks.another_keeper()
    await desks.keeper.look()
    await other.look()
    await desks.clock.drive(desks.clock.now() + timedelta(seconds=5))
    await desks.keeper.look()
    await other.look()
    assert desks.floor.rings == {PHONE: 1}
    assert (await _agent(desks)).seated_on == "here"
