"""Fixtures of the dialer's integration tests."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core.database import session_factory
from tests.integration.dialer.day import Day


@pytest.fixture
async def day(database: AsyncEngine) -> Day:
    """Ten in the morning, an empty community, and a dialer."""
    day = Day(session_factory(database))
    await day.open()
    return day
