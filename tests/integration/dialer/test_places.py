"""A rate that dialers share: exact over all connections."""

import asyncio
from collections import Counter

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from core.database import session_factory
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
