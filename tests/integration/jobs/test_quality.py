"""The job that draws last month: not before it is over everywhere, and once."""

from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from customers.model import WrapUpCode
from dialer.agents.service import add_agent
from ownerline.jobs.app import TASKS
from ownerline.jobs.quality import DRAW_QUALITY, draw_month
from tests.integration.figures.town import Place
from tests.integration.jobs.house import house

SECOND = datetime.fromisoformat("2026-11-02T02:00+00:00")
_DRAWN = sa.text("SELECT month::text, drawn_by, population FROM quality_sample")


async def test_last_month_is_drawn_once_its_days_are_over(
    database: AsyncEngine, tmp_path: Path
) -> None:
    early = house(database, tmp_path, now=SECOND)
    async with early.sessions.begin() as session:
        place = await Place.found(session, zone="Asia/Shanghai")
        agent_id = await add_agent(session, name="Mei", team=None, now=SECOND)
        await place.call(SECOND - timedelta(days=9), agent_id=agent_id, code=WrapUpCode.SATISFIED)
    later = house(database, tmp_path, now=SECOND + timedelta(days=1))
    found = []
    for runtime in (early, later, later):  # due every day: done once
        await draw_month(runtime)
        async with runtime.sessions() as session:
            found.append([tuple(row) for row in await session.execute(_DRAWN)])
    assert found == [[], *[[("2026-10-01", "schedule", 1)]] * 2]
    assert TASKS[DRAW_QUALITY].work is draw_month


async def test_a_month_without_talks_leaves_no_sample(
    database: AsyncEngine, tmp_path: Path
) -> None:
    empty = house(database, tmp_path, now=SECOND + timedelta(days=1))
    await draw_month(empty)
    async with empty.sessions() as session:
        assert (await session.execute(_DRAWN)).all() == []
