"""Who answers a call that was placed ahead of agents meets one, or is told that nobody is there."""

import sqlalchemy as sa

from customers.model import Reason
from dialer.bridges.port import CallInRoom
from dialer.tables import Attempt
from tests.integration.dialer.day import answers
from tests.integration.dialer.predictive.ahead import Ahead


async def test_who_answers_is_put_through_to_whoever_is_ready(ahead: Ahead) -> None:
    seen: list[str] = []

    async def hear(event: object) -> None:
        if isinstance(event, CallInRoom):
            seen.append(event.room)

    ahead.bridge.on_event = hear
    await ahead.owners([answers()])
    (agent,) = await ahead.team(1)
    await ahead.work(3)
    assert seen == [f"agent-{agent}"]
    assert await ahead.results() == [("answered", "satisfied")]
    assert await ahead.due(Reason.REPAIR) == [("done", "satisfied")]
    (attempt,) = await ahead.rows(sa.select(Attempt.agent_id, Attempt.mode, Attempt.met_at))
    assert attempt.agent_id == agent
    assert attempt.mode.value == "agent"
    assert await ahead.states() == ["ready"]
