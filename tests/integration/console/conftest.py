"""Fixtures of the console's tests."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.console.house import House


@pytest.fixture
async def house(database: AsyncEngine) -> House:
    """An installation of the test's own with its console."""
    return House(office=await House.office_of(database))
