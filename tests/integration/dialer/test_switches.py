"""What keeps the dialer from ringing although something is due, and that it says so."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from core.database import session_factory
from customers.model import Reason
from dialer.bridges.port import TrunkLimits
from dialer.claim import NOTHING_CLAIMED, ClaimReport
from dialer.control import Switches, arm, pause_campaign, resume, stop
from dialer.engine.engine import SWITCH_POLL
from tests.integration.dialer.day import RINGS_OUT, Day


async def _due(day: Day) -> str:
    owner = await day.owner(RINGS_OUT)
    await day.repaired(owner)
    await day.build()
    return owner.phones[0]


def _reason(day: Day) -> str | None:
    return None if day.engine.idle_reason is None else day.engine.idle_reason.reason


async def _stop(session: AsyncSession) -> None:
    await stop(session, by="test", now=datetime(2026, 5, 20, tzinfo=UTC))


async def test_nothing_rings_when_stopped_and_the_dialer_says_so(day: Day) -> None:
    await _due(day)
    await day.write(_stop)
    await day.dial()

    assert day.rung == []
    assert _reason(day) == "stopped"
    assert await day.due(Reason.REPAIR) == [("waiting", None)]


async def test_dialling_goes_on_after_resume(day: Day) -> None:
    number = await _due(day)
    await day.write(_stop)
    await day.dial(0.1)
    await day.write(resume)
    await day.dial(0.1)

    assert day.rung == [number]


async def test_stop_hangs_up_what_is_up(day: Day) -> None:
    await _due(day)

    async def stop_when_told(_: object) -> None:
        await day.write(_stop)
        day.engine.nudge()

    day.bridge.on_event = stop_when_told
    await day.dial(0.1)

    assert await day.results() == [("cancelled", None)]
    assert _reason(day) == "stopped"


async def test_a_paused_campaign_rings_nobody_and_is_named(day: Day) -> None:
    await _due(day)
    await day.write(
        lambda session: pause_campaign(session, campaign="repair", by="test", now=day.clock.now())
    )
    await day.dial()

    assert day.rung == []
    assert _reason(day) in {"campaign_paused", "not_yet_judged"}


async def test_when_nothing_is_due_there_is_nothing_to_say(day: Day) -> None:
    await day.build()
    await day.dial()
    assert day.engine.idle_reason is None


async def test_rest_hours_are_named_with_their_end(database: AsyncEngine) -> None:
    day = Day(session_factory(database), now=datetime(2026, 5, 20, 4, 30, tzinfo=UTC))
    await day.open()
    await _due(day)
    await day.dial(0.5)

    assert day.rung == []
    idle = day.engine.idle_reason
    assert idle is not None
    assert (idle.reason, idle.due) == ("rest_hours", 1)
    assert idle.until == datetime(2026, 5, 20, 6, tzinfo=UTC)


@pytest.mark.parametrize(("armed", "rings"), [(False, False), (True, True)])
async def test_a_real_bridge_rings_only_test_numbers_until_it_is_armed(
    database: AsyncEngine, armed: bool, rings: bool
) -> None:
    day = Day(session_factory(database), is_real=True, test_numbers=("+8613800130002",))
    await day.open()
    numbers = [await _due(day) for _ in range(2)]
    assert numbers[0] == "+8613800130002"
    if armed:
        await day.write(lambda session: arm(session, by="test", now=day.clock.now()))
    await day.dial(0.1)

    assert set(day.rung) == set(numbers if rings else numbers[:1])
    assert armed or _reason(day) in {"not_armed", "retry_interval"}


class _NobodyToCallFor:
    """A source of calls without any, as one is for agents while none of them is at work."""

    is_asked_without_lines = False

    async def claim(
        self,
        session: AsyncSession,
        tokens: Sequence[TrunkLimits],
        *,
        turned: Switches,
        now: datetime,
    ) -> ClaimReport:
        return NOTHING_CLAIMED

    def next_at(self, now: datetime) -> datetime | None:
        return None


async def test_a_dialer_with_agents_keeps_saying_what_binds_too(database: AsyncEngine) -> None:
    day = Day(session_factory(database), is_real=True)
    await day.open()
    await _due(day)
    engine = day.dialer(poll=SWITCH_POLL, sources=(_NobodyToCallFor(),))

    async def work() -> None:
        await engine.start()
        day.clock.spawn(engine.run())
        await day.clock.sleep(150)
        assert engine.idle_reason is not None
        assert engine.idle_reason.reason == "not_armed"
        await day.write(lambda session: stop(session, by="test", now=day.clock.now()))
        await day.clock.sleep(90)
        assert engine.idle_reason.reason == "stopped"
        engine.end()
        await day.clock.sleep(1)

    await day.clock.run(work())


async def test_a_real_bridge_never_rings_an_invented_person(database: AsyncEngine) -> None:
    day = Day(session_factory(database), is_real=True)
    await day.open()
    await day.repaired(await day.owner(RINGS_OUT, synthetic=True))
    await day.build()
    await day.write(lambda session: arm(session, by="test", now=day.clock.now()))
    await day.dial(0.1)

    assert day.rung == []
    assert await day.last_rule() == "synthetic_on_real_bridge"
