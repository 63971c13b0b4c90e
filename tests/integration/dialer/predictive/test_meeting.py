"""Who answers a call that was placed ahead of agents meets one, or is told that nobody is there."""

from datetime import timedelta

import sqlalchemy as sa

from callback.campaigns import Dialling
from callback.tables import DueCall
from customers.model import Reason
from dialer.bridges.port import CallAnswered, CallInRoom, CallRinging
from dialer.bridges.simulated.people import Behaviour, Reaction
from dialer.model import AnsweredBy
from dialer.tables import Attempt
from tests.integration.dialer.agents.floor import agents_campaigns
from tests.integration.dialer.day import answers
from tests.integration.dialer.predictive.ahead import Ahead

MACHINE = Behaviour(reaction=Reaction.MACHINE, detected_as=AnsweredBy.MACHINE)


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
    (attempt,) = await ahead.rows(sa.select(Attempt.agent_id, Attempt.mode))
    assert (attempt.agent_id, attempt.mode.value) == (agent, "agent")
    assert await ahead.states() == ["ready"]


async def test_no_greeting_is_made_ready_where_an_agent_is_to_speak(ahead: Ahead) -> None:
    prepared: list[object] = []

    async def prepare() -> None:
        (row,) = await ahead.rows(sa.select(Attempt.attempt_id))
        prepared.append(await ahead.bridge.host.prepare(row.attempt_id))

    ahead.on(CallRinging, prepare)
    await ahead.owners([answers()])
    await ahead.team(1)
    await ahead.work(1)
    assert prepared == [None]


async def test_who_answers_when_the_agent_has_left_hears_the_message_and_is_left_in_peace(
    ahead: Ahead,
) -> None:
    await _nobody_is_there(ahead)
    assert await ahead.results() == [("abandoned", None)]
    assert any("sorry" in each.lower() for each in ahead.bridge.spoken), ahead.bridge.spoken
    (attempt,) = await ahead.rows(sa.select(Attempt.agent_id, Attempt.met_at, Attempt.ended_at))
    assert (attempt.agent_id, attempt.met_at) == (None, None)


async def test_an_abandoned_number_is_silent_for_three_days_where_the_pack_wants_it(
    ahead: Ahead,
) -> None:
    await ahead.in_country("UK")
    await _nobody_is_there(ahead)
    (abandoned_at,) = (await ahead.rows(sa.select(Attempt.started_at)))[0]
    await ahead.agent("Wu")
    await ahead.until(abandoned_at + timedelta(hours=48))
    await _again_now(ahead)
    await ahead.work(2)
    assert len(ahead.rung) == 1
    assert await ahead.last_rule() == "abandoned_silence"

    await ahead.until(abandoned_at + timedelta(hours=73))
    await ahead.agent("Sun")
    await _again_now(ahead)
    await ahead.work(2)
    assert len(ahead.rung) == 2


async def test_an_agent_who_is_ready_may_ring_an_abandoned_number_sooner(ahead: Ahead) -> None:
    await ahead.in_country("UK")
    await _nobody_is_there(ahead)
    await ahead.agent("Wu")
    ahead.go_by(agents_campaigns(Dialling.PROGRESSIVE))
    await ahead.until(ahead.clock.now() + timedelta(hours=24))
    await _again_now(ahead)
    await ahead.work(2)
    assert len(ahead.rung) == 2


async def test_who_waits_is_given_to_whoever_becomes_ready_in_time(ahead: Ahead) -> None:
    await ahead.owners([answers()])
    (agent,) = await ahead.team(1)

    async def away_for_a_moment() -> None:
        await ahead.leave(agent)
        ahead.on(CallAnswered, back_in_a_second)

    async def back_in_a_second() -> None:
        ahead.clock.spawn(come_back())

    async def come_back() -> None:
        await ahead.clock.sleep(1.0)
        await ahead.sign_in(agent)

    ahead.on(CallRinging, away_for_a_moment)
    await ahead.work(3)
    assert await ahead.results() == [("answered", "satisfied")]
    assert await ahead.states() == ["ready"]


async def test_a_machine_never_meets_an_agent_where_the_pack_has_machines_detected(
    ahead: Ahead,
) -> None:
    await ahead.in_country("US", time_zone="America/New_York", region="US")
    ahead.prefix = "+12125"
    await ahead.until(ahead.clock.now() + timedelta(hours=16))
    await ahead.owners([MACHINE])
    await ahead.team(1)
    await ahead.work(3)
    assert [result for result, _ in await ahead.results()] == ["machine"], await ahead.last_rule()
    assert await ahead.states() == ["ready"]


async def _nobody_is_there(ahead: Ahead) -> None:
    """Let an owner be rung for an agent who signs out while it rings, and answer."""
    await ahead.owners([answers()])
    (agent,) = await ahead.team(1)
    ahead.on(CallRinging, lambda: ahead.leave(agent))
    await ahead.work(2)


async def _again_now(ahead: Ahead) -> None:
    """Let every due call be asked about again."""
    await ahead.write(
        lambda session: session.execute(sa.update(DueCall).values(next_at=ahead.clock.now()))
    )
