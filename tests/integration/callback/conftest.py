"""Fixtures of the dial lists' tests."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from tests.integration.callback.customer_file import CustomerFile


@pytest.fixture
def file(session: AsyncSession) -> CustomerFile:
    """An empty customer file."""
    return CustomerFile(session)
