"""Fixtures of the core's integration tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.core.postgres_home import stop_server


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """An empty home; its server is ended after the test."""
    home = tmp_path / "home"
    yield home
    stop_server(home)
