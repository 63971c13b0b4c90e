"""Fixtures of calls placed ahead of agents."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core.database import session_factory
from tests.integration.dialer.predictive.ahead import Ahead


@pytest.fixture
async def ahead(database: AsyncEngine) -> Ahead:
    """Ten in the morning; repairs are rung before agents are free."""
    floor = Ahead(session_factory(database))
    await floor.open()
    return floor
