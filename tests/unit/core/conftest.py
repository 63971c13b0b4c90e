"""A virtual clock, and a diary of what its tasks do."""

import pytest

from core.clock import VirtualClock
from tests.unit.core.diary import START, Diary


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def diary(clock: VirtualClock) -> Diary:
    return Diary(clock)
