"""Fixtures of the API's tests."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.api.office import Office


@pytest.fixture
async def office(database: AsyncEngine) -> Office:
    """An installation of the test's own with its API."""
    return await Office.open(database)
