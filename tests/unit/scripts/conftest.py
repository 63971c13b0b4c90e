"""Fixtures of the scripts' tests."""

import pytest

from scripts.library import Library, load_library


@pytest.fixture(scope="session")
def library() -> Library:
    """The shipped scripts."""
    return load_library()
