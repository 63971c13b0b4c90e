"""Screens go dark, processes die, words get lost: every agent and every call comes to an end."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from customers.model import Reason, WrapUpCode
from customers.tables import AgentTask
from dialer.agents import service
from dialer.agents.model import AgentState
from dialer.bridges.port import BridgeError, CallAnswered, CallEnded
from dialer.tables import Attempt
from tests.integration.dialer.agents.floor import Floor, later
from tests.integration.dialer.day import RINGS_OUT, answers


async def _due(floor: Floor, behaviour: object = None) -> None:
    await floor.repaired(await floor.owner(answers() if behaviour is None else RINGS_OUT))
    await floor.build()


async def test_a_lost_agents_call_is_handed_to_a_ready_colleague(progressive: Floor) -> None:
    floor = progressive
    await _due(floor)
    one = await floor.agent("Li")
    floor.talks_s = 120
    await floor.work(0.7)
    assert await floor.states() == ["on_call"]
    other = await floor.agent("Wu")
    await floor.vanish(one)
    await floor.work(1)
    assert await floor.states() == ["offline", "on_call"]
    (attempt,) = await floor.rows(sa.select(Attempt.agent_id))
    assert attempt.agent_id == other
    await floor.work(2)
    await floor.wrap_up(other, WrapUpCode.SATISFIED)
    assert await floor.due(Reason.REPAIR) == [("done", "satisfied")]
    assert len(floor.rung) == 1


async def test_a_lost_agents_call_without_a_colleague_ends_in_a_named_outcome(
    progressive: Floor,
) -> None:
    floor = progressive
    await _due(floor)
    agent = await floor.agent()
    floor.talks_s = 2000
    await floor.work(0.7)
    await floor.vanish(agent)
    await floor.work(2)
    assert await floor.states() == ["offline"]
    assert await floor.results() == [("answered", "transferred")]
    assert await floor.due(Reason.REPAIR) == [("done", "transferred")]
    (task,) = await floor.rows(sa.select(AgentTask.kind))
    assert task.kind == "wrap_up"
    await floor.work(60 * 6)
    assert len(floor.rung) == 1


async def test_a_call_whose_agent_is_lost_while_it_rings_is_cut_and_tried_again(
    progressive: Floor,
) -> None:
    floor = progressive
    await _due(floor, RINGS_OUT)
    agent = await floor.agent()

    async def gone() -> None:
        await floor.write(
            lambda session: service.force(
                session,
                agent,
                AgentState.OFFLINE,
                by="Chen",
                why="went home",
                now=floor.clock.now(),
            )
        )

    floor.at(8, gone)
    await floor.work(1)
    assert await floor.states() == ["offline"]
    assert await floor.results() == [("cancelled", None)]
    assert await floor.due(Reason.REPAIR) == [("waiting", None)]


async def test_who_answers_a_call_whose_agent_has_gone_counts_as_abandoned(
    progressive: Floor,
) -> None:
    floor = progressive
    await _due(floor)
    agent = await floor.agent()

    async def gone(event: object) -> None:
        if isinstance(event, CallAnswered):
            await floor.write(
                lambda session: session.execute(
                    sa.text("UPDATE attempt SET met_at = NULL WHERE ended_at IS NULL")
                )
            )
            await floor.write(
                lambda session: service.force(
                    session,
                    agent,
                    AgentState.OFFLINE,
                    by="Chen",
                    why="fire alarm",
                    now=floor.clock.now(),
                )
            )
            floor.keeper.nudge()

    floor.bridge.on_event = gone
    await floor.work(1)
    assert await floor.results() == [("abandoned", None)]
    assert await floor.due(Reason.REPAIR) == [("waiting", None)]


async def test_an_answer_and_an_end_that_nobody_told_are_found_by_the_sweep(
    progressive: Floor,
) -> None:
    """The dialer dies while it rings; another process settles the call; the agent is told last."""
    floor = progressive
    await _due(floor)
    agent = await floor.agent()
    floor.bridge.deaf_to = CallEnded
    await floor.work(1)
    await floor.bridge.close()
    floor.begin_anew()
    floor.bridge.deaf_to = None
    await floor.work(0.1, keep=False)
    assert await floor.states() == ["on_call"]
    report = await floor.sweep()
    assert report.caught_up == 1
    assert await floor.states() == ["wrap_up"]
    await floor.wrap_up(agent, WrapUpCode.SATISFIED)
    assert await floor.results() == [("answered", "satisfied")]


async def test_every_state_comes_to_ready_or_offline_when_nobody_does_anything(
    progressive: Floor,
) -> None:
    floor = progressive
    for _ in range(3):
        await _due(floor)
    agents = [await floor.agent(name) for name in ("Li", "Wu", "Chen")]
    await floor.work(1)
    for agent in agents[:2]:
        await floor.vanish(agent)
    for _ in range(4):
        await floor.until(later(floor, 4))
        await floor.sweep()
    assert set(await floor.states()) <= {"offline", "ready"}
    unsettled = await floor.rows(
        sa.text("SELECT 1 FROM attempt_due_call WHERE settled_at IS NULL")  # type: ignore[arg-type]
    )
    assert unsettled == []


async def test_a_sweep_that_finds_nothing_changes_nothing(progressive: Floor) -> None:
    floor = progressive
    await floor.agent()
    assert not await floor.sweep()
    await floor.until(floor.clock.now() + timedelta(minutes=5))
    assert not await floor.sweep()
    assert await floor.states() == ["ready"]


async def test_a_hang_up_that_the_carrier_refuses_is_asked_again_and_ends_no_keeper(
    progressive: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor = progressive
    await _due(floor)
    agent = await floor.agent()
    floor.talks_s = 2000
    await floor.work(0.7)
    assert await floor.states() == ["on_call"]
    hang_up, refused = floor.bridge.hang_up, list[UUID]()

    async def refuse(attempt_id: UUID) -> None:
        if not refused:
            refused.append(attempt_id)
            message = "the carrier is away"
            raise BridgeError(message, retryable=True)
        await hang_up(attempt_id)

    monkeypatch.setattr(floor.bridge, "hang_up", refuse)
    await floor.write(lambda session: service.hang_up(session, agent, now=floor.clock.now()))
    await floor.work(1)

    assert len(refused) == 1
    assert await floor.states() == ["wrap_up"]
