"""A rate that dialers share, and leases by name: exact over all connections."""

import asyncio
from collections import Counter

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from core.database import session_factory
from core.leases import hold, let_go
from dialer.bridges.port import TrunkLimits
from dialer.fleet.places import give_back, take_places

SLOW = TrunkLimits(name="slow", channels=50, calls_per_second=3.0)
FAST = TrunkLimits(name="fast", channels=500, calls_per_second=400.0)


async def _age(session: AsyncSession, seconds: float) -> None:
    """Let the places that are taken be so much older."""
    await session.execute(
        sa.text("""
            UPDATE trunk_places SET taken = ARRAY(
                SELECT at - make_interval(secs => :seconds) FROM unnest(taken) AS place (at)
            )
        """),
        {"seconds": seconds},
    )


async def _take(session: AsyncSession, *tokens: TrunkLimits, pace: float = 1.0) -> list[str]:
    return [trunk.name for trunk in await take_places(session, "b", tokens, pace=pace)]


async def test_no_more_places_are_given_than_the_rate_has_in_its_second(
    session: AsyncSession,
) -> None:
    assert await _take(session, SLOW, FAST, SLOW) == ["slow", "fast", "slow"]
    assert await _take(session, *[SLOW] * 5) == ["slow"]
    assert await _take(session, SLOW) == []
    await _age(session, 0.9)
    assert await _take(session, SLOW) == [], "some slack is left between two seconds"
    await _age(session, 0.3)
    assert await _take(session, *[SLOW] * 5) == ["slow"] * 3


async def test_a_fast_trunk_is_held_to_its_rate_in_shorter_windows(session: AsyncSession) -> None:
    assert len(await _take(session, *[FAST] * 80)) == 50
    await _age(session, 0.2)
    assert len(await _take(session, *[FAST] * 80)) == 50
    kept = await session.scalar(sa.text("SELECT cardinality(taken) FROM trunk_places"))
    assert kept == 50


async def test_a_held_down_rate_gives_fewer_places(session: AsyncSession) -> None:
    assert await _take(session, *[SLOW] * 3, pace=0.1) == ["slow"]
    await _age(session, 2)
    assert await _take(session, SLOW, pace=0.1) == []
    assert await _take(session, SLOW) == ["slow"]


async def test_places_that_were_not_used_are_free_again(session: AsyncSession) -> None:
    assert len(await _take(session, *[SLOW] * 3)) == 3
    await give_back(session, "b", [SLOW, SLOW])
    assert len(await _take(session, *[SLOW] * 3)) == 2


async def test_bridges_do_not_share_a_rate(session: AsyncSession) -> None:
    assert len(await _take(session, *[SLOW] * 3)) == 3
    assert len(await take_places(session, "another", [SLOW] * 3)) == 3


async def test_many_connections_together_get_one_rate(database: AsyncEngine) -> None:
    sessions = session_factory(database)

    async def take() -> list[str]:
        async with sessions.begin() as session:
            return await _take(session, SLOW, FAST, SLOW)

    taken = await asyncio.gather(*(take() for _ in range(8)))
    assert Counter(name for names in taken for name in names) == {"slow": 3, "fast": 8}


async def test_a_name_is_held_by_one_until_it_lets_go_or_falls_silent(
    session: AsyncSession,
) -> None:
    assert await hold(session, "pacing:overdue", "one", 60)
    assert not await hold(session, "pacing:overdue", "other", 60)
    assert await hold(session, "pacing:repair", "other", 60)
    assert await hold(session, "pacing:overdue", "one", 60), "it holds it on"
    await let_go(session, "pacing:overdue", "other")
    assert not await hold(session, "pacing:overdue", "other", 60)
    await let_go(session, "pacing:overdue", "one")
    assert await hold(session, "pacing:overdue", "other", 60)
    await session.execute(
        sa.text("UPDATE named_lease SET lease_until = clock_timestamp() - interval '1 s'")
    )
    assert await hold(session, "pacing:overdue", "one", 60)


@pytest.mark.parametrize("first", ["one", "other"])
async def test_of_two_that_ask_at_once_one_holds(database: AsyncEngine, first: str) -> None:
    sessions = session_factory(database)
    second = "other" if first == "one" else "one"
    async with sessions.begin() as session:
        assert await hold(session, "name", first, 60)

        async def ask() -> bool:
            async with sessions.begin() as later:
                return await hold(later, "name", second, 60)

        asking = asyncio.create_task(ask())
        async with asyncio.timeout(5), sessions() as looking:
            while not await looking.scalar(_SOMEBODY_WAITS):
                await looking.rollback()
    assert not await asking


_SOMEBODY_WAITS = sa.text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
""")
