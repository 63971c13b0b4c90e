"""Fixtures of the tests of uploaded lists."""

from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core.database import session_factory
from tests.integration.dialer.day import Day
from tests.integration.lists.house import Lists


@pytest.fixture
async def day(database: AsyncEngine) -> Day:
    """Ten in the morning, an empty community, and a dialer."""
    day = Day(session_factory(database))
    await day.open()
    return day


@pytest.fixture
def lists(day: Day, tmp_path: Path) -> Lists:
    """A desk where lists are uploaded to that day's community."""
    return Lists(day, tmp_path)
