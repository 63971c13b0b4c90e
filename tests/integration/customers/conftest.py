"""A desk to import at."""

from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from tests.integration.customers.workbooks import Desk


@pytest.fixture
def desk(session: AsyncSession, tmp_path: Path) -> Desk:
    return Desk(session=session, folder=tmp_path)
