"""Nobody is rung while no web process would answer Twilio."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from core.database import session_factory
from dialer.bridges.twilio.front import Front, Serving

pytestmark = pytest.mark.integration

_WITHIN_S = 10.0
_CUT = sa.text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'ownerline webhooks' AND datname = current_database()
""")


async def is_open(front: Front, wanted: bool) -> bool:
    async with asyncio.timeout(_WITHIN_S):
        while await front.look() is not wanted:  # noqa: ASYNC110 - the server ends it when it likes
            await asyncio.sleep(0.01)
    return front.is_open


async def test_the_front_is_open_while_any_web_process_is_there(
    database: AsyncEngine, database_url: str
) -> None:
    front = Front(session_factory(database))
    one, other = Serving(database_url), Serving(database_url)
    told = [await front.look()]
    await one.start()
    await other.start()
    told.append(await front.look())
    await one.close()
    told.append(await front.look())
    await other.close()
    told.append(await is_open(front, wanted=False))
    assert told == [False, True, True, False]


async def test_a_connection_that_was_cut_is_made_anew(
    database: AsyncEngine, database_url: str
) -> None:
    sessions = session_factory(database)
    front, web = Front(sessions), Serving(database_url, look_every_s=0.2)
    await web.start()
    try:
        async with sessions() as session:
            await session.execute(_CUT)
        told = [await is_open(front, wanted=False), await is_open(front, wanted=True)]
    finally:
        await web.close()
    assert told == [False, True]
