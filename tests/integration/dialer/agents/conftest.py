"""Fixtures of the agents' tests."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from callback.campaigns import Dialling
from core.database import session_factory
from tests.integration.dialer.agents.floor import Floor, agents_campaigns


@pytest.fixture
async def progressive(database: AsyncEngine) -> Floor:
    """Ten in the morning; repairs are rung for whoever is ready."""
    return await _open(database, Dialling.PROGRESSIVE)


@pytest.fixture
async def preview(database: AsyncEngine) -> Floor:
    """Ten in the morning; agents see repairs before they ring."""
    return await _open(database, Dialling.PREVIEW)


async def _open(database: AsyncEngine, dialling: Dialling) -> Floor:
    floor = Floor(session_factory(database), campaigns=agents_campaigns(dialling))
    await floor.open()
    return floor
